"""Speed, as ratios measured side by side: a shared machine is noisy, and what matters is what costs how much.

Every pair is timed in turn, several rounds long, and the medians are compared.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from chatbot.asked import Target
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.flow import FlowOptions
from chatbot.model.text import Context
from profiles import Target as Aim


@dataclass(frozen=True)
class Comparison:
    """How many times longer `slow` took than `fast`: medians in seconds, and their ratio."""

    name: str
    slow: float
    fast: float

    @property
    def ratio(self) -> float:
        return self.slow / self.fast


LINES = [
    "hi",
    "Good evening. The rain is back.",
    "I lost my keys again",
    "They are where you last were happy.",
    "where?",
]


def run(folder: Path, *, device: str = "auto", rounds: int = 5) -> list[Comparison]:
    """Compare the ways of the engine of the model in `folder`."""
    engine = GenerationEngine.load(folder, device=device)
    exact = GenerationEngine.load(folder, device=device, flow=FlowOptions(method="dopri5"))
    context = Context.of(["I write poems at night."], LINES)
    targets: dict[str, Target] = {
        name: Aim(aspects={aspects[0]: 1.0}) for name, aspects in list(engine.attributes.items())[:3]
    }
    sampling = Sampling(max_tokens=32, seed=1, candidates=1)
    greedy = replace(sampling, temperature=0.0)

    def reply(with_engine: GenerationEngine, rows: int, how: Sampling) -> Callable[[], object]:
        return lambda: with_engine.replies([context] * rows, [targets] * rows, how)

    one, eight = reply(engine, 1, sampling), reply(engine, 8, sampling)
    best = replace(sampling, candidates=8)
    pairs = [
        (
            "read everything again for each token / cache",
            _uncached(engine, context),
            _cached(engine, context),
        ),
        ("8 replies one by one / 8 in one batch", lambda: [one() for _ in range(8)], eight),
        ("4 candidates / 1 candidate", reply(engine, 1, replace(sampling, candidates=4)), one),
        (
            "8 candidates with earlier ends / without",
            reply(engine, 1, best),
            reply(engine, 1, replace(best, brevity=0.0)),
        ),
        ("8 replies with contrast / without", eight, reply(engine, 8, replace(sampling, contrast=0.0))),
        ("reply with dopri5 / with log-heun", reply(exact, 1, greedy), reply(engine, 1, greedy)),
    ]
    return [compare(name, slow, fast, rounds) for name, slow, fast in pairs]


def compare(name: str, slow: Callable[[], object], fast: Callable[[], object], rounds: int) -> Comparison:
    """Median times of two calls, timed in turn after one unmeasured round."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for call, found in zip((slow, fast), times, strict=True):
            begun = time.perf_counter()
            call()
            if number:
                found.append(time.perf_counter() - begun)
    return Comparison(name, *(statistics.median(found) for found in times))


_TOKENS = 24


def _cached(engine: GenerationEngine, context: Context) -> Callable[[], object]:
    """A greedy reply of exactly _TOKENS tokens with the cache."""

    def call() -> object:
        reader, decoder, codec = engine.parts
        z = torch.zeros(1, decoder.memory.in_features, device=decoder.memory.weight.device)
        steps = decoder.generate(
            reader.prefix([context]), z, bot=codec.bot, end=codec.end, limit=_TOKENS, choose=_never(codec.end)
        )
        return list(steps)

    return call


def _never(end: int) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    return lambda logits, history: logits.index_fill(
        -1, logits.new_tensor([end], dtype=torch.long), -1e9
    ).argmax(-1)


def _uncached(engine: GenerationEngine, context: Context) -> Callable[[], object]:
    """The same reply with everything read again for every token."""

    @torch.inference_mode()
    def call() -> list[int]:
        reader, decoder, codec = engine.parts
        z = torch.zeros(1, decoder.memory.in_features, device=decoder.memory.weight.device)
        choose = _never(codec.end)
        ids = [codec.bot]
        for _ in range(_TOKENS):
            row = torch.tensor([ids], device=z.device)
            logits = decoder.logits(reader.prefix([context]), z, row, torch.ones_like(row))
            ids.append(int(choose(logits[:, -1], row)))
        return ids[1:]

    return call
