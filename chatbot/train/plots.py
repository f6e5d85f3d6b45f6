"""The pictures of an evaluation, as PNG. Needs matplotlib (`pip install 'chatbot[report]'`), drawn without a
screen. Every function reads the result alone, so a report can be made again from eval.json.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chatbot.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito: for all eyes
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name with a $ is a name
}


def check() -> None:
    """Raise UsageError where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "The plots of a report need matplotlib, which is not installed. "
            "Install it with: pip install 'chatbot[report]'"
        )


def pictures(result: Mapping[str, Any]) -> dict[str, tuple[str, bytes]]:
    """File name -> (what it shows, PNG). A picture whose figures were not measured is left out."""
    check()
    import matplotlib

    found: dict[str, tuple[str, bytes]] = {}
    with matplotlib.rc_context(_STYLE):
        for name, (shows, draw) in _PICTURES.items():
            figure = draw(result)
            if figure is not None:
                found[name] = (shows, _png(figure))
    return found


def _figure(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def latent(result: Mapping[str, Any]) -> Figure | None:
    views = result["latent"]
    if not views:
        return None
    columns = min(4, len(views))
    rows = -(-len(views) // columns)
    figure, panels = _figure(rows, columns, 2.9 * columns, 2.7 * rows)
    for panel, (attribute, view) in zip(panels, views.items(), strict=False):
        for colour, (aspect, points) in zip(COLOURS, view["points"].items(), strict=False):
            x, y = np.array(points).reshape(-1, 2).T
            panel.scatter(x, y, s=7, alpha=0.6, color=colour, label=aspect, linewidths=0)
        panel.set_title(f"{attribute} (AUC {view['separated']:.2f})", fontsize=9)
        panel.legend(fontsize=7, frameon=False, loc="best")
        panel.set_xticks([])
        panel.set_yticks([])
    for panel in panels[len(views) :]:
        panel.set_visible(False)
    return figure


def curves(result: Mapping[str, Any]) -> Figure | None:
    control = result["control"]
    if not control["curve"]:
        return None
    figure, panels = _figure(1, 2, 9, 3.4)
    _curve(panels[0], control["curve"], "weight: 1 is the model's own strength")
    if control["asked_probability"]:
        _curve(panels[1], control["asked_probability"], "strength, as a probability that is asked for")
        panels[1].plot([0.5, 1], [0.5, 1], color="0.7", linewidth=0.8, linestyle=":")
    else:
        panels[1].set_visible(False)
    return figure


def _curve(panel: Axes, points: list[Mapping[str, Any]], label: str) -> None:
    x = [point["strength"] for point in points]
    for key, colour, name in (("probability", COLOURS[0], "judged"), ("accuracy", COLOURS[1], "named right")):
        figures = [point[key] for point in points]
        panel.plot(x, [f["value"] for f in figures], "o-", color=colour, markersize=4, label=name)
        low, high = [f["low"] for f in figures], [f["high"] for f in figures]
        panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    reached = [(point["strength"], point["latent"]) for point in points if point["latent"] is not None]
    panel.plot(*zip(*reached, strict=True), "s--", color="0.4", markersize=3, label="reached in z")
    panel.set_xlabel(label)
    panel.set_ylim(0, 1.03)
    panel.legend(fontsize=7, frameon=False, loc="lower right")


def cross_effects(result: Mapping[str, Any]) -> Figure | None:
    matrices = [("asked of the model", result["control"]["cross_effects"])]
    if written := result["control"]["written_cross_effects"]:
        matrices.append(("in written replies", written))
    if not matrices[0][1]:
        return None
    figure, panels = _figure(1, len(matrices), 4.8 * len(matrices), 4.4)
    for panel, (title, matrix) in zip(panels, matrices, strict=True):
        names = list(matrix)
        values = np.array([[matrix[asked][judged] for judged in names] for asked in names])
        panel.imshow(values, cmap="Blues", vmin=0, vmax=0.5)
        for (i, j), value in np.ndenumerate(values):
            shade = "white" if value > 0.3 else "black"
            panel.text(j, i, f"{100 * value:.0f}", ha="center", va="center", color=shade, fontsize=7)
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set_yticks(range(len(names)), names)
        panel.set_title(title, fontsize=9)
    return figure


def combinations(result: Mapping[str, Any]) -> Figure | None:
    combined = result["control"]["combined"]
    if not combined:
        return None
    names = list(combined["combinations"])
    figure, (panel,) = _figure(1, 1, 8, 0.8 + 0.42 * len(names))
    series = (("accuracy", COLOURS[0], "mean"), ("all_right", COLOURS[1], "all right"))
    series += (("unguided_accuracy", "0.7", "mean, weights 0"),)
    for place, (key, colour, label) in enumerate(series):
        found = [combined["combinations"][name][key] for name in names]
        value = np.array([f["value"] for f in found])
        ends = np.array([[f["low"] for f in found], [f["high"] for f in found]])
        y = np.arange(len(names)) + 0.27 * (place - 1)
        error = np.abs(ends - value)
        panel.barh(y, value, 0.25, color=colour, label=label, xerr=error, error_kw={"linewidth": 0.7})
    panel.set_yticks(range(len(names)), names)
    panel.invert_yaxis()
    panel.set_xlim(0, 1)
    panel.legend(fontsize=7, frameon=False, loc="lower right")
    return figure


def calibration(result: Mapping[str, Any]) -> Figure | None:
    figure, (panel,) = _figure(1, 1, 4.6, 4)
    panel.plot([0.5, 1], [0.5, 1], color="0.7", linewidth=0.8, linestyle=":")
    for colour, (name, judge) in zip(COLOURS, result["judges"].items(), strict=False):
        bins: dict[int, list[tuple[float, float, int]]] = {}
        for found in judge["attributes"].values():
            for sure, right, count in found["reliability"]:
                bins.setdefault(min(9, int(10 * sure)), []).append((sure, right, count))
        pooled = [np.average(bins[b], axis=0, weights=[c for *_, c in bins[b]]) for b in sorted(bins)]
        if pooled:
            sure, right, _ = np.array(pooled).T
            panel.plot(sure, right, "o-", color=colour, markersize=4, label=name)
    panel.set_xlabel("how sure the judge is")
    panel.set_ylabel("how often it is right")
    panel.legend(fontsize=7, frameon=False)
    return figure


_PICTURES: dict[str, tuple[str, Callable[[Mapping[str, Any]], Figure | None]]] = {
    "latent.png": (
        "The latent space: posterior means of held-out replies. Across: the direction that tells the aspects "
        "apart best, found on other replies than those shown; up: the largest variance at right angles.",
        latent,
    ),
    "curves.png": ("Control: asked strength against the judge's reading.", curves),
    "cross_effects.png": ("What asking for one attribute (row) moves (column), in per cent.", cross_effects),
    "combinations.png": ("Several attributes at once, with 95 % intervals.", combinations),
    "calibration.png": ("Calibration of the judges on written replies that were held out.", calibration),
}
