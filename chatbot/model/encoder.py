"""Encoders of the BERT family: built from a configuration, pooled, and sharing their lower layers."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn
from transformers import AutoModel, PretrainedConfig, PreTrainedModel


def build_encoder(config: PretrainedConfig) -> PreTrainedModel:
    """An untrained bare encoder without the pooling layer, which nothing here reads."""
    kwargs: dict[str, Any] = {"add_pooling_layer": False} if config.model_type in ("bert", "roberta") else {}
    return AutoModel.from_config(config, **kwargs)


def branch(trunk: PreTrainedModel, shared: int, own: int) -> PreTrainedModel:
    """An encoder that has the embeddings and the lowest `shared` layers of `trunk`, and `own` untrained ones.

    The shared modules are the same objects: a step on the one is a step on the other. Raises ValueError for
    an encoder that is not laid out like BERT, or has fewer layers than that.
    """
    lower = layers(trunk)
    if shared > len(lower):
        raise ValueError(f"Of an encoder of {len(lower)} layers no more can be shared; got {shared}.")
    config = copy.deepcopy(trunk.config)
    config.num_hidden_layers = shared + own
    encoder: Any = build_encoder(config)
    encoder.embeddings = trunk.embeddings
    for i in range(shared):
        layers(encoder)[i] = lower[i]
    return encoder


def layers(encoder: nn.Module) -> nn.ModuleList:
    """The layers of an encoder laid out like BERT, the lowest first. Raises ValueError for another."""
    found = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(found, nn.ModuleList) or not isinstance(
        getattr(encoder, "embeddings", None), nn.Module
    ):
        raise ValueError(
            "Layers can be frozen and shared in encoders that have .embeddings and .encoder.layer, as BERT "
            f"has; {type(encoder).__name__} has not. Set frozen_encoder_layers = 0 and matcher.layers = 0."
        )
    return found


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of states (B, T, W) where mask (B, T) is 1; zero for a row without any."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1.0)
