"""The model card: README.md of a model folder, written from its manifest and its evaluation.

What its maker has to say beside that, such as how a run went, stands in a NOTES.md of the folder, whose text
becomes the card's last part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit

from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.artifact import Manifest
from chatbot.terminal import counted, one_line
from chatbot.train import corpus as corpora
from chatbot.train.markdown import literal
from chatbot.train.report import conditions
from chatbot.train.tables import tables

# Public ids, each of them Apache-2.0. Of a base in a local folder a manifest has the last part alone.
_BASES = ("sentence-transformers/all-MiniLM-L6-v2",)

_METHOD = """\
A small {english}chat model with a character that can be dialled. It is a dialogue CVAE: a prior encoder reads
the conversation, a latent z of {latent} numbers is drawn, an ordinary differential equation moves z down an
energy until classifier heads on z find the aspects that were asked for, and a decoder that sees conversation
and z writes the reply. The method follows MIRACLE (arXiv 2310.18342).
{preferences}{matcher}
- Attributes: {aspects}.
- Bases: {bases}.
- Weights: model.safetensors, {megabytes:.1f} MB, {storage}. Licence: {licence}.
"""

_PREFERENCES = """\
The decoder has then learnt from marks which of its replies make sense (direct preference optimisation, arXiv
2305.18290), and to say what can be told from what is asked of it and from its facts alone.
"""

_MATCHER = """\
A dual encoder of {layers}, which shares the embeddings and {shared} with the prior encoder, has
learnt which reply was written to which context; it helps to choose the candidate that answers.
"""

_DATA = """\
- Written dialogue, made for this project and under its licence (Apache-2.0): messages with sixteen replies
  each, one for every aspect, or eight, with three aspects each; single-aspect dialogues; chats about facts;
  chats in character; marks that large language models gave to replies of earlier embedded models, with what
  they would have had said. Digest {digest}. The parts are split by first message; the messages that the
  figures below answer begin and end like none of the training part, but for questions for facts: these are
  common ones, and training has them with other facts.
- Base model sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), from which encoders and decoder start.
- Plain English for the warm-up of the language model alone, not shipped. The embedded model read The
  Self-dialogue Corpus (BSD-3-Clause), Topical-Chat (CDLA-Sharing-1.0), Synthetic-Persona-Chat (CC BY 4.0),
  Schema-Guided Dialogue (CC BY-SA 4.0), Standard Ebooks editions of public-domain books (CC0); of another
  model, whoever trained it is to state what it read.
"""

_OTHER_DATA = """\
The corpus with digest {digest}, given by whoever trained the model; its licence is for them to state.
"""

_LIMITS = """\
- It is small. It talks; it does not know. What it says of the world is invented, and so is most of what it
  says of itself beyond the facts of its profile. It is no adviser.
- {language} replies, short memory: older messages drop out of its context.
- A gloomy, blunt or anxious character says gloomy, blunt or anxious things. Nothing filters its replies.
- The judges are {judges} that learned from replies in the style of the training
  data. They read clear signs of an aspect, not whether a person would feel it. High figures say that the
  signs are there.
- The messages of the evaluation are held out, but were written together with the training data."""


def card(manifest: Manifest, result: Mapping[str, Any], size: int, notes: str = "") -> str:
    """The model card; `size` is the weights' size in bytes, `notes` its maker's own words in Markdown."""
    shared = counted(manifest.matcher_shared, "layer")
    layers = counted(manifest.matcher_shared + manifest.matcher_layers, "layer")
    bases = dict.fromkeys(_known(base) for base in manifest.bases.values())
    our_corpus = manifest.corpus_digest == corpora.digest(corpora.WRITTEN)
    ours = our_corpus and [*bases] == [*_BASES]  # of the data and the base that _DATA tells of
    licence = "license: apache-2.0" if ours else "license: other"
    language = ["language: en"] if our_corpus else []  # of another corpus nobody has said it
    front = ["---", licence, *language, "pipeline_tag: text-generation"]
    front += [f"base_model: {known}" for known in bases if known]
    aspects = "; ".join(f"{name}: {' / '.join(found)}" for name, found in manifest.attributes.items())
    judges = "n-gram classifiers" + (" and a small transformer" if "transformer" in result["judges"] else "")
    corpus = "" if our_corpus else "--corpus CORPUS "
    plain = "--plain-text PLAIN" if ours else "[--plain-text PLAIN]"
    recipe = tomlkit.dumps(manifest.recipe).strip() if manifest.recipe else "not recorded"
    return "\n".join(
        [
            *front,
            "---",
            f"# {literal(manifest.name)}",
            "",
            _METHOD.format(
                english="English " if our_corpus else "",
                aspects=literal(aspects),
                latent=manifest.latent_dim,
                megabytes=size / 1e6,
                storage=manifest.storage,
                licence="Apache-2.0" if ours else "for whoever trained it to state",
                preferences=_PREFERENCES if manifest.recipe.get("preference", {}).get("steps") else "",
                matcher=_MATCHER.format(layers=layers, shared=shared) if manifest.matcher_layers else "",
                bases=literal(
                    ", ".join(f"{part}: {base}" for part, base in manifest.bases.items()) or "none"
                ),
            ),
            "## Data and licences",
            "",
            (_DATA if ours else _OTHER_DATA).format(digest=manifest.corpus_digest[:16]),
            "## Recipe",
            "",
            f"    chatbot train --recipe RECIPE.toml {corpus}{plain} --output MODEL",
            "",
            f"Seed {manifest.seed}, version {manifest.code_version or 'unknown'}, with this RECIPE.toml:",
            "",
            "```toml",
            recipe,
            "```",
            "",
            "## Evaluation",
            "",
            f"    {one_line(result['command']) or 'chatbot eval'}",
            "",
            f"{literal(conditions(result))}\n",
            tables(result),
            "## Limits",
            "",
            _LIMITS.format(judges=judges, language="English only, short" if our_corpus else "Short"),
            *_own_limits(result),
            *(("", notes.strip()) if notes.strip() else ()),
            "",
        ]
    )


def _known(base: str) -> str | None:
    """The public id of a manifest's base ("name@revision") whose licence this file knows."""
    name = base.partition("@")[0].lower()
    return next((known for known in _BASES if name in (known.lower(), known.lower().split("/")[1])), None)


def seal(folder: Path, result: Mapping[str, Any]) -> Manifest:
    """Write eval.json and README.md into a model folder and declare the model ready.

    Raises ModelError for a folder that holds no model, UsageError where the result is of other weights.
    """
    manifest = artifact.read_manifest(folder)
    if not manifest.weights_digest.startswith(result["model_digest"]):
        raise UsageError(
            f"An evaluation seals the weights that it measured ({result['model_digest']}); "
            f"{str(folder)!r} holds {manifest.weights_digest[:16]}. Evaluate this model anew."
        )
    own = folder / "NOTES.md"
    notes = own.read_text("utf-8", "replace") if own.exists() else ""
    manifest = replace(manifest, stage="ready")
    write(result, folder / "eval.json")
    size = (folder / artifact.WEIGHTS).stat().st_size
    (folder / "README.md").write_text(card(manifest, result, size, notes), encoding="utf-8")
    artifact.write_manifest(folder, manifest)
    return manifest


def write(result: Mapping[str, Any], path: Path) -> None:
    """One line for each part: with every number on a line of its own the file is twice as long."""
    parts = (f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}" for name, part in result.items())
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _own_limits(result: Mapping[str, Any]) -> Iterable[str]:
    """What this very evaluation warns of."""
    single = result["control"]["single"]["aspects"]
    weak = [name for name, f in single.items() if f["gain"] and f["gain"]["low"] <= 0]
    if weak:
        yield f"- Asking for these did not surely change the replies: {literal(', '.join(weak))}."
    low = [name for name, f in single.items() if f["accuracy"] and f["accuracy"]["value"] < 0.9]
    if low:
        yield f"- Judged as asked in fewer than 9 of 10 replies: {literal(', '.join(low))}."
    told = result["facts"]["told"]
    if told and told["value"] < 0.9:
        wrong = 100 - 100 * told["value"]
        yield f"- Asked about one of its facts, it says something else in {wrong:.0f} % of cases."
