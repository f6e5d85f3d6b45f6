"""Facts in the free text of a character card: its sentences and its lists, told in the first person.

Card writers say who a character is in every way: "I am a nurse.", "{{char}} is a nurse.", "Job: nurse",
`Job("nurse")`. A small model that reads five short facts in the first person uses all of them alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from profiles.first_person import MAX_WORDS, Teller

MOST = 16  # facts that are taken from a card's text
_ITEM_WORDS = 3  # of each thing in a list, at most on average
MAX_ITEMS = 4  # of a list that becomes one fact
_CHAR = re.compile(r"\{\{char\}\}|<BOT>", re.IGNORECASE)
_USER = re.compile(r"(?:\{\{user\}\}|<USER>)(?P<of>['\N{RIGHT SINGLE QUOTATION MARK}]s)?", re.IGNORECASE)
_QUOTES = ' ."\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}'
_WRAPPED = re.compile(r"(?<=[a-z,])\n(?=[a-z])")  # a line end within a sentence
_EMPHASIS = re.compile(r"\*\*|__")
_ABBREVIATED = "".join(rf"(?<!\b{short}\.)" for short in ("Mr", "Ms", "Dr", "St", "Mrs", "Prof", "Jr", "Sr"))
_SENTENCE_END = re.compile(rf"{_ABBREVIATED}(?<=[.!?;])\s+|\n+")
_FIRST_PERSON = re.compile(r"(?:I|I'm|I've|I'd|I'll|My) [^\"*<>{}\[\]]+[.!]")
_CALL = re.compile(r"([A-Za-z][\w /&'-]{0,40}?)\s{0,3}\(\s*([\"\N{LEFT DOUBLE QUOTATION MARK}][^()]*)\)")
_KEYED = re.compile(r"[\s*\-\N{BULLET}+#]*([A-Za-z][\w /&'-]{1,30}?)[\s*]*[:=][\s*]*([^\s*].*)")
_ITEM_END = re.compile(r"[\"\N{RIGHT DOUBLE QUOTATION MARK}]\s*\+\s*|\s*[,;+]\s*(?:and\s+)?|\s+and\s+")
_ARTICLE = re.compile(r"(?:an?|the|my|our|your|some|one|two|three|\d+)\s", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:in|on|at|near|above|under|below|behind|by|with|outside|inside|alone)\s", re.IGNORECASE
)
_ODD = re.compile(r"[\"*<>{}\[\]()|\\=#~^_:]")
_CHARACTER = re.compile(  # keys of lists that tell of it
    r"(?:(?:personality|character|core|positive|negative)\ )?traits?"
    r"|personality|personalities|flaws|temperament|mind|demeanou?r|nature"
)
_PROSE = re.compile("description|background|backstory|history|bio|biography|about|summary|story|past")


@dataclass(frozen=True)
class Found:
    """What a card's text tells: facts in the first person, and the texts that tell of its character."""

    facts: tuple[str, ...]
    character: tuple[str, ...]


def found_in(title: str, personality: str, description: str) -> Found:
    """What the two texts of a card tell of the character of that name; English texts alone tell something."""
    named = title if title and "\n" not in title and len(title) <= 60 else ""
    facts = [f"My name is {named}."] if named else []
    character: list[str] = []
    teller = Teller(named, f"{personality}\n{description}")
    for text in (personality, description):
        for key, said in _parts(_named(text, named)):
            if key:
                facts += _listed(key, _items(said))
                character += [said] if _CHARACTER.fullmatch(key) else []
                continue
            if _FIRST_PERSON.fullmatch(said) and 3 <= len(said.split()) <= MAX_WORDS:
                facts.append(said)
            else:
                facts += teller.tell(said)
            if text is personality and len(said.split()) <= _ITEM_WORDS * (1 + len(_ITEM_END.findall(said))):
                character.append(said)  # "Kind, brave": no sentence about others
    facts = list(dict.fromkeys(facts))[:MOST]
    return Found(tuple(facts), (*character, *(fact for fact in facts if fact.startswith("I am "))))


def _named(text: str, name: str) -> str:
    """The text with the name of the character, "you" for the user, and no emphasis."""
    text = _CHAR.sub(lambda char: name or char[0], text)
    return _EMPHASIS.sub("", _USER.sub(lambda user: "your" if user["of"] else "you", text))


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The key, "" for a sentence, and the text of each part."""
    for line in _WRAPPED.sub(" ", text).splitlines():
        line = line.strip().strip("[]").strip()
        calls = _CALL.findall(line)
        pieces = [_KEYED.fullmatch(piece.strip()) for piece in line.strip(";").split(";")]
        whole = _KEYED.fullmatch(line)
        keyed = [match for match in (pieces if all(pieces) else [whole]) if match]
        if calls:
            yield from ((_key(key), values) for key, values in calls)
        elif keyed and not all(_PROSE.fullmatch(_key(match[1])) for match in keyed):
            yield from ((_key(match[1]), match[2]) for match in keyed)
        else:
            prose = keyed[0][2] if keyed else line
            yield from (("", sentence.strip()) for sentence in _SENTENCE_END.split(prose) if sentence.strip())


def _key(text: str) -> str:
    return " ".join(re.sub(r"^.*'s\s", "", text.lower()).split())


def _items(value: str) -> list[str]:
    """The things of a list."""
    items = [item.strip(_QUOTES) for item in _ITEM_END.split(value)]
    return [item for item in items if item and not _ODD.search(item)][:MAX_ITEMS]


def _lowered(items: list[str]) -> list[str]:
    """Things as a sentence has them: where all begin with a capital, it is that of a list, not of a name."""
    if not all(item[0].isupper() for item in items):
        return items
    named = [item.isupper() or (" " in item and item.istitle()) for item in items]
    return [item if name else item[0].lower() + item[1:] for item, name in zip(items, named, strict=True)]


def _listed(key: str, items: list[str]) -> list[str]:
    """The fact that an entry of a list tells, if it is one of those that people ask for."""
    say = next((say for keys, say in _SAID if key in keys.split("|")), None)
    if say is None or not items:
        return []
    fact = say(items if key in _NAMES else _lowered(items))
    return [f"{fact}."] if fact and len(fact.split()) <= MAX_WORDS else []


def _all(items: Sequence[str], last: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def _one(item: str) -> str:
    if _ARTICLE.match(item):
        return item
    return f"{'an' if item[0].lower() in 'aeiou' else 'a'} {item}"


def _age(items: list[str]) -> str:
    years = re.match(r"\d{1,5}(?!\d)(?!s)", items[0])
    return f"I am {years[0]} years old" if years else ""


def _with(noun: str) -> Callable[[list[str]], str]:
    """ "red" and "red hair" are both what somebody has whose hair is red."""

    def say(items: list[str]) -> str:
        looks = ", ".join(items)
        return f"I have {looks if re.search(noun, looks) else f'{looks} {noun}'}"

    return say


def _looks(items: list[str]) -> str:
    seen = [
        item
        for item in items
        if re.search(r"\b(?:hair|eyes|beard|freckles|scars?|glasses|wings|tail|ears)$", item)
    ]
    return f"I have {_all(seen)}" if seen else ""


def _home(items: list[str]) -> str:
    return f"I live {'' if _PLACE.match(items[0]) else 'in '}{', '.join(items)}"


def _sex(items: list[str]) -> str:
    return {"female": "I am a woman", "woman": "I am a woman", "male": "I am a man", "man": "I am a man"}.get(
        items[0].lower(), ""
    )


_FROM = "from|hometown|birthplace|place of birth|born in|origin"
_HOME = "home|lives in|residence|location|lives|living place"
_BIRTHDAY, _LANGUAGES, _NATIONALITY = "birthday|date of birth", "languages|speaks", "nationality"
_NAMES = "|".join((_FROM, _HOME, _BIRTHDAY, _LANGUAGES, _NATIONALITY)).split(
    "|"
)  # what they list has capitals
_SAID: tuple[tuple[str, Callable[[list[str]], str]], ...] = (
    ("age", _age),
    ("occupation|job|profession|work|role|class|species|race", lambda items: f"I am {_one(items[0])}"),
    ("gender|sex", _sex),
    (_NATIONALITY, lambda items: f"I am {items[0]}"),
    (_HOME, _home),
    (
        _FROM,
        lambda items: f"I come from {', '.join(items)}",
    ),
    (_BIRTHDAY, lambda items: f"My birthday is {', '.join(items)}"),
    ("hair|hair color|hair colour", _with("hair")),
    ("eyes|eye color|eye colour", _with("eyes")),
    ("appearance|looks|features|body", _looks),
    ("likes|like|loves|interests", lambda items: f"I like {_all(items)}"),
    ("dislikes|dislike|hates|hate", lambda items: f"I do not like {_all(items, 'or')}"),
    (
        "hobbies|hobby",
        lambda items: f"My {'hobby is' if len(items) == 1 else 'hobbies are'} {_all(items)}",
    ),
    ("fears|fear|phobias", lambda items: f"I am afraid of {_all(items)}"),
    ("pet|pets", lambda items: f"I have {_all([_one(item) for item in items])}"),
    (_LANGUAGES, lambda items: f"I speak {_all(items)}"),
)
