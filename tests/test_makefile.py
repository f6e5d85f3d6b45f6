"""The Makefile, with a Python that only writes down what it is asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PYTHON = """#!/bin/sh
[ "$2" != "import pip" ] || exec test -e pip
[ "$1" != -c ] || exit 0
echo "$1 $2 $3" >> said
touch pip
[ "$2" = venv ] || exit 0
mkdir -p "$3/bin" && touch "$3/pyvenv.cfg"
[ -L "$3/bin/python" ] || ln -s "$0" "$3/bin/python"
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_what_is_there_is_not_made_again_unless_its_python_is_gone(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(Path(__file__).parent.parent / name, tmp_path)

    def asked(python: Path) -> list[str]:
        python.write_text(PYTHON)
        python.chmod(0o755)
        (tmp_path / "said").unlink(missing_ok=True)
        alone = {"PATH": os.environ["PATH"], "PYTHON": str(python)}
        subprocess.run(["make"], cwd=tmp_path, env=alone, check=True)
        return (tmp_path / "said").read_text().splitlines()

    old, new = tmp_path / "python3.12", tmp_path / "python3.13"
    everything = ["-m venv .venv", "-m pip install", "-m chatbot chat"]
    assert asked(old) == everything
    assert asked(old) == everything[2:]
    (tmp_path / "pip").unlink()  # as in a .venv that uv made
    assert asked(old) == ["-m ensurepip ", *everything[1:]]
    old.unlink()
    assert asked(new) == everything
