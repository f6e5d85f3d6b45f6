"""Where a reply could have ended: behind its sentences and clauses, but not inside of a quotation."""

from __future__ import annotations

import pytest

from chatbot.decoding.endings import earlier_endings


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("No, with my sister. She is quiet.", ["No, with my sister."]),
        ("I sing all day, and I laugh!", ["I sing all day!"]),
        ("I sing all day, but do you?", ["I sing all day."]),
        (
            "It fell, and it broke. It is late, so go!",
            ["It fell, and it broke.", "It fell, and it broke. It is late!"],
        ),
        ("Oh, you poor thing… Come in! Sit down.", ["Oh, you poor thing…", "Oh, you poor thing… Come in!"]),
        ('He said "go." and left. I stayed.', ['He said "go."', 'He said "go." and left.']),
        ('"It is late. Go," he said. I went.', ['"It is late. Go," he said.']),
        ("I saw old Dr. Grey at home. He slept.", ["I saw old Dr. Grey at home."]),
        *(
            (f"I met old {title}. Grey at home. He slept.", [f"I met old {title}. Grey at home."])
            for title in ("Mr", "Mrs", "Ms", "St")
        ),
        ("So did I. You slept.", ["So did I."]),  # I is no name
        ("He said “go. Now” and left. I stayed.", ["He said “go. Now” and left."]),
        ("I sing (when it rains.) So do you.", ["I sing (when it rains.)"]),
        ("I like the rain, and the", ["I like the rain."]),
        ("Do you like tea, or do you prefer coffee?", ["Do you like tea?"]),
        (
            "It is late, and where are you, or do you sleep?",
            ["It is late.", "It is late, and where are you?"],
        ),
        ("How old is she, and where?", ["How old is she?"]),
        ("Have a cup of tea, and what do you think?", ["Have a cup of tea."]),
        ("When we are old we sing, but do you?", ["When we are old we sing."]),
        ("I read J. K. Rowling, and I like it.", ["I read J. K. Rowling."]),
        ("He does! He knows every name.", []),  # two words are too few
        ("Bread, butter, and cheese", []),
        ("I like the rain, the sea and you.", []),
        ("I like the rain.", []),
        ("", []),
    ],
)
def test_a_reply_could_have_ended_behind_each_sentence_and_clause(text: str, ends: list[str]) -> None:
    assert earlier_endings(text) == ends


def test_what_a_reply_begins_with_stays_whole() -> None:
    text = "Well, it is late. Sleep well, and dream. Good night."
    assert earlier_endings(text, "Well, it is late. Sleep") == [
        "Well, it is late. Sleep well.",
        "Well, it is late. Sleep well, and dream.",
    ]
