"""Facts in the free text of a character card: its sentences and its lists, told in the first person.

Card writers say who a character is in every way: "I am a nurse.", "{{char}} is a nurse.", "Job: nurse",
`Job("nurse")`. A small model that reads five short facts in the first person uses all of them alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from profiles.english import VERBS
from profiles.first_person import MAX_LENGTH, MAX_WORDS, Teller, second_person

MOST = 16  # facts that are taken from a card's text
_ITEM_WORDS = 3  # of each thing in a list, at most on average
_LOOKS_WORDS = 5  # that tell of hair or eyes, at most
MAX_ITEMS = 4  # of a list that becomes one fact
_CHAR = re.compile(r"\{\{char\}\}|<BOT>", re.IGNORECASE)
_USER = re.compile(r"(?:\{\{user\}\}|<USER>)(?P<of>['\N{RIGHT SINGLE QUOTATION MARK}]s)?", re.IGNORECASE)
_QUOTES = ' ."[]\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}'
_WRAPPED = re.compile(r"(?<=[a-z,])\n(?=[a-z])")  # a line end within a sentence
_BOLD = re.compile(r"\*\*|__")
_TAGGED = re.compile(r"<([A-Za-z][\w ]{0,30})>\s*([^<>]*?)\s*</\1>")
_QUOTED_KEY = re.compile(r'"([A-Za-z][\w ]{0,30})"\s*:\s*(\[[^\[\]]*\]|"[^"]*"|\d+)')
_EXAMPLES = re.compile(r"<START>", re.IGNORECASE)
_USER_IS = re.compile(r"(?:\{\{user\}\}|<USER>) (is|was|has|does)\b", re.IGNORECASE)
_YOU_ARE = {"is": "are", "was": "were", "has": "have", "does": "do"}
_QUOTATION = re.compile(r'"[^"]+"')
_DOES = "does"  # the key of what the character does: "Works in a bar."
_DOING = re.compile(rf"(?!will|would|won't|can|does)(?:{VERBS})(?=\s+\w)", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:he|she|they|it|you)(?= \w)", re.IGNORECASE)
_NOTHING = re.compile(r"none|n/a|unknown|nothing|no|various|\?+|-+", re.IGNORECASE)
_SEEN = re.compile(r"\b(?:hair|eyes|beard|freckles|scars?|glasses|wings|tail|ears)$")
_META = re.compile(  # instructions to a program that plays it
    r"\b(?:NPCs?|respond|reply|replies|in character|roleplay|third person|markdown|paragraphs?|played by"
    r"|an AI|every other character|(?:speak|act|talk) for you)\b",
    re.IGNORECASE,
)
_NOT_ITSELF = re.compile(r"\b(?:of|in|from|with|about|by|who|at)\b.*")  # "I am afraid of cruel men"
_CALL = re.compile(
    r"([A-Za-z][\w /&'-]{0,40}?)\s{0,3}\(\s*((?:[\"\N{LEFT DOUBLE QUOTATION MARK}]|\d)[^()]*)\)"
)
_KEYED = re.compile(r"[\s*\-\N{BULLET}+#\[({]*([A-Za-z][\w /&'.-]{1,60}?)[\s*]*[:=][\s*]*([^\s*].*)")
_HEADING = re.compile(r"[\s*\-\N{BULLET}+#\[]*([A-Za-z][\w /&']{1,30}?)[\s*:]*")
_BULLET = re.compile(r"\s*[-*\N{BULLET}+]\s*(.+)")
_ABBREVIATED = "".join(rf"(?<!\b{short}\.)" for short in ("Mr", "Ms", "Dr", "St", "Mrs", "Prof", "Jr", "Sr"))
_FULL_STOP = re.compile(rf"{_ABBREVIATED}(?<=[.!?])[\"\u201d)]?\s+")
_FIRST_PERSON = re.compile(r"(?:I|I'm|I've|I'd|I'll|My) [^\"*<>{}\[\]]+[.!]")
_YOU_IS = re.compile(r"\byou (?!always\b|as\b)\w+s\b")
_ITEM_END = re.compile(
    r"[\"\N{RIGHT DOUBLE QUOTATION MARK}]\s*[+,]\s*|\s*[,;+]\s*(?:and\s+)?|\s+and\s+(?![^,;+]{0,80}[,;+])"
)
_ARTICLE = re.compile(r"(?:an?|the|my|our|your|some|one|two|three|\d+)\s", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:in|on|at|near|above|under|below|behind|by|with|outside|inside|alone)\s", re.IGNORECASE
)
_THEIRS = re.compile(r"\b(?:her|his|their)\b(?= \w)")
_ODD = re.compile(r"[\"*<>{}\[\]()|\\=#~^_:]")
_YEARS = re.compile(r"\b(\d{1,5}) years old\b")
_CHARACTER = re.compile(  # keys of lists that tell of it
    r"(?:(?:personality|character|core|positive|negative)\ )?traits?"
    r"|personality|personalities|flaws|temperament|mind|mood|demeanou?r|nature"
)
_PROSE = re.compile(
    "description|background|backstory|history|bio|biography|about|summary|story|past|overview"
)


@dataclass(frozen=True)
class Found:
    """What a card's text tells: facts in the first person, and the texts that tell of its character."""

    facts: tuple[str, ...]
    character: tuple[str, ...]


def found_in(title: str, personality: str, description: str) -> Found:
    """What the two texts of a card tell of the character of that name; English texts alone tell something."""
    title = " ".join(title.split()) if "\n" not in title else ""
    named = title.rstrip(".") if len(title) <= 60 else ""
    texts = [_CHAR.sub(lambda char: named or char[0], text) for text in (personality, description)]
    teller = Teller(named, "\n".join(texts))
    user = not second_person(named, "\n".join(texts))  # where "you" is the character, the user has no word
    facts = [f"My name is {named}."] if named else []
    character: list[str] = []
    for text in texts:
        for key, said in _parts(_plain(text, user=user), named):
            if key == _DOES:
                facts += teller.act(said)
            elif key:
                facts += _listed(key, said)
                character += [said] if _CHARACTER.fullmatch(key) else []
            elif _FIRST_PERSON.fullmatch(said):
                short = 3 <= len(said.split()) <= MAX_WORDS
                facts += [said] if short and not _YOU_IS.search(said) else []
            else:
                facts += teller.tell(said)
            if not key and text is texts[0] and _is_list(said):
                character.append(said)
    facts = [fact for fact in dict.fromkeys(facts) if not _META.search(fact)]
    ages = [fact for fact in facts if fact.endswith(" years old.")]
    facts = [fact for fact in facts if fact not in ages[1:]][:MOST]
    of_itself = [_NOT_ITSELF.sub("", fact) for fact in facts if fact.startswith("I am ")]
    return Found(tuple(facts), (*character, *of_itself))


def _plain(text: str, *, user: bool) -> str:
    """The text before its examples, without bold type and tags, with "you" for the user."""
    text = _BOLD.sub("", _TAGGED.sub(r"\n\1: \2\n", _EXAMPLES.split(text)[0]))
    text = _QUOTED_KEY.sub(r"\n\1: \2\n", text)
    if not user:
        return text
    text = _USER_IS.sub(lambda found: f"you {_YOU_ARE[found[1].lower()]}", text)
    return _USER.sub(lambda found: "your" if found["of"] else "you", text)


def _is_list(said: str) -> bool:
    """Whether it lists what somebody is like: "Kind, brave" is no sentence, which may be about others."""
    return len(said) <= MAX_LENGTH and len(said.split()) <= _ITEM_WORDS * (1 + len(_ITEM_END.findall(said)))


def _parts(text: str, name: str) -> Iterator[tuple[str, str]]:
    """The key, "" for a sentence and _DOES for what the character does, and the text of each part."""
    names = {name.lower(), *name.lower().split()}
    own = True  # whether the keys are of this character, where a card has several
    for line in _listed_lines(
        [" ".join(line.split()) for line in _WRAPPED.sub(" ", text).split("\n")], names
    ):
        calls = [(_key(key, names), values) for key, values in _CALL.findall(line)]
        if any(_known(key) or key in ("name", "character", "description") for key, _ in calls):
            pieces = [f"{key}: {values}" for key, values in calls]
        else:
            pieces = _pieces(line, names)
        keyed = _KEYED.fullmatch(line)
        label = keyed is not None and not calls and _kind(_key(keyed[1], names), names) is None  # "Tom: Hi."
        for piece in pieces:
            keyed = _KEYED.fullmatch(piece)
            key = _key(keyed[1], names) if keyed else ""
            value = keyed[2].rstrip(" ])}") if keyed else piece.strip(" []{},")
            kind = _kind(key, names) if keyed else None
            if kind == "name":
                own = not name or not names.isdisjoint(re.findall(r"[\w'-]+", value.lower()))
            elif keyed and calls and kind == "prose":
                yield from ((_DOES, item) for item in _items(value))
            elif keyed and (kind == "prose" or _SENTENCE.match(value)):
                yield "", value
            elif kind == "itself" and not _ODD.search(value):  # [Ada: tall, grumpy, 30 years old]
                yield "personality", value
                if years := _YEARS.search(value):
                    yield "age", years[1]
            elif keyed and kind and own:
                yield key, value
            elif not keyed and _DOING.match(value) and names.isdisjoint(value.lower().split()[:1]):
                yield _DOES, value
            elif not keyed and value and not (label and _FIRST_PERSON.match(value)):
                yield "", value


def _pieces(line: str, names: set[str]) -> list[str]:
    """A line as its sentences and as its lists, one key each."""
    pieces: list[str] = []
    keyed = _KEYED.fullmatch(line)
    if line.count('"') % 2 == 0 and not (keyed and _kind(_key(keyed[1], names), names) == "list"):
        line = _QUOTATION.sub(lambda said: '".' if said[0][-2] in ".!?" else '"', line)
    for sentence in _FULL_STOP.split(line):
        keyed = _KEYED.fullmatch(sentence)
        listed = keyed is not None and _kind(_key(keyed[1], names), names) in ("list", "itself")
        for place, piece in enumerate(sentence.split(";")):
            if listed and place and not _KEYED.fullmatch(piece):
                pieces[-1] += f", {piece}"  # "Likes: tea; rain"
            else:
                pieces.append(piece.strip())
    return [piece for piece in pieces if piece]


def _listed_lines(lines: Sequence[str], names: set[str]) -> Iterator[str]:
    """The lines, those of a list behind a heading of its own as one: "Likes:", "- tea", "- rain"."""
    heading, items = "", list[str]()
    for line in (*lines, ""):
        bullet, head = _BULLET.fullmatch(line), _HEADING.fullmatch(line)
        if heading and bullet and not _KEYED.fullmatch(line):
            item = bullet[1].strip(" ,;")
            items.append(item if _key(heading, names) in _NAMES else _lowered([item])[0])
            continue
        if items:
            yield f"{heading}: {', '.join(items)}"
        heading, items = "", []
        if head and _known(_key(head[1], names)):
            heading = head[1]
        else:
            yield line


def _key(text: str, names: set[str]) -> str:
    """The key as it is compared: without the name of the character, whose it is."""
    owner, _, key = text.lower().rpartition("'s ")
    return " ".join((key if not owner or owner.strip() in names else text.lower()).split())


def _kind(key: str, names: set[str]) -> str | None:
    """What stands behind the key: "list", "prose", the "name", or the character "itself"."""
    if key in ("name", "full name", "character"):
        return "name"
    if _PROSE.fullmatch(key):
        return "prose"
    if key and key in names:
        return "itself"
    return "list" if _known(key) else None


def _known(key: str) -> bool:
    return _CHARACTER.fullmatch(key) is not None or any(key in keys.split("|") for keys, _ in _SAID)


def _items(value: str) -> list[str]:
    """The things of a list."""
    items = [_THEIRS.sub("my", item.strip(_QUOTES)) for item in _ITEM_END.split(value[:MAX_LENGTH])]
    return [item for item in items if item and not _ODD.search(item) and not _NOTHING.fullmatch(item)]


def _lowered(items: list[str]) -> list[str]:
    """Things as a sentence has them: where the first begins with a capital, it is that of a list, not of a
    name, for those that are no titles."""
    if not next((item for item in items if item[0].isalpha()), "a")[0].isupper():
        return items
    named = [item[:2].isupper() or (" " in item and item.istitle()) for item in items]
    lowered = [item if name else item[0].lower() + item[1:] for item, name in zip(items, named, strict=True)]
    return (
        lowered if all(not item[0].islower() or item == "you" for item in items) else [lowered[0], *items[1:]]
    )


def _listed(key: str, value: str) -> list[str]:
    """The fact that an entry of a list tells, if it is one of those that people ask for."""
    say = next((say for keys, say in _SAID if key in keys.split("|")), None)
    if say is _age:
        items = [value]
    else:
        items = [
            item for item in _items(value)[:MAX_ITEMS] if not _DOING.match(item) and not _SENTENCE.match(item)
        ]
    if say is None or not items:
        return []
    fact = say(items if key in _NAMES else _lowered(items))
    return [f"{fact}."] if fact and len(fact.split()) <= MAX_WORDS else []


def _all(items: Sequence[str], last: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def _one(item: str) -> str:
    if _ARTICLE.match(item) or re.fullmatch(r"\w+s", item):
        return item
    return f"{'an' if item[0].lower() in 'aeiou' else 'a'} {item}"


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
    return f"I live {'' if _PLACE.match(items[0]) else 'in '}{', '.join(items)}"


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
_NAMES = "|".join((_FROM, _HOME, _BIRTHDAY, _LANGUAGES, _NATIONALITY)).split(
    "|"
)  # what they list has capitals
_SAID: tuple[tuple[str, Callable[[list[str]], str]], ...] = (
    ("age", _age),
    ("occupation|job|profession|work|role", _work),
    ("species|race", _species),
    ("gender|sex", _sex),
    (_NATIONALITY, _nationality),
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
    ("fears|fear|phobias", _fears),
    ("pet|pets", lambda items: f"I have {_all([_one(item) for item in items])}"),
    ("goal|goals|dream|dreams|wants", _goal),
    (_LANGUAGES, lambda items: f"I speak {_all(items)}"),
)
