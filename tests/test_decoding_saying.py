"""A reply while it is found: where it ends, and that no part of a stop string is ever shown."""

from __future__ import annotations

from typing import Any

import pytest

from chatbot.decoding.saying import Saying

END = 0


class Letters:
    """Ids are characters."""

    def push(self, token_id: int) -> str:
        return chr(token_id) if token_id else ""

    def finish(self) -> str:
        return ""


def saying(*stops: str, text: str = "", **forms: str) -> Saying:
    speller: Any = Letters()
    return Saying(speller, END, stops=stops, text=text, forms=forms)


@pytest.mark.parametrize(
    ("stops", "said", "shown", "finish"),
    [
        ((), "It rains.", "It rains.", "length"),
        ((), "It rains.\0More", "It rains.", "end"),
        (("\nyou:",), "It rains.\nyou: Really?", "It rains.", "stop"),
        (("\nyou:",), "It rains.\nyours\0", "It rains.\nyours", "end"),  # only the beginning of one
        (("\nyou:",), "It rains.\nyo", "It rains.\nyo", "length"),  # held back, and given at the end
        (("\nyou:",), "It rains.\nyo\0", "It rains.\nyo", "end"),
        (("rain", "It"), "It rains.", "", "stop"),  # the first that is there, not the first in the list
        (("rains", "in"), "It rains.", "It ra", "stop"),  # the first that is whole
        (("aab",), "aaab", "a", "stop"),  # the beginning comes twice
        ((" x",), "  x", "x", "length"),  # white space before the reply is no part of it
    ],
)
def test_where_a_reply_ends(stops: tuple[str, ...], said: str, shown: str, finish: str) -> None:
    reply = saying(*stops)
    pieces = [reply.push(ord(letter)) for letter in said]
    pieces.append(reply.close())
    assert ("".join(pieces), reply.text, reply.finish) == (shown, shown, finish)


def test_no_part_of_a_stop_string_is_shown_before_it_is_known() -> None:
    reply = saying("you:")
    assert [reply.push(ord(letter)) for letter in "by yo ou you:"] == [
        *("b", "", "y ", "", "", "yo ", "o", "u", " ", "", "", "", ""),
    ]
    assert (reply.close(), reply.over, reply.push(ord("x"))) == ("", True, "")


def test_names_are_said_in_their_form_and_never_half() -> None:
    reply = saying("Zoë!", Zoe="Zoë")
    pieces = [reply.push(ord(letter)) for letter in "Zoe's Zoey, a zoe, Zoe!"]
    assert (pieces[:5], reply.text) == (["", "", "", "Zoë'", "s"], "Zoë's Zoey, a zoe, ")


def test_the_words_that_it_begins_with_do_not_stop_it() -> None:
    reply = saying("rain", text="The rain")
    for letter in " is rain":
        reply.push(ord(letter))
    assert (reply.text, reply.finish, len(reply.ids)) == ("The rain is ", "stop", 3)


@pytest.mark.parametrize(
    ("said", "kept"), [("Yes.\nyou: I", "Yes."), ("Oh you: I", "Oh"), ("you: I", "y"), ("Yes.", "Yes.")]
)
def test_the_ids_of_a_stop_string_are_none_of_the_reply(said: str, kept: str) -> None:
    reply = saying("\nyou:", "you:")
    for letter in said:
        reply.push(ord(letter))
    assert "".join(map(chr, reply.ids)) == kept
