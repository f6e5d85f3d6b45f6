"""Pretrained bases: their tokenizers, and what is left and what is made of their weights."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import (
    AutoConfig,
    DistilBertConfig,
    DistilBertModel,
    OPTConfig,
    OPTForCausalLM,
    PreTrainedTokenizerFast,
)

import tiny
from chatbot.errors import UsageError
from chatbot.train.bases import build_encoder, build_lm, build_tokenizer


def test_the_same_text_gives_the_same_ids(tmp_path: Path) -> None:
    base = str(tiny.write_base(tmp_path / "base"))
    one, two = (build_tokenizer(base, "main", 400, ["The cat.", "The sea."]) for _ in range(2))
    assert one[0].get_vocab() == two[0].get_vocab()
    assert one[1] == two[1]


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


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_a_base_without_a_tokenizer_is_refused(tmp_path: Path, kind: str) -> None:
    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="weights and tokenizer, .*; '.*' cannot be read"):
        build_tokenizer(str(tmp_path), "main", 0, [])


def test_a_base_that_is_not_whole_is_named(tmp_path: Path) -> None:
    base = str(tiny.write_base(tmp_path))
    for file, text, reason in (
        ("model.safetensors", "half", "header"),
        ("config.json", '{"model_type": "distilbert"}', r"DistilBertConfig'> for .*: AutoModelForCausalLM\)"),
        ("config.json", "{", "not a valid JSON"),
    ):
        (tmp_path / file).write_text(text)
        with pytest.raises(UsageError, match=f"'{base}' cannot be read .*{reason}"):
            build_lm(base, "main", range(9), 0)
