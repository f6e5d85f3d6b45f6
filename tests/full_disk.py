"""A disk that is full for one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest


class Full(BytesIO):
    """A file on a disk without room."""

    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


@contextmanager
def no_room_for(target: Path) -> Iterator[None]:
    """The file can be made meanwhile, and nothing written into it."""
    real = Path.open

    def opened(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        file = real(self, mode, *rest, **options)
        if self != target:
            return file
        file.close()
        return Full()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        yield
