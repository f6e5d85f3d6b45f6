"""`chatbot eval`: what it refuses before the work, and what is left where a disk is full after it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chatbot.cli import app, start
from chatbot.train import evaluate
from chatbot.train.interview import Scope
from full_disk import no_room_for
from toy_language import Double, judged, write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("command") / "corpus")


@pytest.mark.parametrize("command", [["eval"], ["eval", "versus", "a", "b"], ["eval", "ablate"]])
@pytest.mark.parametrize("place", ["no/out.json", "file/out.json", "."])
def test_what_cannot_be_written_is_refused_before_the_work(
    command: list[str], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: pytest.fail("the work began"))
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, [*command, "--output", str(tmp_path / place)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--output writes a file, into a folder that exists" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("words", ["eval", "eval versus a b", "eval ablate", "train --output m"])
def test_a_command_says_when_its_judge_is_not_installed(words: str) -> None:
    program = "import sys; sys.modules['sklearn'] = None; from chatbot.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *words.split()], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith(f"Install it with: pip install 'chatbot[{words.split()[0]}]'\n")


def test_a_report_and_a_seal_are_refused_before_the_work_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: pytest.fail("the work began"))
    (tmp_path / "file").touch()
    for place in ("file", "file/report"):
        result = CliRunner().invoke(app, ["eval", "--report", str(tmp_path / place)])
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--report makes a folder to write into" in result.stderr
        arguments = ["eval", "ablate", "--train-steps", "2", "--work", str(tmp_path / place)]
        assert "--work makes a folder" in CliRunner().invoke(app, arguments).stderr
    monkeypatch.setattr("os.access", lambda *_: False)
    result = CliRunner().invoke(app, ["eval", "--seal"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--seal writes into the model's folder" in result.stderr


def test_a_model_that_is_not_there_is_not_called_read_only() -> None:
    for model in ("no-model", __file__):
        result = CliRunner().invoke(app, ["eval", "--seal", "--model", model])
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{model!r} has none" in result.stderr


def test_options_before_a_command_are_not_lost() -> None:
    result = CliRunner().invoke(app, ["eval", "--seeds", "2", "versus", "a", "b"])
    assert (result.exit_code, result.stderr[-15:]) == (2, "Put it behind.\n")


def test_figures_that_cannot_be_written_are_printed(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    output, same = tmp_path / "out.json", ["--corpus", str(corpus), "--contexts", "1", "--judges", "ngram"]
    for command, title in ((["eval"], "### How far"), (["eval", "versus", "a", "b"], "### Head to head")):
        with no_room_for(output):
            result = CliRunner().invoke(app, [*command, *same, "--output", str(output)])
        assert result.exit_code == 1
        assert "No space left" in result.stderr
        assert result.stdout.startswith(title)


def test_the_command_of_an_evaluation_is_what_does_it_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for where the corpus lies on this machine."""
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    found = judged(Double(), corpus, contexts=1)
    heard: list[str] = []

    def run(engine: object, folder: Path, scope: Scope, progress: object) -> dict[str, Any]:
        heard.append(scope.command)
        return found

    monkeypatch.setattr(evaluate, "run", run)
    flags = "--contexts 7 --seeds 2 --distinct 9 --judges ngram --corpus 'my lines' --temperature 0.7"
    place = ["--corpus", str(tmp_path / "my lines")]
    for arguments in ([], [*shlex.split(flags), *place]):
        assert CliRunner().invoke(app, ["eval", *arguments]).exit_code == 0
    assert heard == ["chatbot eval --contexts 200 --seeds 1", f"chatbot eval {flags}"]
