"""The whole training run: corpus, tokenizer and warm-up, CVAE, heads, chats, preferences, matcher, artifact.

Every stage leaves its result in the work folder and is passed over when it is there, so the same command
goes on after a kill at any step. A work folder is of one run alone (`claim`). What a model is built from is
for building.py. Evaluation is a command of its own (`chatbot eval`), because it reads a finished artifact.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.artifact import Artifact, Manifest
from chatbot.model.cvae import CVAELoss, DialogueCVAE
from chatbot.model.text import Codec
from chatbot.terminal import counted
from chatbot.train import (
    building,
    filters,
    fit_chats,
    fit_cvae,
    fit_heads,
    fit_matcher,
    fit_preference,
    pretrain,
    trials,
)
from chatbot.train import corpus as corpora
from chatbot.train.corpus import Corpus
from chatbot.train.loop import of_another_model, read_checkpoint, write_whole
from chatbot.train.recipe import Recipe
from profiles import ProfileError
from profiles.target import checked_word

_STAGES = ("pretrain", "cvae", "heads", "chats", "preference", "matcher")
_FREE = ("name", "storage", "threads")  # of a recipe: no stage's result hangs on them
# A file, and the stage that has begun where it is there. Samples are of the model of the stage before theirs.
_LEFT = {
    "train.jsonl": "pretrain",
    **{f"{stage}.pt": stage for stage in _STAGES},
    fit_preference.SELF_PLAY: "chats",
    fit_matcher.SAMPLES: "preference",
}

console = Console(stderr=True)


def train(
    recipe: Recipe, corpus_folder: Path, work: Path, output: Path, *, plain: Path | None, device: str
) -> Manifest:
    """Run or resume all stages; write the model to `output` and return its manifest.

    Raises UsageError for a work folder of another run, for what cannot be built, and for a corpus that cannot
    be learnt from.
    """
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    target = torch.device(device)
    corpus = corpora.load(corpus_folder, plain_folder=plain, plain_each=recipe.pretrain.plain_each)
    work.mkdir(parents=True, exist_ok=True)
    claim(work, recipe, corpus)
    try:
        trials.messages(corpus, corpus_folder)
    except UsageError as error:
        told = f"`chatbot eval` will not be able to measure this model on its corpus. {error}"
        console.print(told, markup=False, soft_wrap=True)
    labelled = corpus.attributes
    corpus = filters.apply(corpus, recipe.filter)
    for reason, count in corpus.dropped.items():
        first = corpus.strange.get(reason)
        what = f"{counted(count, 'line')} of {reason} ({first})" if first else f"{count} x {reason}"
        console.print(f"Left out, {what}", markup=False, soft_wrap=True)
    _tell_aspects(corpus)
    _check_aspects(labelled, corpus.attributes)
    train = corpus.parts["train"] if recipe.cvae.together_times else filters.apart(corpus.parts["train"])
    valid = corpus.parts["valid"]
    _check_labels(replace(corpus, parts=corpus.parts | {"train": train}))
    (work / "corpus.json").write_text(json.dumps(corpus.report(), indent=2) + "\n")
    tokenizer, sources = building.tokenizer(recipe, corpus, work, "decoder")
    encoder_tokenizer, encoder_sources = building.tokenizer(recipe, corpus, work, "encoder")
    codec, encoder_codec = Codec(tokenizer), Codec(encoder_tokenizer)

    model = building.new_model(recipe, sources, encoder_sources, corpus.attributes)
    # Built now, for what cannot be is better known before the stages than after them.
    matcher = building.new_matcher(recipe, model, encoder_sources) if recipe.matcher.layers else None
    if recipe.preference.steps:
        fit_preference.check(corpus, recipe.preference)
    numbers = itertools.count(1)

    def begin(stage: str) -> None:
        console.print(f"Stage {next(numbers)}: {stage}")

    begin("language-model warm-up")
    if not (work / "pretrain.done").exists():
        pretrain.warm_up(model.decoder.lm, codec, corpus, recipe, work, target)
        (work / "pretrain.done").touch()
    else:
        load_warm_lm(model, work)

    torch.manual_seed(recipe.seed)  # as it is drawn after the warm-up, so it is where that was done before
    loss = CVAELoss(recipe.model.latent_dim, codec.size, codec.unknown)
    encoder = fit_cvae.Encoder(codec, encoder_codec, recipe.text, corpus.attributes)
    begin("CVAE")
    fit_cvae.fit(model, loss, encoder, train, valid, recipe, work, target)

    begin("heads")
    figures, weight = fit_heads.run(model, encoder, train, valid, recipe, work, target)
    for name in corpus.attributes:
        found = f"{figures[name]['accuracy']:.3f}" if name in figures else "not measured"
        console.print(f"  {name:<18} held-out accuracy {found}")
    manifest = replace(building.describe(recipe, model, corpus), default_weight=weight)
    words = building.pieced_words(corpus, codec)
    made = Artifact(output, manifest, model.eval(), codec, encoder_codec, tuple(words))
    if recipe.chats.steps:
        begin("chats")
        fit_chats.fit(made, train, valid, recipe, work, target)
    if recipe.preference.steps:
        begin("preferences")
        preferred = fit_preference.fit(made, corpus, recipe, work, target)
        if "held_out_right" in preferred:
            console.print(
                f"  held-out pairs whose better reply gained more: {preferred['held_out_right']:.3f}"
            )
        if not preferred["contexts"]:
            console.print("  nothing was learnt: no reply that was marked better shows what was asked there")
    if matcher is not None:
        begin("matcher")
        model.matcher = matcher
        matched = fit_matcher.fit(made, corpus, recipe, work, target)
        found = matched["found_of_ten"]
        console.print(
            f"  the written reply found among ten: {'not measured' if found is None else f'{found:.3f}'}"
        )
    return artifact.save(output, manifest, model.cpu(), tokenizer, encoder_tokenizer, words)


def claim(work: Path, recipe: Recipe, corpus: Corpus) -> bool:
    """Write into the work folder which run it is of, and tell whether it was of just this one.

    Raises UsageError where a stage that has begun would change. A name, a storage and threads always may."""
    path, now = work / "run.json", _run(recipe, corpus)
    before = json.loads(path.read_text("utf-8")) if path.exists() else now
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    ahead = _ahead(work)
    begun = len(ahead) < len(_STAGES)
    bound = [name for name in changed if begun and name.partition(".")[0] not in (*_FREE, *ahead)]
    if bound:
        listed = "; ".join(f"{name} was {before.get(name)!r}, now is {now.get(name)!r}" for name in bound)
        raise UsageError(
            "A work folder is of one run, where only stages that have not begun may change; "
            f"{str(work)!r} is of another: {listed}. "
            "Give another --work, or delete this folder to begin anew."
        )
    if changed and not begun:  # that start was refused; its tokenizers may be of another base
        for left in work.glob("*tokenizer*.json"):
            left.unlink()
    if changed or not path.exists():
        write_whole(path, json.dumps(now, indent=2) + "\n")
    return not changed


def _ahead(work: Path) -> tuple[str, ...]:
    """The stages that have not begun, and that no later one has been built on."""
    begun = (_STAGES.index(stage) for file, stage in _LEFT.items() if (work / file).exists())
    return _STAGES[max(begun, default=-1) + 1 :]


def _run(recipe: Recipe, corpus: Corpus) -> dict[str, Any]:
    """All that decides what a run makes, as JSON gives it back: the recipe's values by name, and digests."""
    found: dict[str, Any] = {
        "corpus digest": corpus.digest[:16],
        "plain text digest": corpus.plain_digest[:16],
    }
    for name, value in recipe.to_dict().items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return json.loads(json.dumps(found))


def _check_labels(corpus: Corpus) -> None:
    """UsageError where the corpus has too few labelled replies to fit heads on and to calibrate them."""
    known = {(name, aspect) for name, aspects in corpus.attributes.items() for aspect in aspects}
    train, valid = (
        sum(not known.isdisjoint(reply.labels) for item in corpus.parts[part] for reply in item.replies)
        for part in ("train", "valid")
    )
    if len(corpus.parts["train"]) < 2 or not train or not valid:
        raise UsageError(
            "Training needs labelled replies to two or more messages, and held-out ones to a message in its "
            f"valid part, where one message in 25 goes; the corpus has {train} in the train part and {valid} "
            "in the valid part. Add messages with labelled replies."
        )


def _check_aspects(labelled: dict[str, tuple[str, ...]], kept: dict[str, tuple[str, ...]]) -> None:
    """UsageError for an aspect that no persona could ask for, by its name or for want of replies."""
    for attribute, aspect in ((name, aspect) for name, aspects in labelled.items() for aspect in aspects):
        try:
            checked_word("attribute", attribute)
            checked_word("aspect", aspect if aspect != "off" else "")
        except ProfileError as error:
            raise UsageError(
                "Attributes and aspects are named by one word each, of at most 40 letters, digits, - and _, "
                "and no aspect is 'off', which turns a dial off; "
                f"the corpus has replies for {f'{attribute}/{aspect}'!r}. Rename it there."
            ) from error
        if aspect not in kept.get(attribute, ()):
            raise UsageError(
                f"Every aspect needs replies to learn it from; all of {attribute}/{aspect} were left out. "
                "Add other replies, take the label out of the corpus, or change [filter] in the recipe."
            )


def _tell_aspects(corpus: Corpus) -> None:
    """Print what there is to learn: a misspelt label is an aspect of its own."""
    replies = (reply for item in corpus.parts["train"] for reply in item.replies)
    shown = Counter(label for reply in replies for label in set(reply.labels))
    for name, aspects in corpus.attributes.items():
        counts = (f"{aspect} {shown[name, aspect]}" for aspect in aspects)
        console.print(f"Replies that show {name}: {', '.join(counts)}", markup=False, soft_wrap=True)


def load_warm_lm(model: DialogueCVAE, work: Path) -> None:
    """Put the warmed-up language model of an earlier run into `model`."""
    state = read_checkpoint(work / "pretrain.pt")
    try:
        model.decoder.lm.load_state_dict(state["modules"]["lm"])
    except (KeyError, RuntimeError) as error:
        raise of_another_model(work / "pretrain.pt") from error
