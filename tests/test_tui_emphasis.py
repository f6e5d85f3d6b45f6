"""What is *emphasized* in a message, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.content import Content

from chatbot.tui.emphasis import emphases, emphasized
from tui_scripted import WatchedApp, open_session, ready, say


def marked(text: str) -> list[tuple[str, int]]:
    return [(text[start:end], size) for start, end, size in sorted(emphases(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("*looks up* Yes?", [("*looks up*", 1)]),
        ("I am **not** late, *sir*.", [("**not**", 2), ("*sir*", 1)]),
        ("***Both.***", [("***Both.***", 3)]),
        ("*he says **now** and leaves*", [("*he says **now** and leaves*", 1), ("**now**", 2)]),
        ("**a *b* c**", [("**a *b* c**", 2), ("*b*", 1)]),
        ('("*quoted*")', [("*quoted*", 1)]),
        ("one *two\nthree* four", []),
        ("2 * 3 * 4 and 2*3*4", []),
        ("* one\n* two", []),
        ("f*** and f**k, and *open", []),
        ("**** * ** a ****b****", []),
        ("*[bold]x[/]*", [("*[bold]x[/]*", 1)]),
        ("*one* *two*", [("*one*", 1), ("*two*", 1)]),
        ("*a **b* c**", [("*a **b*", 1)]),
    ],
)
def test_what_is_emphasized(text: str, found: list[tuple[str, int]]) -> None:
    assert marked(text) == found
    assert emphasized(Content(text)).plain == text, "the letters stay as they are"


def test_a_long_row_of_asterisks_takes_no_time() -> None:
    assert marked("*a " * 7000) == []
    assert len(emphasized(Content("*a* " * 5000)).spans) == 15_000


async def test_a_reply_shows_it_unless_the_setting_says_otherwise(tmp_path: Path) -> None:
    for emphasis, styles in ((True, {"italic", "bold"}), (False, set[str]())):
        session, engine = open_session(tmp_path / f"{emphasis}.db")
        engine.lines = ["*looks up* It is **late** [b]now[/b]."]
        app = WatchedApp(session, emphasis=emphasis)
        async with app.run_test(size=(100, 30)) as pilot:
            await ready(pilot)
            await say(pilot, "hi")
            view = app.chat.conversation.views[-1]
            shown = view.render()
            assert isinstance(shown, Content)
            assert "*looks up* It is **late** [b]now[/b]." in shown.plain
            body = shown.plain.index("*looks")
            found = {
                (str(span.style), shown.plain[span.start : span.end])
                for span in shown.spans
                if span.start >= body and span.style in ("italic", "bold")
            }
            assert found == ({("italic", "looks up"), ("bold", "late")} if styles else set())
        session.manager.close()
