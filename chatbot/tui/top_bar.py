"""The line at the top: who speaks, in which conversation, on which model."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ProgressBar, Static

from chatbot.tui.literal import literal, one_line


class TopBar(Horizontal):
    """Persona on the left, the title in the middle; drift, room in the context and the model on the right."""

    def compose(self) -> ComposeResult:
        yield Static(id="persona", markup=False)
        yield Static(id="title", markup=False)
        yield Static(id="drift", markup=False)
        yield Static(id="room", markup=False)
        yield Static(id="model", markup=False)

    def show(self, *, persona: str, title: str, model: str) -> None:
        for name, text in (("persona", persona), ("title", title), ("model", model)):
            self.query_one(f"#{name}", Static).update(literal(one_line(text)))

    def show_figures(self, drift: str, room: str) -> None:
        """How far the replies strayed, and how full the context is; '' hides each."""
        for name, text in (("drift", drift), ("room", room)):
            self.query_one(f"#{name}", Static).update(literal(f"{text}  " if text else ""))


class LoadingLine(Horizontal):
    """What the model is doing while it is not ready; hidden once it is."""

    def compose(self) -> ComposeResult:
        yield Static(id="loading-text", markup=False)
        yield ProgressBar(total=None, show_percentage=False, show_eta=False, id="loading-bar")

    def show_loading(self, model: str) -> None:
        """The model is being read; what is typed meanwhile waits for it."""
        self._tell(f"Loading the model {one_line(model)}", moving=True)

    def show_failed(self, key: str) -> None:
        """The model could not be read; the reason was told apart."""
        self._tell(f"No model. {key} tries again", moving=False)

    def show_ready(self) -> None:
        self.display = False

    def _tell(self, text: str, *, moving: bool) -> None:
        self.display = True
        self.set_class(not moving, "-failed")
        self.query_one("#loading-bar").display = moving
        self.query_one("#loading-text", Static).update(literal(text))
