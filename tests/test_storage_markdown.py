"""Markdown: rendered, it reads as it was typed."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from storage import ConversationManager
from storage.transfer import exported


def test_markdown_is_the_active_path(manager: ConversationManager) -> None:
    made = manager.create(profile_name="gloomy-poet", profile={}, model="tiny").id
    manager.add_message(made, role="narrator", text="Rain.", hidden=True)
    question = manager.add_message(made, role="user", text="Who are you?\nReally?\n\nTell me.")
    first = manager.begin_reply(made, parent_id=question.id)
    manager.finish_reply(first.id, text="A man", state="partial", generation={})
    manager.begin_reply(made, parent_id=question.id)
    manager.select(first.id)
    text = exported(manager, made)
    date = re.escape(f"{manager.get(made).created_at:%Y-%m-%d %H:%M} UTC")
    assert re.sub(date, "DATE", text) == (
        "# Who are you? Really? Tell me.\n\n*with gloomy-poet, model tiny, DATE*\n\n"
        "**Narrator** *(hidden from the model)*\n\nRain.\n\n"
        "**You**\n\nWho are you?\\\nReally?\n\nTell me.\n\n"
        "**gloomy-poet** *(partial, alternative 1 of 2)*\n\nA man\n"
    )


@pytest.mark.parametrize(
    "said",
    [
        "# no heading", "Title\n=====", "Title\n---", "---", "***", "> no quote", "- no list\n- here", "+ a",
        "* b", "1. no list", "2) no list", "    no code", "\tno code", "`code`", "```\nfence\n```", "~~~\nx",
        "*no* _emphasis_ **at** __all__", "[no](http://link)", "![no](http://picture)", "[a]: http://reference",
        "<b>no html</b>", "<script>alert(1)</script>", "<!-- no comment -->", "<http://auto>",
        "&amp; &lt; &#65;",
        "back\\slash \\* \\", "a | b\n--|--\n1 | 2", "two  \nlines", "one\ntwo\nthree", "para\n\npara",
        "~~strike~~",
        "**You**\n\nforged", "snake_case_name 2*3*4", "ends with \\",
    ],
)  # fmt: skip
def test_rendered_markdown_reads_as_it_was_typed(manager: ConversationManager, said: str) -> None:
    """Judged by a Markdown reader that this project did not write."""
    made = manager.create(profile_name="*star*", profile={}, model="").id
    manager.add_message(made, role="user", text=said)
    manager.rename(made, "A *title*")
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = reader.render(exported(manager, made))
    assert html.startswith("<h1>A *title*</h1>\n<p><em>with *star*, model unknown, ")
    body = html.split("<p><strong>You</strong></p>\n", 1)[1]
    lines = (
        body.replace("</p>\n<p>", "\n\n").removeprefix("<p>").removesuffix("</p>\n").replace("<br />\n", "\n")
    )
    assert "<" not in lines  # paragraphs and line breaks, nothing else
    seen = lines.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    expected = "\n".join(line.rstrip() for line in said.split("\n")).replace("\t", " ")
    assert seen.replace("\xa0", " ") == expected


def test_markdown_carries_no_control_characters(manager: ConversationManager) -> None:
    made = manager.create(profile_name="p\x1b[31m", profile={}, model="m\n# x").id
    manager.add_message(made, role="user", text="a\x1b]0;title\x07b\x9b31m\r\nc\0d")
    text = exported(manager, made)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "\n# x" not in text
