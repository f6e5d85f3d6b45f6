"""Where a model runs and in which number format."""

from __future__ import annotations

import torch

from chatbot.errors import UsageError

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(device: str) -> torch.device:
    """The device of that name; "auto" is cuda, then mps, then cpu. Raises UsageError when it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, yes in there.items() if yes))
    if not there.get(device.partition(":")[0], False):
        known = ", ".join(name for name, yes in there.items() if yes)
        raise UsageError(f"The device must be 'auto' or one that this machine has ({known}), not {device!r}.")
    return torch.device(device)


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """The number format of that name; "auto" is bfloat16 where cuda computes in it, else float32."""
    if dtype == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast else torch.float32
    if dtype not in _DTYPES:
        raise UsageError(f"The dtype must be 'auto' or one of {', '.join(_DTYPES)}, not {dtype!r}.")
    return _DTYPES[dtype]
