"""Facts in the free text of a character card: its sentences and its lists, told in the first person.

Card writers say who a character is in every way: "I am a nurse.", "{{char}} is a nurse.", "Job: nurse",
`Job("nurse")`. A small model that reads five short facts in the first person uses all of them alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiles.card_lists import ITEM_END, told
from profiles.card_text import CHARACTER, DOES, FIRST_PERSON, parts, plain
from profiles.clauses import MAX_WORDS
from profiles.first_person import MAX_LENGTH, Teller, second_person

MOST = 16  # facts that are taken from a card's text
_ITEM_WORDS = 3  # of each thing in a list, at most on average
_CHAR = re.compile(r"\{\{char\}\}|<BOT>", re.IGNORECASE)
_YOU_IS = re.compile(r"\byou (?!always\b|as\b)\w+s\b")
_META = re.compile(  # instructions to a program that plays it
    r"\b(?:NPCs?|respond|reply|replies|in character|roleplay|third person|markdown|paragraphs?|played by"
    r"|an AI|every other character|(?:speak|act|talk) for you)\b",
    re.IGNORECASE,
)
_NOT_ITSELF = re.compile(r"\b(?:of|in|from|with|about|by|who|at)\b.*")  # "I am afraid of cruel men"
_PICTURE = re.compile("[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f]\u200d?")
_LEAST = ("I am a woman.", "I am a man.", "I am a human.")  # "who are you?" is answered better by others


@dataclass(frozen=True)
class Found:
    """What a card's text tells: facts in the first person, and the texts that tell of its character."""

    facts: tuple[str, ...]
    character: tuple[str, ...]


def found_in(title: str, personality: str, description: str) -> Found:
    """What the two texts of a card tell of the character of that name; English texts alone tell something."""
    title = " ".join(title.split()) if "\n" not in title else ""
    bare = " ".join(_PICTURE.sub(" ", title).split()) or title
    named = bare.rstrip(".") if len(title) <= 60 else ""
    texts = [_CHAR.sub(lambda char: named or char[0], text) for text in (personality, description)]
    teller = Teller(named, "\n".join(texts))
    user = not second_person(named, "\n".join(texts))  # where "you" is the character, the user has no word
    facts = [f"My name is {named}."] if named else []
    character: list[str] = []
    for text in texts:
        teller.begin()
        for key, said in parts(plain(text, user=user), named):
            if key == DOES:
                facts += teller.act(said)
            elif key:
                facts += told(key, said)
                character += [said] if CHARACTER.fullmatch(key) else []
            elif FIRST_PERSON.fullmatch(said):
                short = 3 <= len(said.split()) <= MAX_WORDS
                facts += [said] if short and not _YOU_IS.search(said) else []
            else:
                facts += teller.tell(said)
            if not key and text is texts[0] and _is_list(said):
                character.append(said)
    facts = [fact for fact in dict.fromkeys(facts) if not _META.search(fact)]
    ages = [fact for fact in facts if fact.endswith(" years old.")]
    facts = sorted((fact for fact in facts if fact not in ages[1:]), key=_LEAST.__contains__)[:MOST]
    of_itself = [_NOT_ITSELF.sub("", fact) for fact in facts if fact.startswith("I am ")]
    return Found(tuple(facts), (*character, *of_itself))


def _is_list(said: str) -> bool:
    """Whether it lists what somebody is like: "Kind, brave" is no sentence, which may be about others."""
    return len(said) <= MAX_LENGTH and len(said.split()) <= _ITEM_WORDS * (1 + len(ITEM_END.findall(said)))
