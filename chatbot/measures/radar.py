"""The scores of a quiz as a picture. matplotlib is read only here, and only when a picture is asked for."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.errors import UsageError

if TYPE_CHECKING:
    from chatbot.measures.quiz import Result


def check(file: Path) -> None:
    """UsageError when no picture can be drawn there; before the model is read."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "A picture needs matplotlib, which is not installed. "
            "Install it with: pip install 'chatbot[report]'"
        )
    if file.suffix.lower() != ".png":
        raise UsageError(f"The picture is a PNG file, not {file.name!r}. Name one that ends in .png.")
    if file.exists():
        raise UsageError(f"A picture makes a new file, and {file} exists. Choose another name.")
    if not file.parent.is_dir():
        raise UsageError(f"The folder of {file} does not exist. Make it, or name another.")


def draw(result: Result, file: Path) -> None:
    """A radar chart with the interval as a band and the middle, 50, as a circle."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(result.scores)
    turns = [2 * math.pi * i / len(names) for i in range(len(names))]
    around = [*turns, turns[0]]

    def closed(key: str) -> list[float]:
        values = [float(result.scores[name][key]) for name in names]
        return [*values, values[0]]

    figure = Figure(figsize=(6, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(projection="polar")
    axes.plot(around, [50] * len(around), color="0.6", linewidth=1, linestyle="--")
    axes.fill_between(around, closed("low"), closed("high"), color="#4c78a8", alpha=0.2, linewidth=0)
    axes.plot(around, closed("value"), color="#4c78a8", linewidth=2)
    axes.set_xticks(turns, names)
    axes.tick_params(axis="x", pad=14)
    axes.set_ylim(0, 100)
    axes.set_title(result.profile.replace("$", r"\$"))
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
