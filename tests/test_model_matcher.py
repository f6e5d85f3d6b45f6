"""The matcher: its score in closed form, the layers that it shares, and what a model folder keeps of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import BertConfig, GPT2Config, PreTrainedModel

from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.model import artifact
from chatbot.model.encoder import branch, build_encoder, layers
from chatbot.model.matcher import Matcher
from chatbot.model.reading import Reader
from chatbot.model.text import Context

RAIN = Context.of(["I have a cat."], ["I like the rain."])
SEA = Context.of([], ["Tell me of the sea."])


def bert(count: int = 3) -> PreTrainedModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=count,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
    )
    return build_encoder(config).eval()


def test_a_score_is_the_scaled_cosine_and_how_plausible_the_reply_is() -> None:
    matcher = Matcher(bert())
    matcher.scale.data.fill_(1.0)
    read = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    vectors, plausible = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.8, 0.6]]), torch.tensor([0.0, -1.0, 2.0])
    expected = torch.e * torch.tensor([[0.0, 1.0, 0.8], [0.8, 0.6, 0.96]]) + plausible
    torch.testing.assert_close(matcher.scores(read, (vectors, plausible)), expected)


def test_an_untrained_matcher_is_the_cosine_of_pooled_states() -> None:
    encoder = bert()
    matcher = Matcher(encoder)
    ids, mask = torch.tensor([[3, 4, 5], [6, 7, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    with torch.no_grad():
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = torch.stack([states[0].mean(0), states[1, :2].mean(0)])
        scores = matcher.scores(matcher.contexts(ids, mask), matcher.replies(ids, mask))
    cosine = torch.nn.functional.cosine_similarity(pooled[:, None], pooled[None], dim=-1)
    torch.testing.assert_close(scores, matcher.scale.exp().detach() * cosine)


def test_each_side_has_a_projection_of_its_own() -> None:
    encoder = bert()
    matcher = Matcher(encoder)
    for layer in (matcher.context_side, matcher.reply_side, matcher.plausible):
        torch.nn.init.normal_(layer.weight)
    ids, mask = torch.tensor([[3, 4, 5], [6, 7, 8]]), torch.ones(2, 3, dtype=torch.long)
    with torch.no_grad():
        pooled = encoder(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1)
        read, vectors = pooled @ matcher.context_side.weight.T, pooled @ matcher.reply_side.weight.T
        cosine = torch.nn.functional.cosine_similarity(read[:, None], vectors[None], dim=-1)
        expected = matcher.scale.exp() * cosine + pooled @ matcher.plausible.weight[0]
        scores = matcher.scores(matcher.contexts(ids, mask), matcher.replies(ids, mask))
    torch.testing.assert_close(scores, expected, atol=1e-4, rtol=1e-4)


def test_scores_keep_small_differences_under_autocast() -> None:
    torch.manual_seed(0)
    read, vectors = (torch.nn.functional.normalize(torch.randn(n, 8), dim=-1) for n in (2, 5))
    matcher = Matcher(bert())
    exact = matcher.scores(read, (vectors, torch.zeros(5)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = matcher.scores(read, (vectors, torch.zeros(5)))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact)


def test_padding_changes_no_score() -> None:
    matcher = Matcher(bert())
    short, long = torch.tensor([[3, 4]]), torch.tensor([[3, 4, 0, 0]])
    mask = torch.tensor([[1, 1, 0, 0]])
    torch.testing.assert_close(
        matcher.contexts(short, torch.ones_like(short)), matcher.contexts(long, mask), atol=1e-6, rtol=1e-5
    )


def test_a_branch_shares_what_it_says_and_nothing_above() -> None:
    trunk = bert(3)
    twig = branch(trunk, 2, 2)
    assert twig.embeddings is trunk.embeddings
    assert [one is other for one, other in zip(layers(twig), layers(trunk), strict=False)] == [1, 1, 0]
    assert len(layers(twig)) == 4
    assert trunk.config.num_hidden_layers == 3


def test_what_cannot_be_shared_is_refused() -> None:
    with pytest.raises(ValueError, match="than an encoder has, here 3; got 4"):
        branch(bert(3), 4, 1)
    with pytest.raises(ValueError, match="GPT2Model is another"):
        branch(build_encoder(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9)), 1, 1)


def test_shared_layers_are_stored_once_and_loaded_as_one(tiny_model: Path) -> None:
    manifest = artifact.read_manifest(tiny_model)
    assert (manifest.matcher_shared, manifest.matcher_layers) == (1, 1)
    with safe_open(str(tiny_model / artifact.WEIGHTS), "pt") as file:
        names = [name for name in file.keys() if name.startswith("matcher.encoder.")]  # noqa: SIM118
    assert names
    assert all(name.startswith("matcher.encoder.encoder.layer.1.") for name in names)
    model = artifact.load(tiny_model).model
    assert model.matcher is not None
    assert layers(model.matcher.encoder)[0] is layers(model.prior_encoder)[0]


def test_a_match_is_the_same_alone_and_in_a_batch(tiny_model: Path) -> None:
    reader = Reader(artifact.load(tiny_model))
    said = ["Good, the rain will be fine and happy.", "Yes.", "Bad, the sea will be lost and sad."]
    together = reader.matches([RAIN, RAIN, SEA], said)
    alone = [reader.matches([c], [r]) for c, r in zip([RAIN, RAIN, SEA], said, strict=True)]
    assert together == pytest.approx([one[0] for one in alone if one], abs=1e-4)


def test_a_model_without_a_matcher_has_no_match_in_its_trace(tiny_model: Path, tmp_path: Path) -> None:
    sampling = Sampling(candidates=2, seed=1, max_tokens=8)
    assert isinstance(GenerationEngine.load(tiny_model).reply(RAIN, {}, sampling).trace["match"], float)
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    older = artifact.load(tiny_model)
    older.model.matcher = None
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["matcher_layers"], manifest["matcher_shared"]  # as every model before had it
    artifact.save(
        folder,
        artifact.Manifest(**manifest | {"attributes": older.manifest.attributes}),
        older.model,
        older.codec.tokenizer,
        older.encoder_codec.tokenizer,
    )
    assert Reader(artifact.load(folder)).matches([RAIN], ["Yes."]) is None
    assert "match" not in GenerationEngine.load(folder).reply(RAIN, {}, sampling).trace
