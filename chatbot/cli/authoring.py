"""Writing profiles: by questions, by flags or in an editor, checked against the model that is there."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from chatbot.asked import check_targets
from chatbot.cli.start import dialled, typed
from chatbot.editor import edited_file
from chatbot.errors import ChatbotError, UsageError
from chatbot.terminal import one_line
from chatbot.tuning import of_persona
from profiles.errors import ProfileError
from profiles.profile import MAX_FACTS, Profile
from profiles.store import ProfileStore
from profiles.target import Target
from profiles.toml import from_toml

T = TypeVar("T")
Attributes = Mapping[str, Sequence[str]]  # the aspects of each attribute


def attributes_of(model: Path) -> Attributes | None:
    """Attribute -> aspects, as the manifest of the model has them; None when there is no such model here."""
    try:
        attributes = json.loads((model / "manifest.json").read_text(encoding="utf-8"))["attributes"]
        return {str(name): [str(aspect) for aspect in aspects] for name, aspects in attributes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a model that is not there, or not sound, is the business of those who talk to it


def check(profile: Profile, attributes: Attributes | None) -> Profile:
    """The profile itself; UnknownNameError for an attribute or aspect that the model does not have, and
    ConfigError for a setting of its [sampling] that cannot be."""
    of_persona(profile)
    if attributes is not None:
        check_targets(profile.attributes, attributes)
    return profile


def flagged(
    draft: Profile, sets: Sequence[str], facts: Sequence[str], texts: Mapping[str, str | None]
) -> Profile:
    """The draft with flags put over it: dials and texts replace, facts are added."""
    given = {key: text for key, text in texts.items() if text is not None}
    return dialled(draft.changed(facts=(*draft.facts, *facts), **given), sets)


def asked(draft: Profile, attributes: Attributes | None) -> Profile:
    """The draft with the answers of a person at a terminal; an empty answer leaves a thing out."""
    if not on_terminal():
        raise UsageError(
            "A profile is made by questions on a terminal, and there is none here. "
            "Give at least one of --set, --fact, --from, --greeting, --description and --called."
        )
    print("An empty answer leaves a question out, Ctrl+C leaves everything as it was.")
    description = _ask("Who is this, in one sentence", str) or ""
    draft = _ask_facts(draft.changed(description=description))
    greeting = _ask("What does it say first", str) or ""
    return draft.changed(greeting=greeting, attributes=_ask_dials(attributes))


def edited(store: ProfileStore, name: str, attributes: Attributes | None) -> Path | None:
    """Let the person edit the text of a profile; the saved file, or None when nothing was changed.

    An invalid text changes nothing and is kept in a file of its own, which the error names.
    """
    before = store.read(name)
    after = edited_file(f"{name}.toml", before.encode("utf-8"))
    try:
        text = after.decode("utf-8-sig")
        if text == before:
            return None
        check(from_toml(text, name), attributes)
        return store.write(name, text, overwrite=True)
    except (ProfileError, ChatbotError, UnicodeDecodeError) as error:
        descriptor, kept = tempfile.mkstemp(prefix=f"{name}-", suffix=".toml")
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
        reason = str(error)
        if isinstance(error, UnicodeDecodeError):
            reason = f"A profile is UTF-8 text, and this is not ({error}). Save it as UTF-8."
        told = ChatbotError(f"{reason} The profile is as it was; the rejected text is in {kept}")
        told.exit_code = getattr(error, "exit_code", UsageError.exit_code)
        raise told from error


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(question: str, read: Callable[[str], T]) -> T | None:
    """The answer as `read` understands it, asked again while it does not; None for an empty one.

    Broken off, it ends the program with the code of Ctrl+C.
    """

    while True:
        try:
            answer = typed(f"{one_line(question)}: ").strip()
        except (EOFError, KeyboardInterrupt) as end:
            print()  # the cursor stands behind the question
            raise typer.Exit(130) from end
        try:
            return read(answer) if answer else None
        except (ProfileError, ChatbotError) as error:
            print(f"Error: {one_line(str(error))}")


def _ask_facts(draft: Profile) -> Profile:
    print("Facts are short and in the first person, one at a time, such as: I am a poet.")
    print("People ask first for its work, name, age and home. An empty answer ends them.")
    while len(draft.facts) < MAX_FACTS:
        longer = _ask("A fact", partial(_with_fact, draft))
        if longer is None:
            break
        draft = longer
    return draft


def _ask_dials(attributes: Attributes | None) -> dict[str, Target]:
    if attributes is None:  # no model here to name them
        dials: dict[str, Target] = {}
        while more := _ask("An attribute, such as attitude=pessimistic:90%", partial(_with_dial, dials)):
            dials = more
        return dials
    print("For each attribute an aspect, alone or with a strength: lyrical, lyrical:90%.")
    answers = {
        name: _ask(f"{name} ({', '.join(aspects)})", partial(_target_of, name, attributes=attributes))
        for name, aspects in attributes.items()
    }
    return {name: target for name, target in answers.items() if target is not None}


def _with_fact(draft: Profile, text: str) -> Profile:
    return draft.changed(facts=(*draft.facts, text))


def _with_dial(dials: Mapping[str, Target], text: str) -> dict[str, Target]:
    return dialled(Profile(name="draft", attributes=dict(dials)), [text]).attributes


def _target_of(name: str, text: str, attributes: Attributes) -> Target:
    target = Target.typed(text)
    check(Profile(name="draft", attributes={name: target}), attributes)
    return target
