"""What sentences about a character become in its own words."""

from __future__ import annotations

import pytest

from profiles.clauses import MAX_WORDS
from profiles.first_person import Teller

HERS = "She knows that it is her own text, and hers alone."


def told(*sentences: str, title: str = "Marla Quint", text: str = HERS) -> list[str]:
    teller = Teller(title, text)
    return [fact for sentence in sentences for fact in teller.tell(sentence)]


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("Marla is a nurse.", ["I am a nurse."]),
        ("Marla Quint has a dog named Biscuit!", ["I have a dog named Biscuit."]),
        ("She watches birds.", ["I watch birds."]),
        ("She carries a lamp", ["I carry a lamp."]),
        ("She goes home at six.", ["I go home at six."]),
        ("She possesses three keys.", ["I possess three keys."]),
        ("She doesn't trust doctors.", ["I don't trust doctors."]),
        ("She isn't from here.", ["I am not from here."]),
        ("She isn't.", []),
        ("She is forty, Jack is thirty-five.", ["I am forty."]),
        ("She likes tea and Tom was her husband.", ["I like tea."]),
        ("Her mother made her study.", []),
        ("She used to be a nurse.", ["I used to be a nurse."]),
        ("She moved to Oslo.", ["I moved to Oslo."]),
        ("She was born in Rome.", ["I was born in Rome."]),
        ("She secretly loves thunder.", ["I secretly love thunder."]),
        ("She\u2019s a painter.", ["I am a painter."]),
        ("She's afraid of thunder.", ["I am afraid of thunder."]),
        ("Marla's a painter.", ["I am a painter."]),
        ("Marla's hair is red.", ["My hair is red."]),
        ("Her eyes are green.", ["My eyes are green."]),
        ("She sings.", ["I sing."]),
        ("She stutters when she is nervous.", ["I stutter when I am nervous."]),
        ("She lives with her sister, who hates her.", ["I live with my sister, who hates me."]),
        ("She's been to Rome.", ["I have been to Rome."]),
        ("She likes.", []),
        ("She taught herself to read.", ["I taught myself to read."]),
        ("She loves the sea and hates crowds.", ["I love the sea.", "I hate crowds."]),
        (
            "She bakes bread, plays chess and never sleeps.",
            ["I bake bread.", "I play chess.", "I never sleep."],
        ),
        ("She likes novels and plays.", ["I like novels and plays."]),
        (
            "She is a 34-year-old keeper who lives on an island.",
            ["I am 34 years old.", "I am a keeper.", "I live on an island."],
        ),
        ("She is a 9 years old elf.", ["I am 9 years old.", "I am an elf."]),
        ("She has a brother who lives in Rome.", ["I have a brother who lives in Rome."]),
        (
            "She lives in a tall house at the end of the street, where nobody has lived before her for long.",
            ["I live in a tall house at the end of the street."],
        ),
        ("She is your sister.", ["I am your sister."]),
        ("She thinks you is nice.", []),
        ("Marla, 34, is a nurse.", ["I am 34 years old.", "I am a nurse."]),
        ("Marla, a former soldier, runs a bar.", ["I am a former soldier.", "I run a bar."]),
        ("Marla, who is a cook, lives in Rome.", ["I am a cook.", "I live in Rome."]),
        ("Marla Jones, her sister, is a nurse.", []),
        ("Marla petals fill her room.", []),
        ("At thirty, she runs a bar.", ["I run a bar."]),
        ("Born on Mars, she joined the Fleet.", ["I was born on Mars.", "I joined the Fleet."]),
        ("She realizes that she is late.", ["I realize that I am late."]),
        ("She juggles balls and shaves the staff.", []),
        ("She works for her.", []),
        ("She has a cat with her.", ["I have a cat with me."]),
        ("She loves what she does and hates cats.", []),
        (
            "She lives with her father, who is a drunk, and works nights.",
            ["I live with my father, who is a drunk."],
        ),
        ("She grew up in Devon and moved to London.", ["I grew up in Devon.", "I moved to London."]),
        ("She isnt shy (or so she says).", ["I am not shy."]),
        ("Her mother taught her to paint.", ["My mother taught me to paint."]),
        ("You are her guest.", ["You are my guest."]),
        ("Is she kind?", []),
        ("She is thin and stands six feet tall.", ["I am thin.", "I stand six feet tall."]),
        ("She's solved three murders.", ["I have solved three murders."]),
        ("She's called the Fox.", ["I am called the Fox."]),
        ("Her boss you is kind.", []),
        ("The house is old.", []),
        ("Marla and Tom live in Rome.", []),
        ("He is a sailor.", []),
        ('She says "go away" to all.', []),
        ("She [redacted] the letter.", []),
        ("She met Marla once.", []),
        ("She loves " + "very " * MAX_WORDS + "old books.", []),
        ("", []),
        ("...", []),
    ],
)
def test_a_sentence_about_the_character(sentence: str, facts: list[str]) -> None:
    assert told(sentence) == facts


@pytest.mark.parametrize(
    ("text", "sentence", "facts"),
    [
        ("He lost his hat.", "He loves his dog, which guards him.", ["I love my dog, which guards me."]),
        (
            "They lost their hat.",
            "They have four arms and speak in riddles.",
            ["I have four arms and speak in riddles."],
        ),
        ("They lost their hat.", "Zyx loves their ship.", ["I love my ship."]),
        ("They lost their hat.", "They are an alien.", ["I am an alien."]),
    ],
)
def test_its_pronoun_is_that_of_its_text(text: str, sentence: str, facts: list[str]) -> None:
    assert told(sentence, title="Zyx", text=text) == facts


@pytest.mark.parametrize(
    ("sentences", "facts"),
    [
        (("Her mother is a nurse.", "She works at night."), ["My mother is a nurse."]),
        (("She has a sister.", "She is ten."), ["I have a sister."]),
        (("She has a brother.", "She is ten."), ["I have a brother.", "I am ten."]),
        (
            ("She has a sister.", "Marla is ten.", "She is tall."),
            ["I have a sister.", "I am ten.", "I am tall."],
        ),
        (("She is a quiet girl.", "She paints."), ["I am a quiet girl.", "I paint."]),
        (("Rosa is mean.", "She is old."), []),
        (("She has a watch of her mother.", "She is old."), ["I have a watch of my mother.", "I am old."]),
        (("Her landlady is an old woman.", "She is mean."), ["My landlady is an old woman."]),
        (("She's a quiet girl.", "She is ten."), ["I am a quiet girl.", "I am ten."]),
        (("Everyone loves her.", "She is ten."), ["I am ten."]),
        (('"Go away!"', "She is mean."), ["I am mean."]),
        (("The tower is old.", "She loves its walls."), ["I love its walls."]),
    ],
)
def test_a_pronoun_means_the_character_while_nobody_else_is_spoken_of(
    sentences: tuple[str, ...], facts: list[str]
) -> None:
    assert told(*sentences) == facts


@pytest.mark.parametrize("title", ["", "The", "a.b*c(", "{{char}}", "\u5c0f\u660e", "  "])
def test_any_title(title: str) -> None:
    assert told("She is tall.", f"{title} is tall.", title=title.strip())[:1] == ["I am tall."]


@pytest.mark.parametrize("piece", ["she ", " and likes ", "'", ", ", "a", " ", "She is "])
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    assert told(f"She likes {piece * 50_000}") == []
