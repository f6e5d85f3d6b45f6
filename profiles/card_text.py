"""The parts of a card's text, however its writer set it: sentences, and lists in a dozen notations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from profiles import card_lists
from profiles.card_lists import DOING, NAMES, ODD, SENTENCE

# A line end within a sentence, not before a key.
_WRAPPED = re.compile(r"(?<=[a-z,])\n(?=[a-z])(?![a-z'-]+(?: [a-z'-]+){0,2} ?[:=])")
_BOLD = re.compile(r"\*\*|__")
_TAGGED = re.compile(r"<([A-Za-z][\w ]{0,30})>\s*([^<>]*?)\s*</\1>")
_QUOTED_KEY = re.compile(r'"([A-Za-z][\w ]{0,30})"\s*:\s*(\[[^\[\]]*\]|"[^"]*"|\d+)')
_INCHES = re.compile(r"(?<=\d['\u2019]\d)[\"\u201d]|(?<=\d['\u2019]1[01])[\"\u201d]")
_PARTED = re.compile(r"(?<=\w) ?\| ?(?=\w)")
_EXAMPLES = re.compile(r"<START>", re.IGNORECASE)
_USER = re.compile(r"(?:\{\{user\}\}|<USER>)(?P<of>['\N{RIGHT SINGLE QUOTATION MARK}]s)?", re.IGNORECASE)
_USER_IS = re.compile(r"(?:\{\{user\}\}|<USER>) (is|was|has|does)\b", re.IGNORECASE)
_YOU_ARE = {"is": "are", "was": "were", "has": "have", "does": "do"}
_QUOTATION = re.compile(r'"[^"]+"')
DOES = "does"  # the key of what the character does: "Works in a bar."
FIRST_PERSON = re.compile(r"(?:I|I'm|I've|I'd|I'll|My) [^\"*<>{}\[\]]+[.!]")
_CALL = re.compile(
    r"([A-Za-z][\w /&'-]{0,40}?)\s{0,3}\(\s*((?:[\"\N{LEFT DOUBLE QUOTATION MARK}]|\d)[^()]*)\)"
)
_KEYED = re.compile(r"[\s*\-\N{BULLET}+#\[({]*([A-Za-z][\w /&'.-]{1,60}?)[\s*]*[:=][\s*]*([^\s*].*)")
_HEADING = re.compile(r"[\s*\-\N{BULLET}+#\[]*([A-Za-z][\w /&']{1,30}?)[\s*:]*")
_BULLET = re.compile(r"\s*[-*\N{BULLET}+]\s*(.+)")
_ABBREVIATED = "".join(rf"(?<!\b{short}\.)" for short in ("Mr", "Ms", "Dr", "St", "Mrs", "Prof", "Jr", "Sr"))
_FULL_STOP = re.compile(rf"{_ABBREVIATED}(?:(?<!\b[ap]\.m\.)|(?=\s+[A-Z]))(?<=[.!?])[\"\u201d)]?\s+")
_YEARS = re.compile(r"\b(\d{1,5}) years old\b")
CHARACTER = re.compile(  # keys of lists that tell of it
    r"(?:(?:personality|character|core|positive|negative)\ )?traits?"
    r"|personality|personalities|flaws|temperament|mind|mood|demeanou?r|nature"
)
_PROSE = re.compile(
    "description|background|backstory|history|bio|biography|about|summary|story|past|overview"
)


def plain(text: str, *, user: bool) -> str:
    """The text before its examples, without bold type and tags, with "you" for the user."""
    text = _BOLD.sub("", _TAGGED.sub(r"\n\1: \2\n", _EXAMPLES.split(text)[0]))
    text = _QUOTED_KEY.sub(_entry, _INCHES.sub("", _PARTED.sub(", ", text)))
    if not user:
        return text
    text = _USER_IS.sub(lambda found: f"you {_YOU_ARE[found[1].lower()]}", text)
    return _USER.sub(lambda found: "your" if found["of"] else "you", text)


def _entry(found: re.Match[str]) -> str:
    """An entry of an object of JSON as a line; what is told of it has no quotes, as that of others has."""
    key = found[1].replace("_", " ")
    return f"\n\n{key}: {found[2].strip(chr(34)) if _kind(key.lower(), set()) else found[2]}\n"


def parts(text: str, name: str) -> Iterator[tuple[str, str]]:
    """The key, "" for a sentence and DOES for what the character does, and the text of each part."""
    names = {name.lower(), *name.lower().split()}
    own = True  # whether the keys are of this character, where a card has several
    for line in _listed_lines(
        [" ".join(line.split()) for line in _WRAPPED.sub(" ", text).split("\n")], names
    ):
        if _kind(_key(line.strip("#*: "), names), names) in ("prose", "itself", "name"):
            continue  # a heading, of nobody else
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
                yield from ((DOES, item) for item in card_lists.things(value))
            elif keyed and (kind == "prose" or SENTENCE.match(value)):
                yield "", value
            elif kind == "itself" and not ODD.search(value):  # [Ada: tall, grumpy, 30 years old]
                yield "personality", value
                if years := _YEARS.search(value):
                    yield "age", years[1]
            elif keyed and kind and own:
                yield key, value
            elif not keyed and " + " in value and value.partition(" + ")[0].lower() in names:
                yield "personality", value.partition(" + ")[2]  # Ada + tall + grumpy
            elif not keyed and DOING.match(value) and names.isdisjoint(value.lower().split()[:1]):
                yield DOES, value
            elif not keyed and value and not (label and FIRST_PERSON.match(value)):
                yield "", value


def _pieces(line: str, names: set[str]) -> list[str]:
    """A line as its sentences and as its lists, one key each."""
    pieces: list[str] = []
    keyed = _KEYED.fullmatch(line)
    if line.count('"') % 2 == 0 and not (keyed and _kind(_key(keyed[1], names), names) in ("list", "name")):
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
            items.append(item if _key(heading, names) in NAMES else card_lists.lowered([item])[0])
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
    return CHARACTER.fullmatch(key) is not None or card_lists.known(key)
