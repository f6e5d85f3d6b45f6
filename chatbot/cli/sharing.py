"""Personas to and from character cards: which file, which format, and what the person should know."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from chatbot.cli.authoring import Attributes, check
from chatbot.config import expanded
from chatbot.errors import UnknownNameError, UsageError
from chatbot.persona import opening
from chatbot.terminal import clean, counted
from profiles import cards
from profiles.card_fields import fields_of
from profiles.names import checked_name
from profiles.profile import Profile
from profiles.store import ProfileStore

LONGEST_NOTES = 500  # characters; on Chub they are whole web pages
_TAG = re.compile(r"<style\b.*?</style>|<[^<>]*>|!\[[^\[\]]*\]\([^()]*\)", re.DOTALL | re.IGNORECASE)


def imported(
    store: ProfileStore, source: Path, name: str, attributes: Attributes | None
) -> tuple[Path, list[str], list[str]]:
    """Keep the card of a file as a profile: its path, what to tell of it, and warnings.

    Of dials that were read from the card's words those stay that the model has.
    """
    if source.suffix.lower() == ".toml":
        raise UsageError(
            f"A card is a PNG, JSON or CHARX file, and {source} is a profile. Copy it into {store.folder}"
        )
    with source.open("rb") as file:
        card = cards.read(file.read(cards.MAX_FILE + 1))
    profile, warnings = card.profile(checked_name(name) if name else "")
    if attributes is not None and not card.guided:
        known = {name: target for name, target in profile.attributes.items() if name in attributes}
        known = {name: target for name, target in known.items() if set(target.aspects) <= {*attributes[name]}}
        profile = profile.changed(attributes=known)
    try:
        check(profile, attributes)
    except UnknownNameError as error:
        warnings.append(f"This model cannot follow the card: {error}")
    path = store.save_with_card(profile, card.source, card.form)
    return path, _told(profile, card), warnings


def _told(profile: Profile, card: cards.Card) -> list[str]:
    """The beginning of the creator's notes, and what the card's words became."""
    notes = opening(_TAG.sub(" ", card.notes()[:20_000]).strip().partition("\n\n")[0], LONGEST_NOTES)
    told = [f"Its creator says: {clean(notes)}"] if notes else []
    fields, _ = fields_of(card.card)
    orders = [key for key in ("system_prompt", "post_history_instructions") if fields.get(key)]
    match fields:
        case {"extensions": {"depth_prompt": {"prompt": str(text)}}} if text:
            orders.append("depth_prompt")
    if orders:
        told.append(f"Kept, but not followed (this model takes no instructions): {', '.join(orders)}.")
    facts = counted(len(profile.facts), "fact")
    dials = ", ".join(f"{name}={target}" for name, target in profile.attributes.items())
    if card.guided:
        return [*told, f"It has {facts}" + (f" and the dials {dials}." if dials else ".")]
    if dials:
        return [*told, f"By its words it has {facts} and the dials {dials}."]
    return [*told, f"By its words it has {facts}, and no dials: they speak of none that the model has."]


def exported(store: ProfileStore, name: str, form: str | None, output: Path | None) -> list[str]:
    """Write a profile as a card to a new file or, as JSON, to standard output; warnings."""
    output = expanded(output) if output and str(output) != "-" else None
    ending = output.suffix.lower() if output else ""
    form = form or ending.removeprefix(".") or "json"
    if form not in cards.FORMATS:
        raise UsageError(
            f"A card ends in .json, .png or .charx, not {ending!r}. Name one that does, or give --format."
        )
    if output is None and form != "json":
        raise UsageError(f"A {form} card goes into a file, and none was named. Give --output FILE.")
    if output is not None and output.exists():
        raise UsageError(f"An export makes a new file, and {output} exists. Choose another name.")
    profile, original = store.load(name), store.card(name)
    data, warnings = cards.write(profile, form, cards.read(original) if original else None, int(time.time()))
    if profile.sampling:
        warnings.append("A card carries no [sampling]; it stays behind.")
    if output is not None:
        from storage.transfer import write_new

        write_new({output: data})
    elif sys.stdout.isatty():
        print(clean(data.decode("utf-8")), end="")
    else:
        sys.stdout.buffer.write(data)
    return warnings
