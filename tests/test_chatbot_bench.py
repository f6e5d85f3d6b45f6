"""The benchmark compares like with like."""

from __future__ import annotations

from pathlib import Path

from chatbot import bench
from chatbot.engine import GenerationEngine
from chatbot.model.text import Context


def test_both_ways_of_decoding_say_the_same(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu")
    context = Context.of([], ["I like the rain."])
    steps = bench._cached(engine, context)()
    assert isinstance(steps, list)
    assert [int(step) for step in steps] == bench._uncached(engine, context)()


def test_medians_and_their_ratio() -> None:
    calls: list[str] = []
    found = bench.compare("a / b", lambda: calls.append("a"), lambda: calls.append("b"), rounds=3)
    assert calls == ["a", "b"] * 4  # in turn, the first round unmeasured
    assert found.ratio == found.slow / found.fast
