"""A toy language with a corpus, and a double of the engine whose true figures are known."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from chatbot.decoding.sampling import Sampling
from chatbot.model import artifact
from chatbot.model.artifact import Manifest
from chatbot.model.text import Context
from chatbot.train import evaluate
from chatbot.train.interview import Scope
from chatbot.train.metrics import words
from profiles import Target

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

ATTRIBUTES = {"style": ("lyrical", "plain"), "attitude": ("optimistic", "pessimistic")}
SIGNS = {
    "lyrical": "Oh {}, silver river of stars.",
    "plain": "Yes. I know the {}. It is here.",
    "optimistic": "The {} will be fine and happy.",
    "pessimistic": "The {} will be lost and sad.",
}
THINGS = [
    f"{a}{b}" for a in ("rain", "sun", "cat", "tea", "sea") for b in ("boat", "house", "song", "hat", "tree")
]
ASKS = ["I like the {}.", "Tell me of the {}.", "What about the {}?", "The {} again.", "My {} is gone."]
ASKS += ["Do you see the {}?", "Bring me the {}!", "A {}, please.", "Where is the {}?", "Sell me the {}."]


def write_corpus(folder: Path) -> Path:
    folder.mkdir()
    single = [
        {
            "facts": [],
            "turns": [ask.format(thing)],
            "replies": {
                f"{name}/{aspect}": SIGNS[aspect].format(thing)
                for name, aspects in ATTRIBUTES.items()
                for aspect in aspects
            },
        }
        for ask in ASKS
        for thing in THINGS
    ]
    combined = [
        {
            "facts": [],
            "turns": [f"So, the {thing} it is."],
            "replies": {
                f"{one}+{two}": f"{SIGNS[one]} {SIGNS[two]}".format(thing, thing)
                for one in ATTRIBUTES["style"]
                for two in ATTRIBUTES["attitude"]
            },
        }
        for thing in THINGS
    ]
    rows = [json.dumps(row) for row in (*single, *combined)]
    (folder / "parallel.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Reply:
    text: str
    trace: dict[str, Any]


@dataclass
class Double:
    """Obeys every request, or none; shows random aspects where it is not asked. Says all its facts."""

    obeys: bool = True
    name: str = "double"
    digest: str = "abcd"
    asked: list[tuple[Context, Mapping[str, Target], int]] = field(default_factory=list)

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        return ATTRIBUTES

    def replies(
        self,
        contexts: Sequence[Context],
        targets: Sequence[Mapping[str, Target]],
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> list[Reply]:
        self.asked += list(zip(contexts, targets, seeds, strict=True))
        return [self._reply(*row) for row in zip(contexts, targets, seeds, strict=True)]

    def _reply(self, context: Context, targets: Mapping[str, Target], seed: int) -> Reply:
        chance = random.Random(seed if self.obeys else repr((seed, targets)))
        aspects: list[str] = []
        for name, known in ATTRIBUTES.items():
            target = targets.get(name)
            follows = self.obeys and target is not None and target.weight != 0
            aspects.append(next(iter(target.aspects)) if follows and target else chance.choice(known))
        thing = words(context.turns[-1].text)[-1]
        text = " ".join([*(SIGNS[a].format(thing) for a in aspects), *context.facts])
        traced = {a: {"probability_after": 0.97} for a in targets}
        flow = "moved" if targets else "prior"
        return Reply(
            text, {"finish": "end", "flow": flow, "targets": traced, "times": {"total_ms": float(len(text))}}
        )

    @property
    def parts(self) -> tuple[Reader]:
        return (Reader(),)


class Reader:
    """A latent space of three numbers: the first says lyrical or plain, the second the attitude."""

    def posterior(self, contexts: Sequence[Context], replies: Sequence[str]) -> Posterior:
        rows = [
            [2.0 * ("stars" in text) - 1, 2.0 * ("happy" in text) - 1, len(text) / 50] for text in replies
        ]
        return Posterior(torch.tensor(rows))


@dataclass(frozen=True)
class Posterior:
    mean: torch.Tensor


def judged(double: Double, corpus: Path, **scope: Any) -> dict[str, Any]:
    fast = {"contexts": 40, "judges": ("ngram",), "timed": 3}
    return evaluate.run(cast("GenerationEngine", double), corpus, Scope(**{**fast, **scope}))


def write_model(folder: Path) -> Manifest:
    folder.mkdir()
    (folder / artifact.WEIGHTS).write_bytes(b"x" * 2_000_000)
    manifest = Manifest(
        name="toy",
        attributes=ATTRIBUTES,
        encoder={},
        decoder={},
        latent_dim=8,
        memory_slots=2,
        head_dim=4,
        share_encoder=True,
        context_tokens=64,
        encoder_tokens=64,
        reply_tokens=24,
        weights_digest="abcd" + 60 * "0",
        recipe={"name": "toy", "cvae": {"steps": 3}},
    )
    artifact.write_manifest(folder, manifest)
    return manifest
