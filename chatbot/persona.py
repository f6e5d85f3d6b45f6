"""A profile as it speaks: its texts with their macros filled in, and what of them the model sees."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from chatbot import macros
from profiles import Profile

NAMELESS = "friend"  # what {{user}} becomes for a user who gave no name
LONGEST_SCENARIO = 200  # characters of a scenario that reach the model
RUN = secrets.token_hex(8)  # what {{random}} draws from: another one in each run of the program
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[DM]r\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bSt\.)\s+|(?<=[。！？])|\n+")
_FIRST_PERSON = re.compile(r"(?:i|my|me|we|our)\b", re.IGNORECASE)
_START = re.compile(r"<start>", re.IGNORECASE)


class Said(NamedTuple):
    """One line of an example: `role` is "user" or "bot"."""

    role: str
    text: str


def chance_of(seed: int) -> str:
    """What {{random}} draws from in a chat with this seed: the same for the same one; -1 is any."""
    return RUN if seed < 0 else f"seed {seed}"


def spoken(text: str, profile: Profile, user_name: str, chance: str = RUN) -> str:
    """The text with its macros filled in; what is put in is never read as a macro again.

    {{random}} and {{roll}} draw from `chance`: the same text says the same as long as that is the same.
    """
    return macros.filled(text, {"char": profile.speaker, "user": user_name or NAMELESS}, chance)


def draws(profile: Profile, *texts: str) -> bool:
    """Whether something that the profile or these texts say hangs on `chance`."""
    return any(map(macros.draws, (profile.model_dump_json(), *texts)))


def facts(profile: Profile, user_name: str, chance: str = RUN) -> tuple[str, ...]:
    """What the model is told about itself and the scene, before everything else."""
    return (*own_facts(profile, user_name, chance), *scenario(profile, user_name, chance))


def own_facts(profile: Profile, user_name: str, chance: str = RUN) -> tuple[str, ...]:
    """What the model is told about itself."""
    texts = (spoken(text, profile, user_name, chance) for text in profile.facts)
    return tuple(dict.fromkeys(text for text in texts if text.strip()))


def scenario(profile: Profile, user_name: str, chance: str = RUN) -> tuple[str, ...]:
    """What the model is told about the scene: a line, or none."""
    text = opening(spoken(profile.scenario, profile, user_name, chance), LONGEST_SCENARIO)
    return (" ".join(text.split()),) if text.strip() else ()


def greetings(profile: Profile, user_name: str, chance: str = RUN) -> tuple[str, ...]:
    """The ways in which the profile may open a conversation; the first is the usual one."""
    written = (profile.greeting, *profile.alternate_greetings)
    texts = (spoken(text, profile, user_name, chance) for text in written)
    return tuple(text for text in texts if text.strip())


def examples(profile: Profile, user_name: str, chance: str = RUN) -> tuple[Said, ...]:
    """The lines of the example dialogue, its blocks one after the other; what stands before the first one and
    what others say ("Old Nell: Ha.") is left out."""
    lines: list[Said] = []
    for block in _START.split(profile.example_dialogue):
        lines.extend(_block(block, profile, user_name))
    said = (Said(role, spoken(text, profile, user_name, chance).strip()) for role, text in lines)
    return tuple(line for line in said if line.text)


def user_facts(user_name: str, written: Iterable[str]) -> tuple[str, ...]:
    """What the model is told about the user.

    "lives in Oslo" becomes "The user lives in Oslo."; a text that begins with a capital letter is a sentence
    already, and stays as it is unless it is in the first person.
    """
    named = (f"is called {user_name.strip()}",) if user_name.strip() else ()
    texts = (" ".join(text.split()) for text in (*named, *written))
    return tuple(_of_user(text) for text in texts if text)


def of_user(memory: str) -> str:
    """A memory as the model is told it: a note in the user's own words must not read as the persona's."""
    return _of_user(memory) if is_own(memory) else memory


def is_own(text: str) -> bool:
    """Whether a fact about the user is in the user's own words."""
    return bool(_FIRST_PERSON.match(text))


def opening(text: str, limit: int) -> str:
    """The first sentences of a text, `limit` characters at most; of a longer first one its first words."""
    text = text.strip()
    whole = first_sentences(text, lambda said: len(said) <= limit)
    return whole or text[:limit].rpartition(" ")[0].rstrip() or text[:limit]


def first_sentences(text: str, fits: Callable[[str], bool]) -> str:
    """The first sentences of a text, as many as fit together; "" where the first alone does not."""
    whole = ""
    for end in chain((found.start() for found in _SENTENCE_END.finditer(text)), (len(text),)):
        if not fits(beginning := text[:end].rstrip()):
            break
        whole = beginning
    return whole


def _block(block: str, profile: Profile, user_name: str) -> Iterator[Said]:
    """Who says what in one block; a line without a speaker goes on with the last one's."""
    speaker = _speaker(profile, user_name)
    role, words = "", [""]
    for line in block.split("\n"):
        if found := speaker.match(line):
            yield Said(role, " ".join(words))
            role, words = "user" if found["user"] else "bot", [found["rest"].strip()]
        elif _is_of_another(line):
            yield Said(role, " ".join(words))
            role, words = "", [""]
        elif role and line.strip():
            words.append(line.strip())
    yield Said(role, " ".join(words))


def _is_of_another(line: str) -> bool:
    """Whether a line begins with a name, of three words at most, and a colon."""
    name, colon, _ = line.partition(":")
    words = name.split()
    return bool(colon) and 0 < len(words) <= 3 and all(word[0].isupper() for word in words)


def _speaker(profile: Profile, user_name: str) -> re.Pattern[str]:
    """Finds who speaks at the beginning of a line, by macro, by name or by role."""
    bot = (
        r"\{\{\s*char\s*\}\}",
        "<bot>",
        "<char>",
        "bot",
        re.escape(profile.speaker),
        re.escape(profile.name),
    )
    user = (r"\{\{\s*user\s*\}\}", "<user>", "user", "you", re.escape(user_name or NAMELESS))
    who = f"(?P<bot>{'|'.join(bot)})|(?P<user>{'|'.join(user)})"
    return re.compile(rf"\s*(?:{who})\s*:(?P<rest>.*)", re.IGNORECASE)


def _of_user(text: str) -> str:
    end = "" if text[-1] in ".!?。！？" else "."
    if is_own(text):
        return f'The user says: "{text}{end}"'
    return f"{text}{end}" if text[0].isupper() else f"The user {text}{end}"
