"""The warm-up's rows: dialogues are read once, and a row depends on the seed and the step alone."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import DistilBertConfig, DistilBertModel, OPTConfig, OPTForCausalLM, PreTrainedTokenizerFast

import tiny
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.text import Codec, Context
from chatbot.train import corpus as corpora
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Labelled
from chatbot.train.pretrain import (
    PackedText,
    build_encoder,
    build_lm,
    build_tokenizer,
    pieced_words,
    pool_shares,
    warm_up,
    whole_dialogues,
)
from chatbot.train.recipe import Pretrain


def item(facts: list[str], *lines: str) -> Item:
    return Item(Context.of(facts, lines[:-1]), (Labelled(lines[-1]),), "chat")


def test_of_a_dialogue_the_item_with_all_turns_stays_for_each_speaker() -> None:
    lines = ["hi", "hello", "who are you?", "a cook", "where?", "here"]
    a, b = ["I eat."], ["I cook."]
    items = [item(b if end % 2 else a, *lines[: end + 1]) for end in range(1, len(lines))]
    other = item([], "hi", "good day")
    many = Item(Context.of([], ["hi"]), (Labelled("one"), Labelled("two")), "parallel")
    found = whole_dialogues([*items, other, many])
    assert {(i.context.facts, len(i.context.turns), i.replies[0].text) for i in found} == {
        (("I cook.",), 5, "here"),
        (("I eat.",), 4, "where?"),
        ((), 1, "good day"),
    }


def test_replies_to_branching_moments_all_stay() -> None:
    """Two dialogues that begin alike, and the same moment answered twice: none holds another."""
    items = [
        item([], "hi", "hello"),
        item([], "hi", "hello", "who?", "a cook"),
        item([], "hi", "hello", "where?", "here", "since when?", "May"),
        item([], "hi", "go away"),
    ]
    assert whole_dialogues([*items, items[1]]) == items[1:]


def test_rows_are_packed_from_one_pool_each_and_depend_on_the_step_alone() -> None:
    pools = [[[1, 1, 1], [1, 1]], [[2, 2, 2, 2]], [[3]]]
    rows = PackedText(pools, length=6, seed=4).rows(9, 300, [0.5, 0.5, 0.0])
    assert rows.shape == (300, 7)
    assert torch.equal(rows.min(1).values, rows.max(1).values)
    assert set(rows[:, 0].tolist()) == {1, 2}
    assert 0.4 < float((rows[:, 0] == 1).float().mean()) < 0.6
    assert torch.equal(rows, PackedText(pools, length=6, seed=4).rows(9, 300, [0.5, 0.5, 0.0]))


def test_the_written_share_grows_and_the_shares_are_all() -> None:
    shape = Pretrain(written_first=0.2, written_last=0.6, dialogue_share=0.25)
    assert pool_shares(shape, 0.5) == pytest.approx({"plain": 0.6, "single": 0.3, "dialogues": 0.1})
    assert sum(pool_shares(shape, 1.0).values()) == 1.0


def test_the_same_text_gives_the_same_ids(tmp_path: Path) -> None:
    base = str(tiny.write_base(tmp_path / "base"))
    one, two = (build_tokenizer(base, "main", 400, ["The cat.", "The sea."]) for _ in range(2))
    assert one[0].get_vocab() == two[0].get_vocab()
    assert one[1] == two[1]


def test_a_model_learns_which_words_of_several_pieces_there_are(tmp_path: Path) -> None:
    tokenizer, _ = build_tokenizer(str(tiny.write_base(tmp_path / "base")), "main", 400, ["The cat."])
    replies = (Labelled("Zebu, the gnu."), Labelled("A ZEBU, emus, and the cat: GNU!"))
    corpus = Corpus()
    corpus.parts["train"].append(Item(Context.of([], ["A yak?"]), replies, "chat"))
    corpus.parts["valid"].append(Item(Context.of(["I have 77 emus."], ["A yak!"]), (), "chat"))
    assert pieced_words(corpus, Codec(tokenizer)) == ["gnu", "zebu"]


def test_only_a_word_piece_vocabulary_is_pruned(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(tmp_path)
    with pytest.raises(
        UsageError, match=r"Only a word-piece vocabulary can be pruned; .* Set vocabulary = 0"
    ):
        build_tokenizer(str(tmp_path), "main", 500, [])


def test_a_vocabulary_without_room_for_its_markers_is_refused(tmp_path: Path) -> None:
    """24 pieces that every one has, and the base's letters, digits and marks."""
    base, least = str(tiny.write_base(tmp_path)), 24 + 2 * (26 + 10) + len(".,?!'-:")
    tokenizer, sources = build_tokenizer(base, "main", least, ["The cat."])
    assert tokenizer.get_vocab_size() == len(sources) == least
    with pytest.raises(UsageError, match=f"{least} in all; got {least - 1}"):
        build_tokenizer(base, "main", least - 1, [])


def test_a_bert_is_not_called_corrupted_for_want_of_an_output_head_or_of_layers(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[logging.LogRecord] = []
    ear = logging.Handler()
    monkeypatch.setattr(ear, "emit", told.append)
    transformers = logging.getLogger("transformers")
    transformers.addHandler(ear)
    try:
        build_lm(str(trained / "base"), "main", range(9), 0)
        build_encoder(str(trained / "base"), "main", range(9), 1, 0)
        assert told == []
        assert transformers.level == logging.WARNING
    finally:
        transformers.removeHandler(ear)


def opt(**more: bool) -> OPTForCausalLM:
    shape = OPTConfig(vocab_size=9, hidden_size=8, ffn_dim=8, num_hidden_layers=1, num_attention_heads=1)
    shape.update(more)
    return OPTForCausalLM(shape).eval()


def test_each_token_keeps_its_row_in_an_output_head_that_is_not_tied(tmp_path: Path) -> None:
    base = opt(tie_word_embeddings=False)
    base.save_pretrained(tmp_path)
    lm = build_lm(str(tmp_path), "main", [4, -1, 8, 2], 0).eval()
    before, after = base(torch.tensor([[8, 2, 4]])).logits, lm(torch.tensor([[2, 3, 0]])).logits
    torch.testing.assert_close(after[..., [0, 2, 3]], before[..., [4, 8, 2]])


def test_no_base_keeps_its_dropout(tmp_path: Path) -> None:
    opt().save_pretrained(tmp_path / "opt")
    distil = DistilBertConfig(vocab_size=9, dim=8, hidden_dim=8, n_layers=1, n_heads=1)
    DistilBertModel(distil).save_pretrained(tmp_path / "distil")
    for network in (
        build_lm(str(tmp_path / "opt"), "main", range(9), 0),
        build_encoder(str(tmp_path / "distil"), "main", range(9), 0, 0),
    ):
        network.train()
        one, two = (network(input_ids=torch.arange(9).unsqueeze(0))[0] for _ in range(2))
        assert torch.equal(one, two)


def test_rows_of_the_pools_that_are_there_where_a_recipe_begins_with_plain_text_alone(
    trained: Path, tmp_path: Path
) -> None:
    recipe = tiny.recipe(trained / "base")
    first = replace(recipe, pretrain=replace(recipe.pretrain, written_first=0.0, steps=1))
    made = artifact.load(trained / "model")
    found = corpora.load(trained / "corpus")
    warm_up(made.model.decoder.lm, made.codec, found, first, tmp_path, torch.device("cpu"))
    assert (tmp_path / "pretrain.pt").exists()
