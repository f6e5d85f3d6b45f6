"""A model folder: what is saved is what is loaded, and anything that does not fit is refused with a
reason.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import normalizers

from chatbot.errors import ModelError
from chatbot.model import artifact
from chatbot.model.artifact import Manifest


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def rewrite(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_int8_keeps_every_matrix_to_half_a_step(tiny_model: Path, tmp_path: Path) -> None:
    loaded = artifact.load(tiny_model)
    again = artifact.save(
        tmp_path, loaded.manifest, loaded.model, loaded.codec.tokenizer, loaded.encoder_codec.tokenizer
    )
    assert again.attributes == loaded.manifest.attributes
    twice = artifact.load(tmp_path)
    for (name, one), two in zip(
        loaded.model.state_dict().items(), twice.model.state_dict().values(), strict=True
    ):
        step = one.abs().amax() / 127 if one.is_floating_point() and one.ndim == 2 else 1e-6
        torch.testing.assert_close(one, two, atol=float(step) * 0.51, rtol=0, msg=name)


def test_fp32_is_exact(tiny_model: Path) -> None:
    model = artifact.load(tiny_model).model
    restored = artifact.unpack(artifact.pack(model, "fp32"))
    state = model.state_dict()
    assert restored.keys() <= state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in restored.items())


def test_the_words_that_a_model_has_learnt_are_kept_with_it(tiny_model: Path, tmp_path: Path) -> None:
    one = artifact.load(tiny_model)
    for words in (("elsewhere", "n'est", "über"), ()):
        folder = tmp_path / str(len(words))
        artifact.save(
            folder, one.manifest, one.model, one.codec.tokenizer, one.encoder_codec.tokenizer, words
        )
        assert artifact.load(folder).words == words
        assert (folder / "words.txt").exists() == bool(words)


def test_the_manifest_holds_no_path(trained: Path) -> None:
    assert str(trained) not in (trained / "model" / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "reads models of format 1"),
        ({"latent_dim": 9, "weights_digest": ""}, "does not fit its manifest"),
        ({"surprise": 1}, "is not sound: it has the unknown key 'surprise'"),
        ({"attributes": {"style": "plain"}}, "aspects of 'style' must be a list of names; it has 'plain'"),
        ({"encoder_tokens": "x"}, "encoder_tokens must be int; it has 'x'"),
        ({"encoder": {"model_type": "bert", "hidden_size": None}}, "does not fit its manifest"),
        ({"encoder": {"model_type": "bert", "num_attention_heads": 0}}, "does not fit its manifest"),
        ({"weights_digest": "00"}, "not those the manifest names"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, changes: dict[str, object], reason: str
) -> None:
    rewrite(folder, **changes)
    with pytest.raises(ModelError, match=reason):
        artifact.load(folder)


def test_missing_and_left_over_tensors_are_refused(folder: Path) -> None:
    rewrite(folder, weights_digest="")
    tensors = load_file(str(folder / "model.safetensors"))
    name = next(n for n in tensors if n.startswith("heads."))
    save_file({n: t for n, t in tensors.items() if n != name}, str(folder / "model.safetensors"))
    with pytest.raises(ModelError, match="missing tensors"):
        artifact.load(folder)
    save_file(tensors | {"stranger": torch.ones(1)}, str(folder / "model.safetensors"))
    with pytest.raises(ModelError, match="unexpected tensors"):
        artifact.load(folder)


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_damaged_weights_are_refused(folder: Path, damage: str) -> None:
    rewrite(folder, weights_digest="")
    path = folder / "model.safetensors"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100] if damage == "truncated" else b"hello")
    told = (
        r"model\.safetensors cannot be read: No such file or directory\. Copy"
        if damage == "missing"
        else "cannot be read"
    )
    with pytest.raises(ModelError, match=told):
        artifact.load(folder)


def test_no_folder_no_manifest_broken_manifest(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelError, match=r"must be a folder with a manifest\.json"):
        artifact.load(tmp_path / "nowhere")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        artifact.load(folder)
    (folder / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(ModelError, match=r"is not sound: it has no name\. Copy the folder again"):
        artifact.load(folder)


def test_a_broken_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer"):
        artifact.load(folder)


@pytest.mark.parametrize("step", ["unpack", "build"])
def test_want_of_memory_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(artifact, step, lambda given: torch.empty(2**50))
    with pytest.raises(ModelError, match=r"The model in .* (cannot be read|needs more).* memory"):
        artifact.load(folder)


def test_a_second_tokenizer_is_kept_only_when_it_differs(tiny_model: Path, tmp_path: Path) -> None:
    loaded = artifact.load(tiny_model)
    assert not (tiny_model / "encoder-tokenizer.json").exists()
    other = type(loaded.codec).load(tiny_model / "tokenizer.json").tokenizer
    other.normalizer = normalizers.Lowercase()
    artifact.save(tmp_path, loaded.manifest, loaded.model, loaded.codec.tokenizer, other)
    assert (tmp_path / "encoder-tokenizer.json").exists()
    again = artifact.load(tmp_path)
    assert again.encoder_codec.tokenizer.to_str() == other.to_str() != again.codec.tokenizer.to_str()


def test_a_model_without_room_says_so(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = artifact.load(tiny_model)
    monkeypatch.setattr(artifact, "save_file", Mock(side_effect=SafetensorError("No space")))
    with pytest.raises(ModelError, match="part' cannot be written .No space.. Make room"):
        artifact.save(tiny_model, old.manifest, old.model, old.codec.tokenizer, old.codec.tokenizer)


def test_nothing_of_a_model_that_was_there_before_is_left(tiny_model: Path, tmp_path: Path) -> None:
    loaded = artifact.load(tiny_model)
    tokenizer = loaded.codec.tokenizer
    other = type(loaded.codec).load(tiny_model / "tokenizer.json").tokenizer
    other.normalizer = normalizers.Lowercase()
    (tmp_path / "README.md").write_text("Notes of this folder.")
    artifact.save(tmp_path, loaded.manifest, loaded.model, tokenizer, other, ["elsewhere"])
    assert (tmp_path / "README.md").exists()  # no model's
    for name in ("README.md", "eval.json", "NOTES.md"):
        (tmp_path / name).write_text("{}")
    artifact.save(tmp_path, replace(loaded.manifest, name="another"), loaded.model, tokenizer, tokenizer)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "NOTES.md", "manifest.json", "model.safetensors", "tokenizer.json"
    ]  # fmt: skip
    assert artifact.load(tmp_path).words == ()


def test_what_the_flow_reads_keeps_its_numbers_in_half_precision(tiny_model: Path) -> None:
    whole, half = (artifact.load(tiny_model, dtype=dtype).model for dtype in (torch.float32, torch.bfloat16))
    for name in ("heads", "prior_head", "posterior_head"):
        state = getattr(half, name).state_dict()
        for key, value in getattr(whole, name).state_dict().items():
            assert torch.equal(state[key], value), key
    others = (*half.decoder.parameters(), *half.prior_encoder.parameters())
    assert {parameter.dtype for parameter in others} == {torch.bfloat16}


@pytest.mark.parametrize(("part", "name"), [("decoder", "tokenizer"), ("encoder", "encoder-tokenizer")])
def test_a_tokenizer_of_another_model_is_refused(folder: Path, part: str, name: str) -> None:
    other = artifact.load(folder).codec
    other.tokenizer.add_tokens(["zebra"])
    other.tokenizer.save(str(folder / f"{name}.json"))
    reason = f"its {part} was made for {other.size} tokens, and the tokenizer there has {other.size + 1}"
    with pytest.raises(ModelError, match=f"does not fit its manifest: {reason}"):
        artifact.load(folder)


def test_manifest_round_trip(tiny_model: Path, tmp_path: Path) -> None:
    manifest = artifact.read_manifest(tiny_model)
    artifact.write_manifest(tmp_path, manifest)
    again = artifact.read_manifest(tmp_path)
    assert again == manifest
    assert isinstance(again, Manifest)
