"""What the fields of a character card mean for a profile, and a profile for the fields of a card.

A card is the JSON object of version 1 (fields at the top), 2 or 3 (fields in `data`). Reading is lenient and
may lose something; writing never does: it takes the card as it was and changes only those fields in which the
profile differs from what that card reads as.
"""

from __future__ import annotations

from typing import Any

from profiles.arc import Points, check, points_of
from profiles.card_facts import Found, found_in
from profiles.errors import CardError, ProfileError
from profiles.lore import book_with, entries_of
from profiles.names import shortened, slug
from profiles.profile import MAX_DISPLAY_NAME, MAX_FACT_LENGTH, MAX_FACTS, Profile
from profiles.target import Target, checked_word
from profiles.traits import aspects_in

Json = dict[str, Any]
V2, V3 = "chara_card_v2", "chara_card_v3"
# Our keys in the card's extensions.
ATTRIBUTES, ARC, FACTS = "chatbot/attributes", "chatbot/arc", "chatbot/facts"
MAX_TEXT = 50_000  # characters of one text that a profile takes over; the card keeps all
TEXTS = {  # the profile's name of a text, and the card's
    "description": "description",
    "scenario": "scenario",
    "greeting": "first_mes",
    "example_dialogue": "mes_example",
}
V3_ONLY = (  # fields that version 2 does not have
    *("group_only_greetings", "nickname", "creator_notes_multilingual", "source", "assets"),
    *("creation_date", "modification_date"),  # Unix seconds; 0 means withheld
)
OTHERWISE = {  # the card's name of a field, and its names before version 1 and in files of Agnai
    "name": ("char_name",),
    "description": ("char_persona",),
    "first_mes": ("char_greeting", "greeting"),
    "mes_example": ("example_dialogue", "sampleChat"),
    "scenario": ("world_scenario",),
    "alternate_greetings": ("alternateGreetings",),
    "character_book": ("characterBook",),
}


def blank() -> Json:
    """The fields of a version 2 card that says nothing."""
    texts = ("name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes")
    more = ("system_prompt", "post_history_instructions", "creator", "character_version")
    return {**dict.fromkeys((*texts, *more), ""), "alternate_greetings": [], "tags": [], "extensions": {}}


def fields_of(card: Json) -> tuple[Json, list[str]]:
    """The object that holds the fields, whatever the version, and warnings. CardError when there is none."""
    if card.get("spec") == "lorebook_v3":
        raise CardError("A character card has a character, and this is a lorebook. Import the card of one.")
    if isinstance(card.get("data"), dict):
        return card["data"], _version_warnings(card)
    if "name" in card or "char_name" in card:
        other = {key: card[name] for key, names in OTHERWISE.items() for name in names if name in card}
        return {**other, **card, **_agnai(card)}, []
    raise CardError(
        "A character card has a name, and this object has none. Check that it is a card; a conversation is "
        "taken by `chatbot conversation import FILE`."
    )


def _agnai(card: Json) -> Json:
    """What a file of Agnai says of the character; its `description` is a note for people."""
    if not isinstance(persona := card.get("persona"), dict):
        return {}
    told = {key: ", ".join(_texts(values)) for key, values in _table(persona.get("attributes")).items()}
    lines = [text if key == "text" else f"{key}: {text}" for key, text in told.items()]
    return {"creator_notes": _text(card.get("description")), "description": "\n".join(lines)}


def profile_of(card: Json, name: str = "") -> tuple[Profile, list[str]]:
    """What the card says, as a profile under this name or the card's own, and warnings."""
    fields, warnings = fields_of(card)
    name = name or slug(_title(fields))
    if not name:
        title = shortened(fields.get("name"))
        raise CardError(f"A profile's name has a letter or a digit, the card's is {title}. Give one: --name.")
    extensions = _table(fields.get("extensions"))
    attributes, unread = _attributes(fields)
    arc, unheld = _arc(extensions.get(ARC, {}), attributes)
    lorebook, cut = entries_of(fields.get("character_book"))
    profile = Profile.parse(
        {
            "name": name,
            "display_name": _display_name(fields, name),
            **{ours: _text(fields.get(theirs)) for ours, theirs in TEXTS.items()},
            "facts": _facts(fields),
            "alternate_greetings": _texts(fields.get("alternate_greetings")),
            "tags": _tags(fields.get("tags")),
            "attributes": attributes,
            "arc": arc,
            "lorebook": lorebook,
        }
    )
    return profile, [*warnings, *unread, *unheld, *_cuts(fields), *cut]


def has_attributes(card: Json) -> bool:
    """Whether our targets are among the card's extensions, be it none of them."""
    return ATTRIBUTES in _table(fields_of(card)[0].get("extensions"))


def merged(card: Json | None, profile: Profile) -> Json:
    """The card with those fields changed that say other than the profile; version 1 becomes version 2."""
    if card is None:
        card = {"data": {**blank(), "name": profile.speaker}}
    fields, _ = fields_of(card)
    before, _ = profile_of(card, "" if slug(_title(fields)) else profile.name)
    changes = _changes(fields, before, profile)
    if fields is not card.get("data"):
        newer = {key: fields[key] for key in ("character_book", *V3_ONLY) if key in fields}
        fields = {key: fields.get(key, default) for key, default in blank().items()} | newer
    version = {"spec": V2, "spec_version": "2.0"}  # of a card that does not say it
    return {**version, **card, **_mirrored(card, changes), "data": {**fields, **changes}}


def _changes(fields: Json, before: Profile, profile: Profile) -> Json:
    """Card field -> new value, where the profile says other than the card."""
    changes: Json = {}
    if profile.speaker != before.speaker:  # the name of a file is no business of the card
        changes["nickname" if _text(fields.get("nickname")).strip() else "name"] = profile.speaker
    for ours, theirs in TEXTS.items():
        if getattr(profile, ours) != getattr(before, ours):
            changes[theirs] = getattr(profile, ours)
    for key in ("alternate_greetings", "tags"):
        if getattr(profile, key) != getattr(before, key):
            changes[key] = list(getattr(profile, key))
    if profile.lorebook != before.lorebook:
        changes["character_book"] = book_with(fields.get("character_book"), profile.lorebook)
    extensions: Json = {}
    if profile.attributes != before.attributes:
        targets = profile.attributes.items()
        extensions[ATTRIBUTES] = {name: target.written() for name, target in targets}
    if profile.arc != before.arc:
        extensions[ARC] = {name: [list(point) for point in points] for name, points in profile.arc.items()}
    if list(profile.facts) != _facts({**fields, **changes}):  # some are found in texts that may be new
        extensions[FACTS] = list(profile.facts)
        # Other programs know no facts. They read them in this field, unless somebody else wrote it.
        if _text(fields.get("personality")) in ("", "\n".join(before.facts)):
            changes["personality"] = "\n".join(profile.facts)
    if extensions:
        changes["extensions"] = {**_table(fields.get("extensions")), **extensions}
    return changes


def _mirrored(card: Json, changes: Json) -> Json:
    """The changes to fields that some programs repeat at the top of the card, under any of their names."""
    return {
        name: value
        for key, value in changes.items()
        for name in (key, *OTHERWISE.get(key, ()))
        if name in card
    }


def _version_warnings(card: Json) -> list[str]:
    spec, version = card.get("spec"), card.get("spec_version")
    try:
        known = (spec == V2 and version == "2.0") or (spec == V3 and float(str(version)) <= 3.0)
    except ValueError:
        known = False
    if known:
        return []
    return [f"Cards of version 2.0 and 3.0 are known; this one says {shortened(spec)} {shortened(version)}."]


def _title(fields: Json) -> str:
    """The name that the character is called by."""
    return _text(fields.get("nickname")).strip() or _text(fields.get("name")).strip()


def _display_name(fields: Json, name: str) -> str:
    """What the character is called, on one line; '' where that is the name of the profile."""
    title = " ".join(_title(fields).split())[:MAX_DISPLAY_NAME].strip()
    return "" if title == name else title


def _attributes(fields: Json) -> tuple[dict[str, Target], list[str]]:
    """Our own targets, with a warning for each that is none, or those that the texts speak of."""
    extensions = _table(fields.get("extensions"))
    if ATTRIBUTES not in extensions:
        aspects = aspects_in(_found(fields).character)
        return {name: Target.parse(aspect) for name, aspect in aspects.items()}, []
    targets: dict[str, Target] = {}
    warnings: list[str] = []
    for name, written in _table(extensions[ATTRIBUTES]).items():
        try:
            targets[checked_word("attribute", name)] = Target.parse(written)
        except ProfileError as error:
            warnings.append(f"The attribute {shortened(name)} of the card was left out. {error}")
    return targets, warnings


def _arc(value: object, attributes: dict[str, Target]) -> tuple[dict[str, Points], list[str]]:
    """The arcs among our extensions, and a warning for each that is none."""
    arc: dict[str, Points] = {}
    warnings: list[str] = []
    for name, written in _table(value).items():
        try:
            points = points_of({name: written})
            check(points, attributes)
            arc |= points
        except ProfileError as error:
            warnings.append(f"The arc {shortened(name)} of the card was left out. {error}")
    return arc, warnings


def _facts(fields: Json) -> list[str]:
    """Our own facts, or those found in the texts."""
    extensions = _table(fields.get("extensions"))
    facts = _texts(extensions[FACTS]) if FACTS in extensions else _found(fields).facts
    return [fact for fact in facts if len(fact) <= MAX_FACT_LENGTH][:MAX_FACTS]


def _found(fields: Json) -> Found:
    return found_in(_title(fields), _text(fields.get("personality")), _text(fields.get("description")))


def _cuts(fields: Json) -> list[str]:
    long = [key for key in TEXTS.values() if isinstance(fields.get(key), str) and len(fields[key]) > MAX_TEXT]
    return [f"A profile takes {MAX_TEXT} characters of a text; {key} in the card has more." for key in long]


def _table(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """The text, whatever type a program gave it, in valid Unicode and with plain line ends."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


def _texts(value: object) -> list[str]:
    texts = map(_text, value if isinstance(value, list) else [value])
    return [text for text in texts if text.strip()]


def _tags(value: object) -> list[str]:
    return [tag.strip() for tag in _texts(value.split(",") if isinstance(value, str) else value)]
