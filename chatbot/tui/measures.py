"""What a reply was asked to be beside what was measured in it, on as few lines as it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textual.content import Content

from chatbot.measures.drift import numbers, tables
from chatbot.terminal import label
from chatbot.tui.literal import FAINT, one_line

REACHED, NEAR = 0.7, 0.4  # probabilities from which a pure aspect counts as reached, or as nearly so
SOLID, LIGHT = "━", "─"


def bar(share: float, width: int, style: str = "$primary", rest: str = "$foreground 20%") -> Content:
    """A thin meter: `share` (0 to 1) of `width` cells heavy, the rest light; readable without colour."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return Content.assemble((SOLID * filled, style), (LIGHT * (width - filled), rest))


def measures(trace: Mapping[str, Any] | None) -> Content | None:
    """`pessimistic 0.97 · lyrical 0.31 (plain 0.69)`, or None when nothing was asked or measured.

    `trace` is the stored generation: `targets` {attribute: {aspects, weight}}, `measured` {attribute:
    {aspect: probability}}, `flow`. A missed aspect names what came out instead, and a mixture shows what
    was asked of each part.
    """
    if not trace:
        return None
    parts = list(_parts(trace))
    flow = str(trace.get("flow", ""))
    if flow.startswith("failed"):
        reason = one_line(flow.removeprefix("failed").lstrip(": "))
        parts.insert(0, Content.styled(f"not guided: {reason}" if reason else "not guided", "$text-warning"))
    return _faint(" · ").join(parts) if parts else None


def _parts(trace: Mapping[str, Any]) -> Iterator[Content]:
    measured = tables(trace, "measured")
    for attribute, target in tables(trace, "targets").items():
        found, aspects = numbers(measured.get(attribute)), numbers(target.get("aspects"))
        if not found or not aspects or target.get("weight") == 0:
            continue
        if len(aspects) == 1:
            yield _pure(attribute, next(iter(aspects)), found, numbers(target).get("goal", 1.0))
        else:
            yield from (_part(attribute, aspect, found, asked) for aspect, asked in aspects.items())


def _pure(attribute: str, aspect: str, found: Mapping[str, float], goal: float) -> Content:
    """A share that reaches the goal of a small weight is as it should be."""
    share = found.get(aspect, 0.0)
    style = (
        "$text-success"
        if share >= min(REACHED, goal)
        else "$text-warning"
        if share >= NEAR
        else "$text-error"
    )
    said = Content.assemble((f"{label(attribute, aspect)} ", FAINT), (f"{share:.2f}", style))
    winner = max(found, key=lambda name: found[name])
    return (
        said
        if winner == aspect or share >= goal
        else said + _faint(f" ({one_line(winner)} {found[winner]:.2f})")
    )


def _part(attribute: str, aspect: str, found: Mapping[str, float], asked: float) -> Content:
    share = f"{found.get(aspect, 0.0):.2f}"
    return Content.assemble((f"{label(attribute, aspect)} ", FAINT), share, (f"/{asked:.2f}", FAINT))


def _faint(text: str) -> Content:
    return Content.styled(text, FAINT)
