"""A profile: a named persona. What it says of itself, how it greets, and what its attributes are asked to be.

Knows nothing of models: whether a model has an attribute or an aspect is for the caller to check.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from profiles.arc import Points, check, points_of
from profiles.errors import ProfileError
from profiles.lore import MAX_ENTRIES, LoreEntry, valid_text
from profiles.names import checked_name, did_you_mean, is_unicode, shortened
from profiles.target import Target, checked_word

MAX_FACTS = 20
MAX_DISPLAY_NAME = 100  # characters
MAX_FACT_LENGTH = 200  # characters; a small model reads every fact before every reply


class Profile(BaseModel):
    """A named persona. `parse` is the door for data of unknown origin: its errors are sentences."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    display_name: str = ""  # what the persona is called, where that is not its name
    description: str = ""
    facts: tuple[str, ...] = ()
    greeting: str = ""
    alternate_greetings: tuple[str, ...] = ()
    scenario: str = ""
    example_dialogue: str = ""
    tags: tuple[str, ...] = ()
    attributes: dict[str, Target] = {}
    arc: dict[str, Points] = {}  # attribute -> (turn, strength or weight): how it grows as a talk goes on
    sampling: dict[str, Any] = {}  # how its words are drawn; the program that draws them knows the names
    lorebook: tuple[LoreEntry, ...] = ()

    @property
    def speaker(self) -> str:
        """What the persona is called: in a conversation, and where its texts say {{char}}."""
        return self.display_name or self.name

    @classmethod
    def parse(cls, data: object) -> Profile:
        """The profile of a mapping (a TOML file, a stored snapshot); ProfileError names every fault."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            sentences = dict.fromkeys(_sentence(dict(fault)) for fault in error.errors())
            raise ProfileError(" ".join(sentences)) from error

    def changed(self, **fields: object) -> Profile:
        """The same profile with some fields replaced, checked again."""
        targets = fields.get("attributes")
        if isinstance(targets, Mapping):  # whoever asks for something else ends the arc of that attribute
            held = {n: points for n, points in self.arc.items() if targets.get(n) == self.attributes[n]}
            fields.setdefault("arc", held)
        return Profile.parse({name: getattr(self, name) for name in type(self).model_fields} | fields)

    def without_arc(self, attribute: str) -> Profile:
        """With the strength that this attribute has at the first turn, at every turn."""
        if attribute not in self.arc:
            return self
        return self.changed(arc={name: points for name, points in self.arc.items() if name != attribute})

    def digest(self) -> str:
        """The first 16 hex digits of the SHA-256 of the canonical JSON: equal profiles, equal digests."""
        # What a profile does not say is left out, so that a key that comes later changes no digest.
        fields = self.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16]

    @field_validator("name")
    @classmethod
    def _safe_name(cls, name: str) -> str:
        return checked_name(name)

    _unicode = field_validator("*")(valid_text)

    @field_validator("display_name")
    @classmethod
    def _one_short_line(cls, name: str) -> str:
        if len(name) > MAX_DISPLAY_NAME or name != " ".join(name.split()):
            raise ProfileError(
                f"A displayed name is one line of at most {MAX_DISPLAY_NAME} characters without white space "
                f"around it, not {shortened(name)}. Shorten it."
            )
        return name

    @field_validator("lorebook")
    @classmethod
    def _not_endless(cls, entries: tuple[LoreEntry, ...]) -> tuple[LoreEntry, ...]:
        if len(entries) > MAX_ENTRIES:
            raise ProfileError(f"A lorebook has at most {MAX_ENTRIES} entries, not {len(entries)}. Split it.")
        return entries

    @field_validator("facts")
    @classmethod
    def _few_short_facts(cls, facts: tuple[str, ...]) -> tuple[str, ...]:
        if len(facts) > MAX_FACTS:
            raise ProfileError(f"At most {MAX_FACTS} facts, not {len(facts)}. Keep those that matter most.")
        for fact in facts:
            if len(fact) > MAX_FACT_LENGTH:
                raise ProfileError(
                    f"A fact has at most {MAX_FACT_LENGTH} characters, not {len(fact)}: {shortened(fact)}. "
                    "Split it into short sentences."
                )
        return facts

    @field_validator("facts", "alternate_greetings", "tags")
    @classmethod
    def _no_blanks(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for position, text in enumerate(texts, 1):
            if not text.strip():
                raise ProfileError(f"An entry has words, but entry {position} is blank. Leave it out.")
        return texts

    @field_validator("arc", mode="before")
    @classmethod
    def _growing(cls, arc: object) -> dict[str, Points]:
        return points_of(arc)

    @model_validator(mode="after")
    def _arcs_of_attributes(self) -> Profile:
        check(self.arc, self.attributes)
        return self

    @field_validator("sampling")
    @classmethod
    def _plain_values(cls, sampling: dict[str, Any]) -> dict[str, Any]:
        for name, value in sampling.items():
            parts = value if isinstance(value, list | tuple) else (value,)
            if not all(isinstance(part, int | float | str) and is_unicode(str(part)) for part in parts):
                raise ProfileError(
                    f"A value is a number, a text or a list of them, but {shortened(name)} is "
                    f"{shortened(value)}. Write temperature = 0.7, for instance."
                )
        return sampling

    @field_validator("attributes")
    @classmethod
    def _one_word_each(cls, attributes: dict[str, Target]) -> dict[str, Target]:
        for name in attributes:
            checked_word("attribute", name)
        return attributes


def _sentence(fault: dict[str, Any]) -> str:
    """One of pydantic's findings in this project's words: rule, value received, what to do."""
    place = [part if isinstance(part, str) else f"entry {part + 1}" for part in fault["loc"]]
    if number := fault["type"].startswith(("int_", "float_", "finite_")):
        place.pop()  # a fault for each kind of number
    key, value = ", ".join(place), shortened(fault["input"])
    if len(place) > 1 and place[0] in ("attributes", "lorebook") and place[-1] in Profile.model_fields:
        return (
            f"{place[-1]!r} is a key of the profile, but it stands below [{place[0]}] and so belongs there. "
            "Write it above the first line in brackets."
        )
    match fault["type"]:
        case "value_error":
            sentence = str(fault["ctx"]["error"])
            return sentence if key in ("", "name") else f"{key}: {sentence}"
        case "extra_forbidden":
            entry = place[0] == "lorebook" and len(place) > 1
            what, known = ("An entry of a lorebook", LoreEntry) if entry else ("A profile", Profile)
            keys, key = tuple(known.model_fields), place[-1]
            return f"{what} has no key {key!r}.{did_you_mean(key, keys)} It has: {', '.join(keys)}."
        case "missing":
            return f'A profile needs a {key}. Write {key} = "my-persona".'
        case _ if number:
            return f"{key}: this is a number, not {value}. Write {place[-1]} = 10."
        case "string_type":
            return f"{key}: this is a text, not {value}. Put it in quotes."
        case "tuple_type" if key == "lorebook":
            return f"{key}: this is a list of tables, not {value}. Write [[lorebook]] above each."
        case "tuple_type":
            return f'{key}: this is a list of texts, not {value}. Write {place[-1]} = ["...", "..."].'
        case "dict_type":
            return f"{key}: this is a table, not {value}. Write [{key}] and below it name = value lines."
        case "model_type" if key:
            return (
                f"{key}: this is a table, not {value}. Write [[{place[0]}]] and below it key = value lines."
            )
        case "model_type":
            return f"A profile is a table of keys and values, not {value}. Write key = value lines."
        case _:
            return f"{key}: {fault['msg']}, not {value}. Write it again."
