"""Entries of a lorebook: what a persona knows of its world, each told when one of its keys is spoken of.

A character card holds them as `character_book`; reading one is lenient, and writing one changes only that in
which the profile differs from what the card reads as.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from profiles.errors import ProfileError
from profiles.names import is_unicode, shortened

MAX_ENTRIES = 10_000
MAX_LORE = 3_000_000  # characters of all entries that a profile takes over; the card keeps all
Json = dict[str, Any]
_SILLYTAVERN = ("selectiveLogic", "display_index")  # in the `extensions` of its entries
_LOGIC = ("any", "not all", "none", "all")  # what its selectiveLogic 0, 1, 2 and 3 mean
_NEW: Json = {"selectiveLogic": 0}  # what an entry reads as of which nothing is written
# Keys of its own lorebooks, which some cards hold as they are, and of Agnai's.
_OWN = {"key": "keys", "keysecondary": "secondary_keys", "order": "insertion_order"}
_OWN |= {"keywords": "keys", "entry": "content", "weight": "insertion_order"}


def valid_text(value: object) -> object:
    """The value of a field, a text or several; ProfileError where one is no valid Unicode."""
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and not is_unicode(text):
            raise ProfileError(f"A text is valid Unicode, not {shortened(text)}. Write it again.")
    return value


class LoreEntry(BaseModel):
    """One piece of knowledge and the keys that bring it up.

    `order` says where it stands among others (lower is earlier), `priority` what is left out first where
    there is no room (lower goes first). Of `secondary_keys` what `secondary` says must be there too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    keys: tuple[str, ...] = ()
    secondary_keys: tuple[str, ...] = ()
    secondary: Literal["any", "all", "none", "not all"] = "any"
    content: str = ""
    comment: str = ""
    constant: bool = False
    enabled: bool = True
    case_sensitive: bool = False
    use_regex: bool = False
    order: int | float = 0
    priority: int | float = 0

    _unicode = field_validator("*")(valid_text)


def entries_of(book: object) -> tuple[tuple[LoreEntry, ...], list[str]]:
    """The entries of a card's lorebook, and warnings."""
    raws = [*map(_in_words_of_a_card, _raw_entries(book))]
    entries = [_entry(raw) for raw in raws[:MAX_ENTRIES]]
    room, kept = MAX_LORE, 0
    for entry in entries:
        room -= len(entry.content) + sum(map(len, entry.keys))
        if room < 0:
            break
        kept += 1
    warnings: list[str] = []
    if kept < len(raws):
        warning = f"A profile takes {MAX_ENTRIES} entries and {MAX_LORE} characters of a lorebook"
        warnings.append(f"{warning}; of the card's {len(raws)} entries {kept} are used.")
    return tuple(entries[:kept]), warnings


def book_with(book: object, entries: Sequence[LoreEntry]) -> Json:
    """A card's lorebook with these entries. Of those that it has already only what says other is written."""
    raws, (known, _) = _raw_entries(book), entries_of(book)
    origins = _origins(known, entries)
    new: list[Json] = []
    for place, entry in enumerate(entries):
        origin = origins.get(place)
        raw, read = ({}, _NEW) if origin is None else (raws[origin], _fields(known[origin]))
        said = _fields(entry).items()
        changed = {key: value for key, value in said if key not in read or read[key] != value}
        if "selectiveLogic" in changed and "selectiveLogic" not in raw:
            marks = raw.get("extensions")
            logic = {"selectiveLogic": changed.pop("selectiveLogic")}
            changed["extensions"] = {**(marks if isinstance(marks, dict) else {}), **logic}
        new.append({"extensions": {}, **raw, **changed} if origin is None else raw | changed)
    before = book if isinstance(book, dict) else {}
    return {"extensions": {}, **before, "entries": [*new, *raws[len(known) :]]}  # and those beyond the limits


def _origins(known: Sequence[LoreEntry], entries: Sequence[LoreEntry]) -> dict[int, int]:
    """Place of an entry -> that of the card's entry which it was: an equal one, or else one of the same
    content, of the same keys or, among as many, in the same place. Equal ones keep their order."""
    traits: list[Callable[[int, LoreEntry], object]] = [
        lambda n, entry: entry,
        lambda n, entry: entry.content,
        lambda n, entry: entry.keys,
    ]
    if len(known) == len(entries):
        traits = [lambda n, entry: (n, entry), *traits, lambda n, entry: (n,)]
    found: dict[int, int] = {}
    for trait in traits:
        taken, free = set(found.values()), defaultdict[object, list[int]](list)
        for n, entry in enumerate(known):
            if n not in taken and trait(n, entry):
                free[trait(n, entry)].append(n)
        for n, entry in enumerate(entries):
            if n not in found and free[trait(n, entry)]:
                found[n] = free[trait(n, entry)].pop(0)
    return found


def _raw_entries(book: object) -> list[Json]:
    found = book.get("entries") if isinstance(book, dict) else None
    values: Iterable[object] = found.values() if isinstance(found, dict) else found or ()
    return [raw for raw in values if isinstance(raw, dict)] if isinstance(found, list | dict) else []


def _in_words_of_a_card(raw: Json) -> Json:
    """With what SillyTavern says within `extensions`, or in keys of its own."""
    own = {key: raw[theirs] for theirs, key in _OWN.items() if theirs in raw}
    extensions = raw.get("extensions")
    marks = extensions if isinstance(extensions, dict) else {}
    flags = {"enabled": raw.get("disable") is not True, "case_sensitive": raw.get("caseSensitive")}
    return {**own, **flags, **marks, **raw}


def _entry(raw: Json) -> LoreEntry:
    """One entry of a card. SillyTavern exports each of its own with `use_regex`, bare texts too."""
    logic = raw.get("selectiveLogic")
    return LoreEntry(
        keys=_texts(raw.get("keys")),
        secondary_keys=_texts(raw.get("secondary_keys")) if raw.get("selective", True) else (),
        secondary=_LOGIC[logic] if type(logic) is int and 0 <= logic < len(_LOGIC) else "any",
        content=_text(raw.get("content")),
        comment=_text(raw.get("comment")),
        constant=raw.get("constant") is True,
        enabled=raw.get("enabled") is not False,
        case_sensitive=raw.get("case_sensitive") is True,
        use_regex=raw.get("use_regex") is True and raw.keys().isdisjoint(_SILLYTAVERN),
        order=_number(raw.get("insertion_order")),
        priority=_number(raw.get("priority")),
    )


def _fields(entry: LoreEntry) -> Json:
    """The entry in the words of a card."""
    fields = entry.model_dump(mode="json")
    fields["insertion_order"] = fields.pop("order")
    fields["selectiveLogic"] = _LOGIC.index(fields.pop("secondary"))
    return {**fields, "selective": bool(entry.secondary_keys)}


def _texts(value: object) -> tuple[str, ...]:
    commas = [text.strip() for text in value.split(",")] if isinstance(value, str) else []
    values = value if isinstance(value, list) else commas
    return tuple(text for text in map(_text, values) if text.strip())


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return value if abs(value) < 2**53 else 0  # infinite and no numbers are 0 too
