"""What a model is built from, and what cannot be built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    T5Config,
    T5Model,
)

import tiny
from chatbot.errors import UsageError
from chatbot.model.decoder import LatentDecoder
from chatbot.model.encoder import build_encoder, max_positions
from chatbot.model.text import Codec, Context
from chatbot.train import building
from chatbot.train import corpus as corpora
from chatbot.train import recipe as recipes
from chatbot.train.bases import build_tokenizer
from chatbot.train.corpus import Corpus
from chatbot.train.forms import Item, Labelled

STYLES = {"attitude": ("optimistic", "pessimistic"), "style": ("lyrical", "plain")}


def new(recipe: recipes.Recipe, attributes: dict[str, tuple[str, ...]] = STYLES) -> None:
    building.new_model(recipe, list(range(40)), list(range(40)), attributes)


def test_lengths_beyond_the_positions_of_a_base_are_refused(trained: Path, tmp_path: Path) -> None:
    """The tiny base has 160 positions, of which its recipe keeps 128."""
    recipe = tiny.recipe(trained / "base")
    whole = replace(recipe.text, context_tokens=102, encoder_tokens=104, reply_tokens=24)
    new(replace(recipe, text=whole))  # 102 + 2 + 24 = 104 + 24 = 128
    for text, reason in (
        (replace(whole, context_tokens=103), "decoder has 128 positions, and context_tokens .* is 129"),
        (replace(whole, encoder_tokens=105), r"encoder has 128 positions, and encoder_tokens \+ .* is 129"),
    ):
        with pytest.raises(UsageError, match=reason):
            new(replace(recipe, text=text))
    with pytest.raises(UsageError, match="decoder has 128 positions, and length is 129"):
        new(replace(recipe, pretrain=replace(recipe.pretrain, length=129)))


def test_a_roberta_reads_less_than_it_has_positions() -> None:
    """Its positions begin behind that of the padding, so 12 with padding 1 are 10 tokens and not one more."""
    config = RobertaConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=12, pad_token_id=1,
    )  # fmt: skip
    encoder = build_encoder(config)
    assert max_positions(encoder) == 10
    encoder(input_ids=torch.full((1, 10), 5))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(input_ids=torch.full((1, 11), 5))


def test_a_window_that_slides_over_an_encoder_leaves_it_its_positions() -> None:
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = AutoConfig.for_model("modernbert", local_attention=4, max_position_embeddings=16, **small)
    assert max_positions(build_encoder(config)) == 16


def test_what_cannot_be_built_is_told_before_any_stage(trained: Path, tmp_path: Path) -> None:
    recipe = tiny.recipe(trained / "base")
    with pytest.raises(UsageError, match="named with letters from a to z.*'Politeness'"):
        new(recipe, {"Politeness": ("rude", "polite")})
    distil = DistilBertConfig(vocab_size=40, dim=8, hidden_dim=8, n_layers=1, n_heads=1)
    DistilBertModel(distil).save_pretrained(tmp_path / "distil")
    base = replace(recipe.base, encoder=str(tmp_path / "distil"), encoder_layers=0, frozen_encoder_layers=1)
    with pytest.raises(UsageError, match="Set frozen_encoder_layers = 0"):
        new(replace(recipe, base=base))
    t5 = T5Config(vocab_size=40, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    T5Model(t5).save_pretrained(tmp_path / "t5")
    both = replace(recipe.base, encoder=str(tmp_path / "t5"), encoder_layers=0)
    with pytest.raises(UsageError, match="encoder must give a state to each token .*t5' does not "):
        new(replace(recipe, base=both))


def test_a_decoder_must_keep_what_it_has_read_and_not_see_what_comes(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny.recipe(trained / "base")
    small = {"vocab_size": 40, "pad_token_id": 0, "max_position_embeddings": 140, "n_positions": 140}
    bert = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
    mpt = {"d_model": 8, "n_layers": 1, "n_heads": 2, "max_seq_len": 140}
    for kind, shape in (
        ("roberta", bert),
        ("openai-gpt", {"n_embd": 8, "n_layer": 1, "n_head": 2}),
        ("mpt", mpt),
    ):
        made = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **small, **shape))
        made.load_state_dict({name: 9 * value for name, value in made.state_dict().items()})
        made.save_pretrained(tmp_path / kind)

    def of(kind: str) -> recipes.Recipe:
        return replace(recipe, base=replace(recipe.base, decoder=str(tmp_path / kind)))

    model = building.new_model(of("roberta"), list(range(40)), list(range(40)), STYLES)
    read = torch.arange(10)[None]
    now, later = (model.decoder.lm(ids).logits[0, :9] for ids in (read, read.where(read < 9, 20)))
    torch.testing.assert_close(now, later)
    with pytest.raises(UsageError, match="key-value cache, and '.*openai-gpt' cannot keep .*base.decoder"):
        new(of("openai-gpt"))
    with pytest.raises(UsageError, match="'.*mpt' counts padding among the tokens that it has read. Name"):
        new(of("mpt"))  # its attention fades with the distance in the cache
    monkeypatch.setattr(LatentDecoder, "logits", lambda *args: torch.rand(2, 3, 9))
    with pytest.raises(UsageError, match="sees the tokens that come next"):
        new(of("roberta"))


def test_tokenizers_of_a_start_that_was_killed_are_made_anew(trained: Path, tmp_path: Path) -> None:
    recipe, corpus = tiny.recipe(trained / "base"), corpora.load(trained / "corpus")
    (tmp_path / "tokenizer.json").write_text("{")
    made, sources = building.tokenizer(recipe, corpus, tmp_path, "decoder")
    assert len(sources) == made.get_vocab_size()


def test_a_model_learns_which_words_of_several_pieces_there_are(tmp_path: Path) -> None:
    tokenizer, _ = build_tokenizer(str(tiny.write_base(tmp_path / "base")), "main", 400, ["The cat."])
    replies = (Labelled("Zebu, the gnu."), Labelled("A ZEBU, emus, and the cat: GNU!"))
    corpus = Corpus()
    corpus.parts["train"].append(Item(Context.of([], ["A yak?"]), replies, "chat"))
    corpus.parts["valid"].append(Item(Context.of(["I have 77 emus."], ["A yak!"]), (), "chat"))
    assert building.pieced_words(corpus, Codec(tokenizer)) == ["gnu", "zebu"]
