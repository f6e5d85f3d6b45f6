"""Whole chats as passages, each reply as if read alone, z as in a chat, what the stage does to a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import tiny
from chatbot.decoding.sampling import Sampling
from chatbot.model import artifact
from chatbot.model.artifact import Artifact
from chatbot.model.reading import Reader, pad
from chatbot.model.text import Context
from chatbot.train import fit_chats
from chatbot.train.fit_chats import Passage, draw, latents, nats, passages
from chatbot.train.forms import Item, Labelled
from chatbot.train.recipe import Chats

FACTS = ["I have a cat.", "I have tea."]
ASKED = (("style", "plain"),)


def chat(things: tuple[str, ...], facts: list[str] = FACTS) -> list[Item]:
    """As the corpus gives a chat in character: a line each, the first too short to show anything."""
    turns: list[str] = []
    items: list[Item] = []
    for thing in things:
        turns.append(f"Tell me of the {thing}.")
        text = tiny.REPLIES["style/plain"].format(thing) if items else "Yes."
        items.append(Item(Context.of(facts, turns), (Labelled(text, ASKED if items else ()),), "role"))
        turns.append(text)
    return items


def cut(model: Artifact, items: list[Item], budget: int = 64) -> list[Passage]:
    return passages(items, model.codec, budget, 24)


def test_a_chat_is_cut_into_what_fits_and_every_reply_keeps_its_own_context(trained: Path) -> None:
    model = artifact.load(trained / "model")
    items = chat(tiny.THINGS[:5])
    found = cut(model, items)
    assert 1 < len(found) < len(items)
    texts = [one.text for passage in reversed(found) for one in passage.replies]
    assert texts == [reply.text for item in items for reply in item.replies]
    for passage in found:
        assert len(passage.ids) <= 64
        for one in passage.replies:
            seen = model.codec.read_back(passage.ids[: one.end])
            assert seen.facts == tuple(FACTS)
            assert seen.turns == one.context.turns[-len(seen.turns) :]


def test_other_facts_or_another_talk_are_another_chat(trained: Path) -> None:
    model = artifact.load(trained / "model")
    one, two = chat(("rain", "sun")), chat(("rain", "sun"), ["I have bread."])
    three = chat(("sea", "road"))
    found = cut(model, [*one, *two, *three])
    assert [[reply.text for reply in passage.replies] for passage in found] == [
        [item.replies[0].text for item in items] for items in (one, two, three)
    ]


def test_a_line_too_short_to_show_an_aspect_is_asked_for_what_the_chat_shows(trained: Path) -> None:
    (passage,) = cut(artifact.load(trained / "model"), chat(("rain", "sun")))
    assert [(one.text, one.asked) for one in passage.replies] == [
        ("Yes.", ASKED),
        ("Yes. I know the sun. It is here.", ASKED),
    ]


def test_replies_read_in_one_passage_are_as_likely_as_each_read_alone(trained: Path) -> None:
    model = artifact.load(trained / "model")
    found = [passage for things in (tiny.THINGS[:3], ("sea",)) for passage in cut(model, chat(things))]
    said = [one for passage in found for one in passage.replies]
    z = latents(model, said, 0.5, torch.Generator().manual_seed(2))
    with torch.no_grad():
        together, tokens = nats(model, found, z)
        apart = []
        for passage in found:
            for one in passage.replies:
                prefix = model.model.decoder.prefill(*pad([passage.ids[: one.end]]))
                reply, mask = pad([one.ids])
                own = z[len(apart)].unsqueeze(0)
                apart.append(model.model.decoder.reply_loss(prefix, own, reply, mask, shown=reply))
    torch.testing.assert_close(together, torch.cat(apart), atol=1e-4, rtol=1e-4)
    assert tokens.tolist() == [len(one.ids) - 1 for one in said]


def test_a_passage_is_drawn_as_often_as_it_has_replies() -> None:
    one, three = (Passage([0], tuple(said(str(i)) for i in range(n))) for n in (1, 3))
    shape = replace(Chats(), passages=1, replies=2)
    drawn = [draw([one, three], shape, np.random.default_rng(seed))[0] for seed in range(600)]
    assert abs(sum(len(passage.replies) == 2 for passage in drawn) - 400) < 60
    kept = {tuple(reply.text for reply in passage.replies) for passage in drawn}
    assert kept == {("0",), ("0", "1"), ("0", "2"), ("1", "2")}


def said(text: str, asked: tuple[tuple[str, str], ...] = ASKED) -> fit_chats.Said:
    return fit_chats.Said([0], 1, Context.of([], ["hi"]), text, asked)


def test_z_is_that_of_a_chat_or_the_posteriors(trained: Path) -> None:
    model = artifact.load(trained / "model")
    asks, free = said("Yes. I know the rain. It is here."), said("Yes.", ())
    of_a_chat, posterior = (
        latents(model, [asks, free], share, torch.Generator().manual_seed(5)) for share in (0.0, 1.0)
    )
    place = model.manifest.attributes["style"].index("plain")
    assert model.model.heads(of_a_chat)["style"].softmax(-1)[0, place].item() > 0.95
    reader = Reader(model)
    spread = (of_a_chat[1] - reader.prior([free.context]).mean[0]) / reader.prior([free.context]).std[0]
    read = reader.posterior([asks.context, free.context], [asks.text, free.text])
    drawn = (posterior - read.mean) / read.std
    torch.testing.assert_close(spread, Sampling().spread * drawn[1], atol=1e-3, rtol=1e-3)  # one draw


def test_written_chats_become_likelier_and_only_the_decoder_changes(trained: Path, tmp_path: Path) -> None:
    model = artifact.load(trained / "model")
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    train = [
        item for i in range(9) for item in chat((tiny.THINGS[i], tiny.THINGS[i + 1], tiny.THINGS[i + 2]))
    ]
    valid = chat(("moon", "song", "rain"))
    shape = replace(Chats(), steps=100, passages=6, lr=2e-3)
    recipe = replace(tiny.recipe(trained / "base"), chats=shape)
    held_out = cut(model, valid)
    z = latents(model, [one for passage in held_out for one in passage.replies], 0.0, torch.Generator())
    first = nats(model, held_out, z)[0].sum().item()
    fit_chats.fit(model, train, valid, recipe, tmp_path, torch.device("cpu"))
    last = nats(model, held_out, z)[0].sum().item()
    assert last < 0.7 * first
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "valid_ce" in row] == [100]
    changed = {
        name for name, value in model.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_the_pipeline_takes_the_stage_in(trained: Path) -> None:
    rows = [json.loads(line) for line in (trained / "work" / "train.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["stage"] == "chats"] == [8]
