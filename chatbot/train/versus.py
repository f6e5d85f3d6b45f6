"""Two models head to head: the same held-out messages, requests and seeds, the same readers.

Only attributes that both models have, with the same aspects, are asked for. `preferred` is how often the
discriminator of coherence finds that the first model's reply answers its message better than the second's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chatbot.errors import UsageError
from chatbot.terminal import counted
from chatbot.train import corpus as corpora
from chatbot.train import markdown, trials
from chatbot.train.interview import Progress, Scope, say, silent
from chatbot.train.metrics import figure
from chatbot.train.paired import Readers, average, difference, shown, sure
from chatbot.train.reading import Said

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

KINDS = ("base", "aspect", "combination", "fact")


def run(
    engines: tuple[GenerationEngine, GenerationEngine],
    folder: Path,
    scope: Scope,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Both models' figures, and their paired differences (first less second); JSON-able.

    Raises UsageError where the models share no attribute or the corpus holds nothing that was held out.
    """
    one, two = engines
    shared = {n: aspects for n, aspects in one.attributes.items() if two.attributes.get(n) == aspects}
    if not shared:
        raise UsageError(
            "Two models are compared on attributes that both have with the same aspects; "
            f"{one.name!r} has {', '.join(one.attributes)}, {two.name!r} has {', '.join(two.attributes)}."
        )
    corpus = corpora.load(folder)
    held_out = trials.messages(corpus, folder, scope.contexts)
    readers = Readers.train(corpus, shared, scope.judges, progress)
    asked = [t for t in trials.plan(held_out, shared, rounds=scope.rounds) if t.kind in KINDS]
    said = [
        say(engine, asked, scope, progress, f"Model {place}")
        for place, engine in zip("AB", engines, strict=True)
    ]
    values = [readers.values(replies) for replies in said]
    return {
        "models": [{"name": e.name, "digest": e.digest} for e in engines],
        "messages": len(held_out),
        "rounds": scope.rounds,
        "replies": len(asked),
        "measures": {
            name: {
                "first": average(found),
                "second": average(values[1].get(name, {})),
                "difference": difference(found, values[1].get(name, {})),
            }
            for name, found in values[0].items()
        },
        "preferred": _preferred(readers, *said),
    }


def _preferred(readers: Readers, one: Sequence[Said], two: Sequence[Said]) -> Any:
    """Of all pairs of replies to the same request, those whose first answers better; a tie is half."""
    pairs = [(a, b) for a, b in zip(one, two, strict=True) if a.trial.kind != "fact"]
    contexts = [a.trial.context for a, _ in pairs]
    scores = [readers.coherence.scores(contexts, [pair[k].text for pair in pairs]) for k in (0, 1)]
    wins = (scores[0] > scores[1]) + 0.5 * (scores[0] == scores[1])
    return figure(np.asarray(wins, dtype=float), [a.trial.message for a, _ in pairs])


def table(result: Mapping[str, Any]) -> str:
    """The comparison as Markdown."""
    rows = [
        [
            name,
            shown(name, found["first"]),
            shown(name, found["second"]),
            shown(name, found["difference"], signed=True),
            "yes" if sure(found["difference"]) else "",
        ]
        for name, found in result["measures"].items()
    ]
    one, two = (markdown.literal(f"{model['name']} {model['digest']}") for model in result["models"])
    return markdown.section(
        "Head to head",
        f"A: {one}. B: {two}. {counted(result['messages'], 'message')}, "
        f"{counted(result['rounds'], 'round')}, {counted(result['replies'], 'reply')} each.",
        markdown.table(["measure", "A", "B", "A less B, paired", "sure"], rows),
        f"The discriminator finds A's reply the better answer in {markdown.share(result['preferred'])} % of "
        "pairs. Sure: the whole 95 % interval of the difference, over messages, lies on one side of 0.",
    )
