"""The evaluation of a model: replies to held-out messages, read by judges that never guided anything.

    corpus -> judges (chatbot/train/panel.py), coherence -> their own held-out figures, first
    engine -> replies to every trial (chatbot/train/trials.py) -> figures (chatbot/train/figures.py) -> a dict

The dict is JSON-able and all that tables, card, report and comparison read.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import chatbot
from chatbot.train import corpus as corpora
from chatbot.train import figures, latent, metrics, panel, trials, wording
from chatbot.train.coherence import Coherence
from chatbot.train.consistency import facts
from chatbot.train.corpus import Corpus
from chatbot.train.forms import texts
from chatbot.train.interview import Progress, Scope, say, say_variety, seconds_a_reply, silent
from chatbot.train.judge import TextJudge
from chatbot.train.metrics import figure
from chatbot.train.reading import Reading, Said
from chatbot.train.trials import Message, Trial

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

FORMAT = 2


def run(engine: GenerationEngine, folder: Path, scope: Scope, progress: Progress = silent) -> dict[str, Any]:
    """Evaluate a model on a corpus folder; the result is JSON-able, its numbers have five digits
    (`tables.py` shows it).

    Raises UsageError where the corpus holds nothing that was held out.
    """
    begun = time.perf_counter()
    corpus = corpora.load(folder)
    everything = trials.messages(corpus, folder)
    held_out = everything[: scope.contexts]
    judges = panel.train(corpus, engine.attributes, scope.judges, progress)
    with progress("Coherence", 1) as advance:
        coherence = Coherence.train(corpus.parts["train"], corpus.parts["valid"])
        advance(1)
    judged_on = {
        "judges": panel.report(judges, corpus, folder),
        "coherence": coherence.report(corpus.parts["test"]),
    }
    asked = trials.plan(held_out, engine.attributes, rounds=scope.rounds)
    timed = [trial for trial in asked if trial.kind == "combination"] or asked
    latency = {
        name: seconds_a_reply(engine, timed, scope, candidates, progress)
        for name, candidates in (("of_four", 4), ("as_set", scope.sampling.candidates))
    }
    said = say(engine, asked, scope, progress)
    said += say_variety(engine, trials.variety(everything, engine.attributes, scope.variety), scope, progress)
    with progress("Figures", 4) as advance:
        readings = {name: Reading(said, judge) for name, judge in judges.items()}
        advance(1)
        result: dict[str, Any] = dict(judged_on)
        result["control"] = _control(readings["judge"], judges["judge"], held_out, scope.sampling.candidates)
        result |= {"other_judges": _others(readings), "agreement": panel.agreement(readings)}
        advance(1)
        result |= {"text": _text(said, held_out, corpus, coherence), "facts": facts(said)}
        result["rounds_apart"] = figures.rounds(readings["judge"])
        advance(1)
        result["wording"] = wording.traits(said, corpus, engine.attributes)
        result["samples"] = _samples(said)
        result["latent"] = latent.views(engine, corpus.parts["test"])
        advance(1)
    return rounded(
        {
            **_frame(engine, corpus, scope, said, len(held_out)),
            **result,
            "latency": latency,
            "seconds": time.perf_counter() - begun,
        }
    )


def rounded(value: Any) -> Any:
    """The same JSON with five significant digits: no share of some thousand replies has more, and the file
    ships with the model."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [rounded(part) for part in value]
    return value


def _control(
    reading: Reading, judge: TextJudge, held_out: Sequence[Message], candidates: int
) -> dict[str, Any]:
    written: dict[tuple[str, str], list[str]] = {}
    for message in held_out:
        for (attribute, aspect), text in message.single.items():
            if attribute in judge.attributes:
                written.setdefault((attribute, aspect), []).append(text)
    return {
        "single": figures.single(reading),
        "combined": figures.combined(reading),
        "alone_and_together": figures.alone_and_together(reading),
        "cross_effects": figures.cross_effects(reading),
        "written_cross_effects": figures.written_cross_effects(judge, written),
        "curve": figures.curve(reading),
        "asked_probability": figures.asked_probability(reading),
        "paper": figures.paper_columns(reading, candidates),
    }


def _others(readings: Mapping[str, Reading]) -> dict[str, Any]:
    """The main figures by every judge but the first."""
    return {
        name: {"single": figures.single(reading), "combined": figures.combined(reading)}
        for name, reading in readings.items()
        if name != "judge"
    }


def _text(
    said: Sequence[Said], held_out: Sequence[Message], corpus: Corpus, coherence: Coherence
) -> dict[str, Any]:
    """Text quality of guided, combined and unguided replies, and of the written ones as a yardstick."""
    groups = {"unguided": "base", "guided": "aspect", "combined": "combination"}
    found = {name: [reply for reply in said if reply.trial.kind == kind] for name, kind in groups.items()}
    found["written"] = [
        Said(Trial("written", i, 0, message.context, {attribute: aspect}), text, "end", "written")
        for i, message in enumerate(held_out)
        for (attribute, aspect), text in message.single.items()
    ]
    found = {name: replies for name, replies in found.items() if replies}
    known = metrics.KnownText(dict.fromkeys(texts(corpus.parts["train"])))
    drawn = min(figures.MOST, *(len(replies) for replies in found.values()))
    return {
        name: {
            **figures.text_quality(
                [r.text for r in replies], [r.trial.message for r in replies], known, count=drawn
            ),
            "finished": figure([r.finish == "end" for r in replies], [r.trial.message for r in replies]),
            "flow_moved": float(np.mean([r.flow == "moved" for r in replies])),
            "coherence": coherence.ranked(
                [r.trial.context for r in replies],
                [r.text for r in replies],
                [(r.trial.name, r.trial.round) for r in replies],
            ),
        }
        for name, replies in found.items()
    }


def _samples(said: Sequence[Said], count: int = 8) -> list[dict[str, str]]:
    """Some replies to one aspect and some to several, for the eye."""
    found: list[Said] = []
    for kind in ("aspect", "combination"):
        replies = [reply for reply in said if reply.trial.kind == kind]
        picks = np.random.default_rng(0).permutation(len(replies))[:count].tolist()
        found += [replies[i] for i in picks]
    return [
        {"asked": r.trial.name, "message": r.trial.context.turns[-1].text, "reply": r.text} for r in found
    ]


def _frame(
    engine: GenerationEngine, corpus: Corpus, scope: Scope, said: Sequence[Said], messages: int
) -> dict[str, Any]:
    """What one must know to do it again."""
    return {
        "format": FORMAT,
        "command": scope.command,
        "version": chatbot.__version__,
        "python": platform.python_version(),
        "model": engine.name,
        "model_digest": engine.digest,
        "corpus_digest": corpus.digest,
        "messages": messages,
        "rounds": scope.rounds,
        "seeds": f"round * {trials.SEED_STRIDE} + message, rounds 0 to {scope.rounds - 1}",
        "replies": len(said),
        "sampling": {name: value for name, value in asdict(scope.sampling).items() if name != "seed"},
    }
