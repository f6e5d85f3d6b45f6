"""The panel of dials: for each attribute of the model an aspect and how strongly it pulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message as Note
from textual.widget import Widget
from textual.widgets import Static

from chatbot.tui.literal import FAINT, one_line
from chatbot.tui.measures import bar
from profiles.target import HEAVIEST, Target

OWN_STRENGTH = 1.0  # the weight of a target that names none
FULL_SCALE = 2.0  # the weight at the right end of a bar
STEP = 0.05  # of a strength


class Dial(Widget):
    """One attribute on two lines: name and aspect, bar and weight."""

    def __init__(self, attribute: str, aspects: Sequence[str]) -> None:
        super().__init__(classes="dial")
        self.attribute, self.aspects = attribute, tuple(aspects)
        self.target: Target | None = None

    def show(self, target: Target | None) -> None:
        self.target = target
        self.set_class(self.weight == 0, "-off")
        self.refresh()

    @property
    def weight(self) -> float:
        """What pulls: the weight, the model's own strength where none is set, 0 when off."""
        if self.target is None:
            return 0.0
        return OWN_STRENGTH if self.target.weight is None else self.target.weight

    def render(self) -> Content:
        width = self.content_size.width
        aspects = " + ".join(map(one_line, self.target.aspects)) if self.target else ""
        number = "off" if self.weight == 0 else f"{self.weight:.1f}"
        share = self.weight / FULL_SCALE
        if self.target and self.target.weight is None and self.target.probability is not None:
            share, number = self.target.probability, f"{self.target.probability:.0%}"
        mark = "›" if self.has_class("-chosen") else " "
        name = f"{mark} {one_line(self.attribute)}"
        room = max(0, width - len(name) - 1)
        aspects = aspects if len(aspects) <= room else aspects[: max(0, room - 1)] + "…"
        gap = " " * max(1, width - len(name) - len(aspects))
        first = Content.assemble(
            (name, FAINT if self.weight == 0 else ""),
            gap,
            (aspects, "$text-accent" if self.weight else FAINT),
        )
        meter = bar(share, max(0, width - 8), "$accent")
        second = Content.assemble("  ", meter, (f"{number:>6}", FAINT))
        return Content("\n").join([first, second])

    def on_click(self, event: events.Click) -> None:
        self.post_message(DialPanel.Clicked(self))


class DialPanel(VerticalScroll):
    """All dials. Up and down choose one, left and right weigh it, space goes through its aspects."""

    BINDING_GROUP_TITLE = "Dials"
    BINDINGS = [
        Binding("up", "choose(-1)", "Dial above", show=False, priority=True),
        Binding("down", "choose(1)", "Dial below", show=False, priority=True),
        Binding("left", "weigh(-1)", "Weaker", key_display="←", priority=True),
        Binding("right", "weigh(1)", "Stronger", key_display="→", priority=True),
        Binding("space,enter", "aspect", "Aspect", key_display="space", priority=True),
        Binding("0,delete", "off", "Off", key_display="0", priority=True),
        Binding("home", "choose(-100)", "First dial", show=False, priority=True),
        Binding("end", "choose(100)", "Last dial", show=False, priority=True),
    ]

    class Turned(Note):
        """A dial was turned, and shows it."""

        def __init__(self, attribute: str, target: Target) -> None:
            super().__init__()
            self.attribute, self.target = attribute, target

    class Clicked(Note):
        def __init__(self, dial: Dial) -> None:
            super().__init__()
            self.dial = dial

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._place = 0

    def compose(self) -> ComposeResult:
        yield Static("Dials", id="dials-title", markup=False)

    async def show(self, attributes: Mapping[str, Sequence[str]], dials: Mapping[str, Target]) -> None:
        """Show one dial per attribute. Names that the model does not have come last, as they are dialled."""
        foreign = {name: target.aspects for name, target in dials.items() if name not in attributes}
        known = {name: tuple(aspects) for name, aspects in (*attributes.items(), *foreign.items())}
        if known != {dial.attribute: dial.aspects for dial in self.dials}:
            await self.remove_children(self.dials)
            await self.mount_all(Dial(name, aspects) for name, aspects in known.items())
        for dial in self.dials:
            dial.show(dials.get(dial.attribute))
        self._choose(self._place)

    @property
    def dials(self) -> list[Dial]:
        return list(self.query_children(Dial))

    @property
    def chosen(self) -> Dial | None:
        dials = self.dials
        return dials[self._place] if dials else None

    # --- keys

    def action_choose(self, step: int) -> None:
        self._choose(self._place + step)

    def action_weigh(self, step: int) -> None:
        if (dial := self.chosen) is None:
            return
        strength = dial.target.probability if dial.target else None
        if strength is not None:
            self._turn(dial, probability=round(max(STEP, min(1 - STEP, strength + step * STEP)), 2))
            return
        size = 0.1 if dial.weight + step * 0.1 <= FULL_SCALE else 0.5
        weight = round(max(0.0, min(HEAVIEST, dial.weight + step * size)), 1)
        if weight != dial.weight:
            self._turn(dial, weight=weight)

    def action_aspect(self) -> None:
        dial = self.chosen
        if dial is None or not dial.aspects:
            return
        if dial.target is None:
            self._turn(dial)
        elif dial.weight == 0:
            self._turn(dial, weight=OWN_STRENGTH)
        else:
            shares = dial.target.aspects
            strongest = max(shares, key=lambda name: shares[name])
            place = dial.aspects.index(strongest) + 1 if strongest in dial.aspects else 0
            self._turn(dial, aspects={dial.aspects[place % len(dial.aspects)]: 1.0})

    def action_off(self) -> None:
        if (dial := self.chosen) and dial.weight:
            self._turn(dial, weight=0.0, probability=None)

    def _turn(self, dial: Dial, **changes: object) -> None:
        """Shown at once, so that the next key goes on from there."""
        target = (dial.target or Target(aspects={dial.aspects[0]: 1.0})).model_copy(update=changes)
        dial.show(target)
        self.post_message(self.Turned(dial.attribute, target))

    def on_dial_panel_clicked(self, event: Clicked) -> None:
        event.stop()
        self.focus()
        self._choose(self.dials.index(event.dial))

    def _choose(self, place: int) -> None:
        dials = self.dials
        self._place = max(0, min(place, len(dials) - 1))
        for number, dial in enumerate(dials):
            dial.set_class(number == self._place and self.has_focus, "-chosen")
            dial.refresh()
        if dials and self.has_focus:
            self.scroll_to_widget(dials[self._place], animate=False)

    def on_resize(self) -> None:
        self._choose(self._place)  # the keys turn it: it stays in sight

    def watch_has_focus(self, _has_focus: bool) -> None:  # on_focus and on_blur come before it changes
        super().watch_has_focus(_has_focus)
        self._choose(self._place)
