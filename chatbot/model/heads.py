"""Classifiers on the latent z: for every attribute, how strongly z speaks for each of its aspects.

Minus their log-softmax is the energy of the flow (chatbot/energy.py), so calibration gives the weight its
meaning, and SiLU keeps the flow smooth: with ReLU the kinks make tight solver tolerances unaffordable.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


class Head(nn.Module):
    """Two-layer SiLU network (B, D) -> (B, K): output(silu(hidden(z))) / temperature.

    The temperature is a buffer: it is fitted on held-out samples after the weights, never trained with them.
    """

    temperature: Tensor

    def __init__(self, latent_dim: int, hidden_dim: int, aspects: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, aspects)
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, z: Tensor) -> Tensor:
        return self.output(F.silu(self.hidden(z))) / self.temperature


class Heads(nn.Module):
    """One head per attribute; the order of attributes and of aspects is the order of the mapping given.

    Raises ValueError for no attribute, a name that cannot be a module's, or less than two aspects.
    """

    def __init__(self, attributes: dict[str, tuple[str, ...]], latent_dim: int, hidden_dim: int) -> None:
        super().__init__()
        _check(attributes)
        self.attributes = {name: tuple(aspects) for name, aspects in attributes.items()}
        self.latent_dim = latent_dim
        self.heads = nn.ModuleDict(
            {name: Head(latent_dim, hidden_dim, len(aspects)) for name, aspects in self.attributes.items()}
        )

    def forward(self, z: Tensor) -> dict[str, Tensor]:
        """Calibrated logits of z (B, D): attribute -> (B, K)."""
        return {name: head(z) for name, head in self.heads.items()}

    def head(self, name: str) -> Head:
        """The head of one attribute, with its type."""
        head = self.heads[name]
        if not isinstance(head, Head):  # ModuleDict knows its members only as modules
            raise TypeError(f"The module of attribute {name!r} must be a Head, not {type(head).__name__}.")
        return head


def _check(attributes: dict[str, tuple[str, ...]]) -> None:
    if not attributes:
        raise ValueError("Heads need at least one attribute; none was given.")
    for name, aspects in attributes.items():
        if not _NAME.fullmatch(name) or hasattr(nn.ModuleDict(), name):
            raise ValueError(
                "An attribute is named with letters from a to z, digits, '-' and '_', a letter first, and "
                f"not by a word that torch reserves for modules; received {name!r}. Choose another name."
            )
        if len(aspects) < 2 or len(set(aspects)) != len(aspects):
            raise ValueError(
                f"Attribute {name!r} needs two or more different aspects; received {list(aspects)}. "
                "With one aspect there is nothing to tell apart."
            )
