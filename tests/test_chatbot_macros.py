"""Macros: each one's meaning, what stays as it is, and that nothing put in is read again."""

from __future__ import annotations

import random
import time

import pytest

from chatbot.macros import filled

NAMES = {"char": "Ada", "user": "Ben"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{char}} and {{user}}", "Ada and Ben"),
        ("{{ChAr}} {{ USER }}", "Ada Ben"),
        ("<BOT> <USER> <char> <bot> <User>", "Ada Ben Ada Ada Ben"),
        ("{{// nobody {{char}} sees}}this{{//}}", "this"),
        ("a{{comment: x}}b{{hidden_key:y}}c", "abc"),
        ("{{reverse:abc}}", "cba"),
        ("{{reverse:{{char}}!}}", "!adA"),
        ("{{roll:1}} {{roll:d1}} {{ROLL: D1 }}", "1 1 1"),
        ("{{random:one}} {{pick:a\\,b}}", "one a,b"),
        ("{{random::a, b}}", "a, b"),
        ("{{random:{{char}},{{CHAR}}}}", "Ada"),
        ("{{random:{{pick:x,x}},x}}", "x"),
        ("{{{char}}}", "{Ada}"),
        ("{{unknown}} {{unknown:{{char}}}}", "{{unknown}} {{unknown:Ada}}"),
        ("{{time}} {{roll:2d6}} {{roll:d0}} {{roll:}} {{roll}} {{}}", None),
        ("{{char {{user}}", "{{char Ben"),
        ("}}{{char}}", "}}Ada"),
        ("{ {char} } <START> <b> a\\,b", None),
        ("", None),
    ],
)
def test_what_a_macro_says(text: str, said: str | None) -> None:
    assert filled(text, NAMES, "chance") == (text if said is None else said)


def test_what_is_put_in_is_never_read_as_a_macro() -> None:
    names = {"char": "{{user}}<USER>", "user": "{{char}}{{roll:1}}"}
    assert filled("{{char}} {{user}} <BOT>", names, "") == "{{user}}<USER> {{char}}{{roll:1}} {{user}}<USER>"
    assert filled("{{reverse:}}resu{{}}{{char}}", {"char": "x", "user": "y"}, "") == "resu{{}}x"
    assert filled("{{random:{{user}}}}", {"char": "x", "user": "a,b"}, "") == "a,b"


def test_draws_take_every_choice_and_the_same_one_at_the_same_chance() -> None:
    text = "{{random:a,b,{{char}}}} {{roll:6}}"
    said = [filled(text, NAMES, str(chance)).split() for chance in range(300)]
    assert {word for word, _ in said} == {"a", "b", "Ada"}
    assert {number for _, number in said} == set("123456")
    assert filled(text, NAMES, "7").split() == said[7]


def test_a_pick_is_the_same_for_ever_and_each_place_draws_for_itself() -> None:
    assert len({filled("{{pick:a,b,c,d}}", NAMES, str(chance)) for chance in range(20)}) == 1
    assert len({filled(f"{n} {{{{pick:a,b,c,d}}}}", NAMES, "")[-1] for n in range(60)}) == 4
    assert len(set(filled("{{random:a,b,c,d}}" * 60, NAMES, ""))) == 4


@pytest.mark.parametrize("before", ["", "{{random:a,b}} {{char}} ", "x" * 2_000_000])
def test_what_was_drawn_is_drawn_again_in_later_versions(before: str) -> None:
    text = f"{before}{{{{roll:1000000}}}}"
    source = random.Random(f"seed 1\0{len(before) + len('{{roll:')}\0{text}")
    assert filled(text, NAMES, "seed 1").endswith(f"{source.randint(1, 1_000_000)}"[-len(before) - 1 :])


def test_a_text_of_many_draws_draws_as_well() -> None:
    text = "{{random:a,b}}{{pick:c,d}}{{roll:2}}" * 1_000
    first, again, other = (filled(text, NAMES, chance) for chance in ("1", "1", "2"))
    assert (first, first[1::3]) == (again, other[1::3])
    assert first != other != filled(f"{text} ", NAMES, "2")[:-1]
    assert all(400 < first.count(letter) < 600 for letter in "abcd12")


@pytest.mark.parametrize(
    "text",
    [
        *("{{" * 25_000, "{{random:" * 5_000 + "}}" * 5_000, "{{reverse:a}}" * 3_000),
        *("{{random:a,b}}" * 20_000, "{{random:" + "{{user}}," * 10_000 + "}}", "{{pick:a,b}}" * 20_000),
        *("{{x:" * 100_000 + "}}" * 100_000, "{{" + " " * 200_000 + "}}", "{{" + "x" * 200_000 + " x}}"),
    ],
    ids=range(9),
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    filled(text, NAMES, "")
    assert time.process_time() - began < 2
