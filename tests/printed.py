"""A command that is run, and what it printed, all of it."""

from typer.testing import CliRunner, Result

from chatbot.cli import app


def run(*arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(app, arguments, input=text, prog_name="chatbot")


def gives(result: Result, stdout: str, stderr: str = "", code: int = 0) -> None:
    assert (result.stdout, result.stderr, result.exit_code) == (stdout, stderr, code)
