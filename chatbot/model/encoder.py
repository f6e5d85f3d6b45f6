"""Encoders of the BERT family: built from a configuration, pooled, and sharing their lower layers."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn
from transformers import AutoModel, PretrainedConfig, PreTrainedModel

_LIKE_BERT = ("bert", "roberta")  # nothing stands beside .embeddings and .encoder.layer


def build_encoder(config: PretrainedConfig) -> PreTrainedModel:
    """An untrained bare encoder without the pooling layer, which nothing here reads."""
    kwargs: dict[str, Any] = {"add_pooling_layer": False} if config.model_type in _LIKE_BERT else {}
    return AutoModel.from_config(config, **kwargs)


def branch(trunk: PreTrainedModel, shared: int, own: int) -> PreTrainedModel:
    """An encoder that has the embeddings and the lowest `shared` layers of `trunk`, and `own` untrained ones.

    The shared modules are the same objects: a step on the one is a step on the other. Raises ValueError for
    an encoder of another kind than BERT and RoBERTa, or with fewer layers than that.
    """
    lower = layers(trunk)
    if shared > len(lower):
        raise ValueError(
            f"No more layers can be shared than an encoder has, here {len(lower)}; got {shared}."
        )
    config = copy.deepcopy(trunk.config)
    config.num_hidden_layers = shared + own
    encoder: Any = build_encoder(config)
    encoder.embeddings = trunk.embeddings
    for i in range(shared):
        layers(encoder)[i] = lower[i]
    return encoder


def layers(encoder: nn.Module) -> nn.ModuleList:
    """The layers of a BERT or RoBERTa, the lowest first. Raises ValueError for another encoder."""
    if isinstance(encoder, PreTrainedModel) and encoder.config.model_type in _LIKE_BERT:
        return encoder.encoder.layer  # type: ignore[union-attr, return-value]
    raise ValueError(
        "Layers can be frozen and shared in encoders of the kinds bert and roberta; "
        f"{type(encoder).__name__} is another. Set frozen_encoder_layers = 0 and matcher.layers = 0."
    )


def first_position(model: PreTrainedModel) -> int:
    """The position of the first token: RoBERTa and its kin begin behind that of padding."""
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return 0 if padding is None else padding + 1


def max_positions(model: PreTrainedModel) -> int:
    """How many tokens the model can read."""
    names = ("max_position_embeddings", "max_seq_len")
    limits = [int(limit) for name in names if (limit := getattr(model.config, name, None))]
    return min(limits, default=1 << 30) - first_position(model)


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of states (B, T, W) where mask (B, T) is 1; zero for a row without any."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1.0)
