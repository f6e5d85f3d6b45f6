"""The matcher's training: its loss by hand, what a batch holds, samples that outlive a kill, its effect."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config

import tiny
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.encoder import build_encoder
from chatbot.model.text import Context
from chatbot.train import corpus as corpora
from chatbot.train import fit_matcher, pipeline
from chatbot.train.fit_matcher import Choice, Choices, Pair, Pairs, Scoring
from chatbot.train.forms import Item, Labelled, Marked, Plain
from chatbot.train.recipe import MatcherFit


class Fixed(Scoring):
    """Scores that a test writes down."""

    def __init__(self, table: list[list[float]]) -> None:
        self.table = torch.tensor(table)

    def scores(self, contexts: object, replies: object) -> torch.Tensor:
        return self.table


def pair(message: str, reply: str, sample: str | None = None) -> Pair:
    return Pair(Context.of([], [message]), reply, sample)


def test_the_loss_is_the_cross_entropy_of_rows_and_columns_and_of_samples() -> None:
    pairs = [pair("a", "A"), pair("b", "B", "b!")]
    loss, terms = Fixed([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]]).loss(pairs)
    rows = [-2 + math.log(math.e**2 + 1 + math.e), -3 + math.log(1 + math.e**3 + math.e)]
    columns = [-2 + math.log(math.e**2 + 1), -3 + math.log(1 + math.e**3)]
    sample = math.log1p(math.exp(-2.0))
    assert terms["loss_replies"] == pytest.approx(sum(rows) / 2)
    assert terms["loss_contexts"] == pytest.approx(sum(columns) / 4)
    assert terms["loss_samples"] == pytest.approx(sample)
    assert float(loss) == pytest.approx(sum(rows) / 2 + sum(columns) / 4 + sample)


def test_what_would_be_as_right_is_no_rival() -> None:
    same_reply = [pair("a", "Yes."), pair("b", "Yes.")]
    same_message = [pair("a", "Yes."), pair("a", "No.")]
    for pairs in (same_reply, same_message):
        assert float(Fixed([[0.0, 9.0], [9.0, 0.0]]).loss(pairs)[0]) == pytest.approx(0.0)


def test_a_sample_that_is_the_reply_of_another_row_is_no_rival_there() -> None:
    pairs = [pair("a", "Yes."), pair("b", "No.", "Yes.")]
    loss, terms = Fixed([[0.0, -9.0, 9.0], [-9.0, 0.0, -9.0]]).loss(pairs)
    assert terms["loss_replies"] == pytest.approx(math.log1p(math.exp(-9)), rel=0.6)
    assert terms["loss_replies"] < 0.001


def test_marked_replies_are_told_apart_within_a_context_and_the_best_found_among_contexts() -> None:
    choices = [
        Choice(Context.of([], ["a"]), ("yes", "no", "so"), (2, 0, 1)),
        Choice(Context.of([], ["b"]), ("two", "one"), (1, 0)),
        Choice(Context.of([], ["c"]), ("yes", "none"), (2, 0)),
    ]
    table = [[3.0, 1.0, 2.0, 0.0, 9.0, 9.0, 9.0], [1.0, 9.0, 9.0, 0.0, 2.0, 1.0, 9.0], [9.0] * 5 + [4.0, 5.0]]
    terms, right = Fixed(table).marked_loss(choices)
    ranked = (
        2 * math.log1p(math.exp(-2))  # yes over no
        + math.log1p(math.exp(-1))  # yes over so
        + math.log1p(math.exp(-1))  # so over no
        + math.log1p(math.exp(2))  # two over one: wrong
        + 2 * math.log1p(math.exp(1))  # yes over none: wrong
    )
    assert float(terms["ranked"]) == pytest.approx(ranked / 7)
    assert right == pytest.approx(3 / 5)
    best = [math.log1p(math.exp(0 - 3)), math.log(1 + 2 * math.e), math.log1p(math.exp(9 - 4))]
    assert float(terms["best"]) == pytest.approx(sum(best) / 3, abs=1e-3)


def test_choices_begin_with_a_best_reply_and_depend_on_seed_and_step_alone() -> None:
    said = (*((f"n{i}", "n") for i in range(9)), ("m", "m"), ("y", "y"), ("w", "w"))
    marked = [Marked(Context.of([], [f"q{i}"]), (), said) for i in range(5)]
    marked.append(Marked(Context.of([], ["alike"]), (), (("y", "y"), ("w", "w"))))
    batch = Choices(marked, 9, seed=3)[7]
    assert batch == Choices(marked, 9, seed=3)[7] != Choices(marked, 9, seed=3)[8]
    assert sorted(one.context.turns[-1].text for one in batch) == [f"q{i}" for i in range(5)]
    for one in batch:
        assert len(set(one.replies)) == len(one.replies) == 7
        assert one.worth == tuple({"n": 0, "m": 1, "y": 2, "w": 2}[text[0]] for text in one.replies)
        assert one.worth[0] == 2
    assert {one.replies[0] for step in range(9) for one in Choices(marked, 9, seed=3)[step]} == {"y", "w"}
    assert Choices(marked, 0, seed=3)[7] == Choices([], 9, seed=3)[7] == []


def chats(count: int, lines: int) -> list[Item]:
    return [
        Item(
            Context.of([f"I am {i}."], [f"hello {i}", *[f"{i} {n}" for n in range(2 * turn)]]),
            (Labelled(f"reply {i} {turn}"),),
            "role",
        )
        for i in range(count)
        for turn in range(lines)
    ]


def test_a_batch_holds_lines_of_one_dialogue_and_depends_on_seed_and_step_alone() -> None:
    shape = MatcherFit(dialogues=2, lines=3, single=1, plain=1, sampled=1)
    single = Item(Context.of([], ["hi"]), (Labelled("Hello."), Labelled("Go away.")), "parallel")
    plain = [Plain(("one", "two", "three", "four", "five"), True), Plain(("no dialogue", "at all"), False)]
    samples = [pair("q", "written", "drawn")]
    make = lambda: Pairs([*chats(5, 4), single], plain, samples, shape, seed=3)  # noqa: E731
    batch = make()[7]
    assert batch == make()[7] != make()[8]
    assert len(batch) == 2 * 3 + 1 + 1 + 1
    assert len({p.context.facts for p in batch[:6]}) == 2
    assert len({p.reply for p in batch[:6]}) == 6
    assert batch[6].reply in ("Hello.", "Go away.")
    before = [turn.text for turn in batch[7].context.turns]
    line = plain[0].lines.index(batch[7].reply)
    assert before == list(plain[0].lines[max(0, line - 3) : line])
    assert batch[8] is samples[0]


def test_the_shared_layers_stay_and_the_others_learn(trained: Path) -> None:
    matched = json.loads((trained / "work" / "matcher.json").read_text())
    assert matched["samples"] > 20
    rows = [json.loads(x) for x in (trained / "work" / "train.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["stage"] == "matcher"]
    for name in ("loss_replies", "loss_ranked"):
        assert rows[-1][name] < 0.8 * rows[0][name]
    assert rows[-1]["told_right"] == 1.0
    assert matched["marks_told_right"] is None  # none of its marks is held out
    cvae = torch.load(trained / "work" / "cvae.pt", weights_only=True)["modules"]["model"]
    state = torch.load(trained / "work" / "matcher.pt", weights_only=True)["modules"]["matcher"]
    shared = [name for name in state if name.startswith(("encoder.embeddings", "encoder.encoder.layer.0."))]
    assert len(shared) > 10
    for name in shared:
        assert torch.equal(state[name], cvae[f"prior_encoder.{name.removeprefix('encoder.')}"]), name
    assert not torch.equal(state["context_side.weight"], torch.eye(len(state["context_side.weight"])))


def test_a_matcher_without_a_pair_is_refused(trained: Path, tmp_path: Path) -> None:
    model, recipe = artifact.load(trained / "model"), tiny.recipe(trained / "base")
    none = replace(recipe.matcher, dialogues=0, single=0, plain=0, samples=0)
    corpus = corpora.load(trained / "corpus")
    with pytest.raises(UsageError, match=r"Raise .* under \[matcher\]"):
        fit_matcher.fit(model, corpus, replace(recipe, matcher=none), tmp_path, torch.device("cpu"))


def test_found_is_how_often_the_written_reply_comes_first() -> None:
    items = [Item(Context.of([], [f"q{i}"]), (Labelled(f"a{i}"),), "chat") for i in range(12)]

    class Oracle(Scoring):
        def __init__(self, sign: float) -> None:
            self.sign = sign

        def scores(self, contexts: object, replies: object) -> torch.Tensor:
            (context,), texts = list(contexts), list(replies)  # type: ignore[call-overload]
            wanted = context.turns[-1].text.replace("q", "a")
            return torch.tensor([[self.sign * (text == wanted) for text in texts]])

    assert Oracle(1.0).found(items, 5, seed=0) == 1.0
    assert Oracle(-1.0).found(items, 5, seed=0) == 0.0
    assert Oracle(0.0).found(items, 5, seed=0) == 0.0  # a tie is no win
    few = replace(items[0]), *items[1:9]
    assert Oracle(1.0).found(few, 5, seed=0) is None  # nine rivals are asked for


def test_what_cannot_be_built_is_refused_before_training(tmp_path: Path) -> None:
    base = tiny.write_base(tmp_path / "base")
    corpus = tiny.write_corpus(tmp_path / "corpus")
    recipe = tiny.recipe(base)
    for changes, reason in (
        ({"shared": 3, "layers": 1}, "has 2, and the recipe asks for 4"),
        ({"shared": 2, "layers": 1}, "has 2, and the recipe asks for 3"),
    ):
        odd = replace(recipe, matcher=replace(recipe.matcher, **changes))
        with pytest.raises(UsageError, match=reason):
            pipeline.train(odd, corpus, tmp_path / "work", tmp_path / "out", plain=None, device="cpu")
    assert not list((tmp_path / "work").glob("*.pt"))
    trunk = build_encoder(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9))
    with pytest.raises(UsageError, match="kinds bert and roberta; GPT2Model is another"):
        fit_matcher.start(trunk, trunk, 1)
