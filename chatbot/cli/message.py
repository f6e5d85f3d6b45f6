"""`chatbot message`: one message at a time, by its number."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Read, change, mark and delete single messages.", no_args_is_help=True, rich_markup_mode=None
)
