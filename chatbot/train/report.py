"""A report of an evaluation: report.html, one file with everything in it, and report.md with its images.

Both are made from the result alone. What models and corpora say is text, never markup: it is escaped on the
way into HTML as into Markdown, and the page forbids scripts and anything from elsewhere besides.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chatbot.terminal import clean, counted
from chatbot.train import markdown
from chatbot.train.plots import pictures
from chatbot.train.tables import tables

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 13px; margin: .5rem 0 1rem; display: block; overflow-x: auto; }
td, th { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
img { max-width: 100%; } figcaption { color: #555; } h3 { margin-top: 2rem; }
"""
_CELLS = re.compile(r"(?<!\\)\|")  # a bar that is text has a backslash before it
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write(result: Mapping[str, Any], folder: Path) -> Path:
    """Write both files and the images into `folder`; returns the page. UsageError without matplotlib."""
    drawn = pictures(result)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, image) in drawn.items():
        (folder / name).write_bytes(image)
    page = folder / "report.html"
    page.write_text(to_html(result, drawn), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(result, drawn), encoding="utf-8")
    return page


def to_markdown(result: Mapping[str, Any], drawn: Mapping[str, tuple[str, bytes]]) -> str:
    images = [f"![{shows}]({name})\n\n{shows}\n" for name, (shows, _) in drawn.items()]
    said = ([s["asked"] or "nothing asked", s["message"], s["reply"]] for s in result["samples"])
    lines = ["- **{}** — {} → {}".format(*map(markdown.literal, texts)) for texts in said]
    return "\n".join(
        [
            f"# Evaluation of {markdown.literal(result['model'])}\n",
            f"{markdown.literal(conditions(result))}\n",
            tables(result),
            "### Pictures\n",
            *images,
            "### Some replies, drawn at random\n",
            *lines,
            "",
        ]
    )


def to_html(result: Mapping[str, Any], drawn: Mapping[str, tuple[str, bytes]]) -> str:
    title = _text(f"Evaluation of {result['model']}")
    images = [
        f'<figure><img alt="{html.escape(shows)}" src="data:image/png;base64,'
        f'{base64.b64encode(image).decode()}"><figcaption>{html.escape(shows)}</figcaption></figure>'
        for shows, image in drawn.values()
    ]
    head = ("asked", "message", "reply")
    samples = [_row((sample[key] for key in head), "td") for sample in result["samples"]]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>",
            f"<h1>{title}</h1>\n<p>{_text(conditions(result))}</p>",
            *_blocks(tables(result)),
            "<h3>Pictures</h3>",
            *images,
            f"<h3>Some replies, drawn at random</h3>\n<table>{_row(head, 'th')}",
            *samples,
            "</table>\n</body>\n</html>\n",
        ]
    )


def conditions(result: Mapping[str, Any]) -> str:
    """Under what conditions the figures came about, in a paragraph."""
    sampling = ", ".join(f"{name} {value}" for name, value in result["sampling"].items())
    return (
        f"{result['command'] or 'chatbot eval'}: {counted(result['messages'], 'held-out message')}, "
        f"{counted(result['rounds'], 'round')} (seed = {result['seeds']}), "
        f"{counted(result['replies'], 'reply')} in all. Sampling: {sampling}. "
        f"Corpus {result['corpus_digest'][:16]}, weights {result['model_digest']}, "
        f"version {result['version']}, Python {result['python']}. "
        "In brackets: 95 % bootstrap intervals over messages; each section says on how many it rests."
    )


def _blocks(text: str) -> Iterator[str]:
    """The headings, tables and paragraphs of `tables` as HTML; no other Markdown is known."""
    for block in re.split(r"\n{2,}", text.strip()):
        lines = block.strip().splitlines()
        if lines[0].startswith("### "):
            yield f"<h3>{html.escape(lines[0][4:])}</h3>"
        elif lines[0].startswith("|"):
            cells = ((markdown.read(cell.strip()) for cell in _CELLS.split(line)[1:-1]) for line in lines)
            head, _, *rows = cells
            yield f"<table>{_row(head, 'th')}{''.join(_row(row, 'td') for row in rows)}</table>"
        else:
            yield f"<p>{_text(markdown.read(' '.join(lines)))}</p>"


def _row(cells: Iterable[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _text(text: str) -> str:
    return html.escape(clean(text))
