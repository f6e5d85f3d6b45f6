"""The error tree: exit codes, and sentences that name what was probably meant."""

from __future__ import annotations

import pytest

from chatbot import errors
from chatbot.errors import UnknownNameError, suggestion


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ChatbotError, 1),
        (errors.ModelError, 1),
        (errors.FlowError, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.UnknownNameError, 2),
    ],
)
def test_every_error_has_its_exit_code_and_is_a_chatbot_error(kind: type[Exception], code: int) -> None:
    assert kind.exit_code == code  # type: ignore[attr-defined]
    assert issubclass(kind, errors.ChatbotError)


def test_an_unknown_name_is_answered_with_the_near_and_the_known_ones() -> None:
    error = UnknownNameError("attribute", "Atitude", ["style", "attitude", "mind"])
    assert (
        str(error)
        == "There is no attribute 'Atitude'. Did you mean 'attitude'? Known: attitude, mind, style."
    )


def test_nothing_near_lists_the_known_names_alone() -> None:
    assert suggestion("zzz", ["style", "mind"]) == " Known: mind, style."


def test_nothing_known_suggests_nothing() -> None:
    assert suggestion("zzz", []) == ""
