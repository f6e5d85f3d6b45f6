"""A trained model as a folder: manifest.json, model.safetensors, tokenizer.json, README.md (card), eval.json,
and words.txt where its tokenizer has word pieces.

The manifest is the truth about the model: its shape, its attributes and aspects, where it came from.
Weights are safetensors only (no pickle), loaded strictly: a missing, left-over or misshapen tensor is an
error, and so is a file whose digest differs from the manifest's. Matrices may be stored as int8 with one
scale for each row.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel

from chatbot.errors import ModelError
from chatbot.model.cvae import DialogueCVAE
from chatbot.model.text import Codec

FORMAT = 1
WEIGHTS = "model.safetensors"
WORDS = "words.txt"
_ANEW = "Copy the folder again, whole, or train the model anew."
STORAGE = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.float16}
_SCALE = "::scale"


@dataclass(frozen=True)
class Manifest:
    """What a model is, as written to manifest.json."""

    name: str
    attributes: dict[str, tuple[str, ...]]
    encoder: dict[str, Any]  # transformers configurations
    decoder: dict[str, Any]
    latent_dim: int
    memory_slots: int
    head_dim: int
    share_encoder: bool
    context_tokens: int
    encoder_tokens: int
    reply_tokens: int
    storage: str = "fp32"
    stage: str = "heads"  # "ready" once evaluated and sealed
    default_weight: float = 1.0  # the lambda of weight 1
    default_probability: float = 0.97
    matcher_layers: int = 0  # layers of the matcher's own; 0: the model has none
    matcher_shared: int = 0  # layers that it shares with the prior's encoder
    bases: dict[str, str] = field(default_factory=dict)  # "encoder": "id@revision", ...
    corpus_digest: str = ""
    seed: int = 0
    code_version: str = ""
    weights_digest: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Artifact:
    """A model in memory, in evaluation mode, with its codecs."""

    folder: Path
    manifest: Manifest
    model: DialogueCVAE
    codec: Codec  # the decoder's
    encoder_codec: Codec
    words: tuple[str, ...] = ()  # those of several word pieces that the model has learnt; see spelling.py


def build(manifest: Manifest) -> DialogueCVAE:
    """The untrained network that a manifest describes."""
    model = DialogueCVAE.from_configs(
        _config(manifest.encoder),
        _config(manifest.decoder),
        attributes=manifest.attributes,
        latent_dim=manifest.latent_dim,
        memory_slots=manifest.memory_slots,
        head_dim=manifest.head_dim,
        share_encoder=manifest.share_encoder,
    )
    if manifest.matcher_layers:
        model.add_matcher(manifest.matcher_shared, manifest.matcher_layers)
    return model


def _config(data: dict[str, Any]) -> PretrainedConfig:
    return AutoConfig.for_model(**data)


def config_dict(config: PretrainedConfig) -> dict[str, Any]:
    """A transformers configuration as JSON-able data, without the paths and versions of a machine."""
    data = json.loads(config.to_json_string(use_diff=True))
    for key in (
        "_name_or_path",
        "transformers_version",
        "architectures",
        "dtype",
        "torch_dtype",
        "gradient_checkpointing",
    ):
        data.pop(key, None)
    return {**data, "model_type": config.model_type}


def save(
    folder: Path,
    manifest: Manifest,
    model: DialogueCVAE,
    tokenizer: Tokenizer,
    encoder_tokenizer: Tokenizer,
    words: Iterable[str] = (),
) -> Manifest:
    """Write a model folder; the manifest comes last, so a killed save never looks like a model.

    Returns the manifest with the weights' digest filled in. The evaluation of this very model stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = pack(model, manifest.storage)
    partial = folder / f"{WEIGHTS}.part"
    try:
        save_file(tensors, str(partial))
    except SafetensorError as error:
        raise ModelError(
            f"A model must be whole; {str(partial)!r} cannot be written ({error}). Make room and try again."
        ) from error
    partial.chmod(0o644)  # the library writes for the owner alone; a model is there to be read
    sealed = replace(manifest, weights_digest=file_digest(partial))
    if (folder / "manifest.json").exists():  # of the model that was here before
        again = replace(sealed, stage="ready")
        own = ["eval.json", "README.md"]
        with suppress(ModelError):
            if read_manifest(folder) == again:
                sealed, own = again, []
        for other in ("encoder-tokenizer.json", WORDS, *own, "manifest.json"):
            (folder / other).unlink(missing_ok=True)
    os.replace(partial, folder / WEIGHTS)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    if encoder_tokenizer.to_str() != tokenizer.to_str():
        (folder / "encoder-tokenizer.json").write_text(encoder_tokenizer.to_str(), encoding="utf-8")
    if words := list(words):
        (folder / WORDS).write_text("\n".join(words) + "\n", encoding="utf-8")
    write_manifest(folder, sealed)
    return sealed


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json, whole or not at all."""
    partial = folder / "manifest.json.part"
    data = asdict(manifest)
    if not manifest.matcher_layers:  # as every model before matchers has it
        del data["matcher_layers"], data["matcher_shared"]
    partial.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, folder / "manifest.json")


def pack(model: nn.Module, storage: str) -> dict[str, Tensor]:
    """The model's tensors in the form in which they are stored; tied tensors once."""
    packed: dict[str, Tensor] = {}
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for name, tensor in model.state_dict().items():
        key = (tensor.data_ptr(), tuple(tensor.shape))
        if key in seen:
            continue
        seen.add(key)
        tensor = tensor.detach().cpu().contiguous()
        if (
            storage == "int8"
            and tensor.ndim == 2
            and tensor.numel() >= 4096
            and not name.startswith("heads.")
        ):
            scale = tensor.abs().amax(1).clamp(min=1e-8) / 127  # (rows,)
            packed[name] = (tensor / scale.unsqueeze(1)).round().to(torch.int8)
            packed[name + _SCALE] = scale.float()
        elif tensor.is_floating_point():
            packed[name] = tensor.to(torch.float32 if name.startswith("heads.") else STORAGE[storage]).clone()
        else:
            packed[name] = tensor.clone()
    return packed


def unpack(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Stored tensors as fp32."""
    plain: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(_SCALE):
            continue
        if name + _SCALE in tensors:
            plain[name] = tensor.float() * tensors[name + _SCALE].unsqueeze(1)
        else:
            plain[name] = tensor.float() if tensor.is_floating_point() else tensor
    return plain


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder. Raises ModelError when it is missing, broken or newer."""
    path = folder / "manifest.json"
    try:
        data = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        error = ModelError(
            f"A model must be a folder with a manifest.json; {str(folder)!r} has none. "
            "Give the folder that `chatbot train` wrote, or 'embedded'."
        )
        error.exit_code = 2
        raise error from None
    except (OSError, ValueError) as error:
        raise ModelError(f"The model's manifest {str(path)!r} cannot be read: {error}.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else data
        raise ModelError(
            f"This program reads models of format {FORMAT}; {str(folder)!r} has format {found!r}. "
            "Update the program or train the model anew."
        )
    try:
        return Manifest(**_typed(data))
    except TypeError as error:
        raise ModelError(f"The model's manifest {str(path)!r} is not sound: {error}. {_ANEW}") from error


def _typed(data: dict[str, Any]) -> dict[str, Any]:
    """A manifest's values, each of its field's type. Raises TypeError for others, for an unknown key and for
    one that is not there."""
    hints = get_type_hints(Manifest)
    for entry in fields(Manifest):
        if entry.name not in data and entry.default is MISSING and entry.default_factory is MISSING:
            raise TypeError(f"it has no {entry.name}")
    for key, value in data.items():
        if key not in hints:
            raise TypeError(f"it has the unknown key {key!r}")
        kind = get_origin(hints[key]) or hints[key]
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise TypeError(f"{key} must be {kind.__name__}; it has {value!r}")
    attributes = data["attributes"]
    for name, aspects in attributes.items():
        if not isinstance(aspects, list) or not all(isinstance(aspect, str) for aspect in aspects):
            raise TypeError(f"the aspects of {name!r} must be a list of names; it has {aspects!r}")
    return data | {"attributes": {name: tuple(aspects) for name, aspects in attributes.items()}}


def load(folder: Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Artifact:
    """Load a model strictly, in evaluation mode. Raises ModelError for anything that does not fit."""
    manifest = read_manifest(folder)
    path = folder / WEIGHTS
    try:
        digest = file_digest(path)
        if manifest.weights_digest and digest != manifest.weights_digest:
            raise ModelError(
                f"The weights {str(path)!r} are not those the manifest names (digest {digest[:12]}, expected "
                f"{manifest.weights_digest[:12]}). Copy or train the model again."
            )
        tensors = unpack(load_file(str(path)))
        codec = Codec.load(folder / "tokenizer.json")
        own = folder / "encoder-tokenizer.json"
        encoder_codec = Codec.load(own) if own.exists() else codec
        listed = folder / WORDS
        words = tuple(listed.read_text("utf-8").split()) if listed.exists() else ()
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(
            f"Of the model in {str(folder)!r}, {Path(error.filename or path).name} cannot be read: "
            f"{error.strerror or error}. {_ANEW}"
        ) from error
    except (UnicodeError, SafetensorError, RuntimeError, MemoryError) as error:
        raise ModelError(f"The model in {str(folder)!r} cannot be read: {error}.") from error
    except Exception as error:  # tokenizers raises bare Exception for a file it cannot parse
        raise ModelError(f"The tokenizer in {str(folder)!r} cannot be read: {error}.") from error
    try:
        model = build(manifest)
        load_strictly(model, tensors)
        _check_tokens("decoder", codec, model.decoder.lm)
        _check_tokens("encoder", encoder_codec, model.prior_encoder)
        model.to(device)
        for part in (model.prior_encoder, model.posterior_encoder, model.decoder, model.matcher):
            if part is not None:  # the heads stay as they are: Gaussians, energy and its gradient are float32
                nn.Module.to(part, dtype=dtype)
    except Exception as error:  # transformers raises many kinds for a configuration that cannot be
        full = re.search("(allocate|enough|out of) memory", str(error))
        fault = "needs more memory than there is" if full else "does not fit its manifest"
        raise ModelError(f"The model in {str(folder)!r} {fault}: {error}.") from error
    return Artifact(folder, manifest, model.eval(), codec, encoder_codec, words)


def _check_tokens(part: str, codec: Codec, network: PreTrainedModel) -> None:
    """Raise ValueError for a tokenizer that is not the one that the network was trained with."""
    rows = int(network.get_input_embeddings().weight.shape[0])  # type: ignore[union-attr, arg-type]
    if codec.size != rows:
        raise ValueError(f"its {part} was made for {rows} tokens, and the tokenizer there has {codec.size}")


def load_strictly(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load; only names tied to a loaded tensor may be missing. Raises ValueError otherwise."""
    state = model.state_dict()
    loaded = {state[name].data_ptr() for name in tensors if name in state}
    result = model.load_state_dict(tensors, strict=False)
    missing = [name for name in result.missing_keys if state[name].data_ptr() not in loaded]
    if missing or result.unexpected_keys:
        raise ValueError(
            f"missing tensors {missing[:5]}, unexpected tensors {list(result.unexpected_keys)[:5]}"
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
