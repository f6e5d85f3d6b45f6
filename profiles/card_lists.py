"""What an entry of a card's list tells, in the first person: "Likes: tea, rain" -> "I like tea and rain."

One function for each kind of entry; _SAID says which keys it is for. Add a key there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from profiles.clauses import MAX_WORDS, with_article
from profiles.english import VERBS
from profiles.first_person import MAX_LENGTH

MAX_ITEMS = 4  # of a list that becomes one fact
_LOOKS_WORDS = 5  # that tell of hair or eyes, at most
_QUOTES = ' ."[]\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}'
DOING = re.compile(rf"(?!will|would|won't|can|does)(?:{VERBS})(?=\s+\w)", re.IGNORECASE)
SENTENCE = re.compile(r"(?:he|she|they|it|you)(?= \w)", re.IGNORECASE)
_NOTHING = re.compile(r"none|n/a|unknown|nothing|no|various|\?+|-+", re.IGNORECASE)
_SEEN = re.compile(r"\b(?:hair|eyes|beard|freckles|scars?|glasses|wings|tail|ears)$")
ITEM_END = re.compile(
    r"[\"\N{RIGHT DOUBLE QUOTATION MARK}]\s*[+,]\s*|\s*[,;+]\s*(?:and\s+)?|\s+and\s+(?![^,;+]{0,80}[,;+])"
)
_ARTICLE = re.compile(r"(?:an?|the|my|our|your|some|one|two|three|\d+)\s", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:in|on|at|near|above|under|below|behind|by|with|outside|inside|alone)\s", re.IGNORECASE
)
_THEIRS = re.compile(r"\b(?:her|his|their)\b(?= \w)")
ODD = re.compile(r"[\"*<>{}\[\]()|\\=#~^_:]")


def things(value: str) -> list[str]:
    """The things of a list."""
    items = [_THEIRS.sub("my", item.strip(_QUOTES)) for item in ITEM_END.split(value[:MAX_LENGTH])]
    return [item for item in items if item and not ODD.search(item) and not _NOTHING.fullmatch(item)]


def lowered(items: list[str]) -> list[str]:
    """Things as a sentence has them: where the first begins with a capital, it is that of a list, not of a
    name, for those that are no titles."""
    if not next((item for item in items if item[0].isalpha()), "a")[0].isupper():
        return items
    named = [item[:2].isupper() or (" " in item and item.istitle()) for item in items]
    lowered = [item if name else item[0].lower() + item[1:] for item, name in zip(items, named, strict=True)]
    return (
        lowered if all(not item[0].islower() or item == "you" for item in items) else [lowered[0], *items[1:]]
    )


def told(key: str, value: str) -> list[str]:
    """The fact that an entry of a list tells, if it is one of those that people ask for."""
    say = _said(key)
    if say is _age:
        items = [value]
    else:
        items = [
            item for item in things(value)[:MAX_ITEMS] if not DOING.match(item) and not SENTENCE.match(item)
        ]
    if say is None or not items:
        return []
    fact = say(items if key in NAMES else lowered(items))
    return [f"{fact}."] if fact and len(fact.split()) <= MAX_WORDS else []


def _all(items: Sequence[str], last: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def _one(item: str) -> str:
    if _ARTICLE.match(item) or re.fullmatch(r"\w+s", item):
        return item
    return with_article(item)


def _age(items: list[str]) -> str:
    years = re.match(r"\W*(\d{1,3}(?:,\d{3})+|\d{1,5})(?!\d|s|-\d| ?(?:months|weeks|days|hours))", items[0])
    return f"I am {years[1]} years old" if years else ""


def _work(items: list[str]) -> str:
    work = items[0]
    if re.match(r"(?:at|in|for|with|on)\b", work):
        return f"I work {work}"
    without = re.match(r"(?:retired|unemployed|homeless|self-employed|freelance)$", work)
    return f"I am {work if without else _one(work)}"


def _species(items: list[str]) -> str:
    if items[0].endswith(("s", "elves")):
        return ""
    colour = re.match(r"(?:white|black|asian|caucasian|latino|latina|hispanic|mixed|brown)$", items[0])
    return f"I am {items[0] if colour else _one(items[0])}"


def _nationality(items: list[str]) -> str:
    return f"I am {items[0]}" if re.match(r"[A-Z][\w-]*(?:n|sh|ese|ch|k|i)$", items[0]) else ""


def _with(noun: str) -> Callable[[list[str]], str]:
    """ "red" and "red hair" are both what somebody has whose hair is red."""

    def say(items: list[str]) -> str:
        looks = ", ".join(items)
        if len(looks.split()) > _LOOKS_WORDS or re.search(r"\b(?:bald|eyed|haired|none)\b", looks):
            return ""
        return f"I have {looks if re.search(noun, looks) else f'{looks} {noun}'}"

    return say


def _looks(items: list[str]) -> str:
    seen = [item for item in items if _SEEN.search(item)]
    return f"I have {_all(seen)}" if seen else ""


def _home(items: list[str]) -> str:
    where = re.sub(r"^(?:An?|The|My) ", lambda found: found[0].lower(), ", ".join(items))
    return f"I live {'' if _PLACE.match(where) else 'in '}{where}"


def _sex(items: list[str]) -> str:
    sex = {"female": "woman", "woman": "woman", "male": "man", "man": "man"}.get(items[0].lower())
    return f"I am a {sex}" if sex else ""


def _goal(items: list[str]) -> str:
    return f"I want {items[0]}" if items[0].startswith("to ") else ""


def _fears(items: list[str]) -> str:
    feared = [item for item in items if not item.startswith("that ")]
    return f"I am afraid of {_all(feared)}" if feared else ""


_FROM = "from|hometown|birthplace|place of birth|born in|origin"
_HOME = "home|lives in|residence|location|lives|living place"
_BIRTHDAY, _LANGUAGES, _NATIONALITY = "birthday|date of birth", "languages|speaks", "nationality"
NAMES = "|".join((_FROM, _HOME, _BIRTHDAY, _LANGUAGES, _NATIONALITY)).split("|")  # of what has capitals
_SAID: tuple[tuple[str, Callable[[list[str]], str]], ...] = (
    ("age", _age),
    ("occupation|job|profession|work|role", _work),
    ("species|race", _species),
    ("gender|sex", _sex),
    (_NATIONALITY, _nationality),
    (_HOME, _home),
    (_FROM, lambda items: f"I come from {', '.join(items)}"),
    (_BIRTHDAY, lambda items: f"My birthday is {', '.join(items)}"),
    ("hair|hair color|hair colour", _with("hair")),
    ("eyes|eye color|eye colour", _with("eyes")),
    ("appearance|looks|features|body", _looks),
    ("likes|like|loves|interests", lambda items: f"I like {_all(items)}"),
    ("dislikes|dislike|hates|hate", lambda items: f"I do not like {_all(items, 'or')}"),
    ("hobbies|hobby", lambda items: f"My {'hobby is' if len(items) == 1 else 'hobbies are'} {_all(items)}"),
    ("fears|fear|phobias", _fears),
    ("pet|pets", lambda items: f"I have {_all([_one(item) for item in items])}"),
    ("goal|goals|dream|dreams|wants", _goal),
    (_LANGUAGES, lambda items: f"I speak {_all(items)}"),
)


def known(key: str) -> bool:
    """Whether entries under this key tell something."""
    return _said(key) is not None


def _said(key: str) -> Callable[[list[str]], str] | None:
    return next((say for keys, say in _SAID if key in keys.split("|")), None)
