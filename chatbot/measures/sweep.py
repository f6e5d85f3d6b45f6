"""The same turn at several strengths, or by several personas: replies that stand beside each other.

All are found in one batch from one seed, so that nothing differs but what is compared. In a conversation they
become alternatives of one reply, and any of them can be chosen to go on from.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from chatbot.arc import arced, turn_of
from chatbot.dialling import check_dials
from chatbot.errors import UsageError
from chatbot.terminal import clean, label, one_line
from profiles import Profile, Target
from storage import Message

if TYPE_CHECKING:
    from chatbot.session import ChatSession

MOST = 8  # replies beside each other
NARROWEST = 18  # characters of a column; where there is no room for all, replies stand below each other
WIDTH = 100  # characters of a table whose reader is not known
_GAP = "   "


@dataclass(frozen=True)
class Setting:
    """One way to answer: as whom, and asked for what. `compared` are the attributes in the table, `swept` is
    the one whose strength is compared."""

    label: str
    profile: Profile
    targets: Mapping[str, Target]
    compared: tuple[str, ...]
    swept: str = ""


@dataclass(frozen=True)
class Outcome:
    """A setting's reply, as it is stored."""

    setting: Setting
    message: Message

    @property
    def leading(self) -> list[str]:
        """The likeliest aspect of each compared attribute, and how likely it is."""
        found = (self.message.generation or {}).get("measured") or {}
        measured = {name: found[name] for name in self.setting.compared if name in found}
        best = ((name, max(p, key=lambda aspect: p[aspect]), p) for name, p in measured.items())
        return [f"{label(name, aspect)} {p[aspect]:.2f}" for name, aspect, p in best]


# --- what is compared


def strengths(session: ChatSession, dial: str, values: Sequence[str]) -> list[Setting]:
    """A setting for each strength: "0" is off, "0.5" and "50%" are probabilities.

    `dial` is "attitude=pessimistic", or "attitude" alone where the dial is on.
    """
    attribute, _, aspect = (part.strip() for part in dial.partition("="))
    aspect, colon, pull = aspect.partition(":")
    if colon:
        raise UsageError(
            f"A comparison has its strengths beside the dial, not in {dial!r}. Leave out ':{pull}'."
        )
    dials = session.dials
    if not aspect and attribute not in dials:
        raise session.off(attribute, f"{attribute}=")
    asked = Target.parse(aspect) if aspect else dials[attribute]
    settings = []
    for value in values:
        strength = _strength(value)
        others = {name: target for name, target in dials.items() if name != attribute}
        if strength:
            others[attribute] = Target.parse({"aspects": asked.aspects, "strength": strength})
        pull = f"{100 * strength:.6g}%" if strength else "off"
        settings.append(Setting(f"{attribute} {pull}", session.profile, others, (attribute,), attribute))
    return _few(settings, "strengths")


def personas(profiles: Sequence[Profile]) -> list[Setting]:
    """A setting for each persona, with its own facts and targets."""
    settings = [Setting(who.speaker, who, who.attributes, tuple(who.attributes)) for who in profiles]
    return _few(settings, "profiles")


def asked(session: ChatSession, text: str, load: Callable[[str], Profile]) -> list[Setting]:
    """What a line asks to compare: "attitude 0 50% 90%", or "with NAME NAME"; `load` finds a persona."""
    words = text.split()
    if not words:
        raise UsageError("Say what to compare: attitude 0 50% 90%, or: with NAME NAME.")
    if words[0] == "with":
        return personas([load(name) for name in words[1:]])
    return strengths(session, words[0], words[1:])


def _few(settings: list[Setting], what: str) -> list[Setting]:
    if not 2 <= (count := len(settings)) <= MOST:
        raise UsageError(f"A comparison needs 2 to {MOST} {what}, not {count}. Name them one by one.")
    for place, setting in enumerate(settings):
        if setting in settings[:place]:
            raise UsageError(f"A comparison names each once, not {setting.label!r} twice. Leave one out.")
    return settings


def _strength(text: str) -> float:
    """0 for off, else a probability below 1."""
    try:
        value = float(f"{text[:-1].strip()}e-2" if text.endswith("%") else text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise UsageError(f"A strength is 0 (off) or a probability below 1, not {text!r}. Write 0.5 or 50%.")
    return value


# --- the replies


def sweep(session: ChatSession, settings: Sequence[Setting]) -> list[Outcome]:
    """A reply to the user's last message for each setting, stored as alternatives of one another.

    Settings of the session's own persona follow its arc; a reply of somebody else has that speaker.
    """
    path = session.messages()
    while path and path[-1].role == "bot":
        path.pop()
    if not path:
        raise UsageError("There is nothing to reply to yet. Say something first.")
    engine = session.engine
    for setting in settings:
        engine.check({name: target for name, target in setting.targets.items() if name == setting.swept})
        check_dials(engine, setting.targets, setting.profile.name)
    with session.still():
        scenes = [session.scene(path, setting.profile) for setting in settings]
        replies = engine.replies(
            [scene.context for scene in scenes],
            [_targets(setting, path) for setting in settings],
            session.sampling,
            [session.sampling.drawn_seed()] * len(settings),
        )
        return [
            Outcome(setting, _stored(session, setting, path[-1], reply, scene.told))
            for setting, reply, scene in zip(settings, replies, scenes, strict=True)
        ]


def pick(session: ChatSession, number: int) -> Message:
    """Go on from the alternative with this number, from 1, of the last reply."""
    bots = [message for message in session.messages() if message.role == "bot"]
    if not bots:
        raise UsageError("There is no reply to pick yet. Say something first.")
    if session.conversation is None:
        raise UsageError("Greetings are chosen with /prev and /next. Say something first.")
    siblings = session.manager.siblings(bots[-1].id)
    if not 1 <= number <= len(siblings):
        if len(siblings) == 1:
            raise UsageError(f"The last reply stands alone and has no number {number}. /regenerate adds one.")
        raise UsageError(
            f"The last reply has {len(siblings)} alternatives, not {number}. Pick 1 to {len(siblings)}."
        )
    session.manager.select(siblings[number - 1].id)
    return siblings[number - 1]


def _targets(setting: Setting, path: Sequence[Message]) -> dict[str, Target]:
    """What a setting asks for at this turn: what is swept stays as it was set."""
    held = setting.profile.without_arc(setting.swept).changed(attributes=setting.targets)
    return arced(setting.targets, held.arc, turn_of(path))


def _stored(
    session: ChatSession, setting: Setting, asked: Message, reply: Any, told: Mapping[str, Any]
) -> Message:
    profile, manager = setting.profile, session.manager
    speaker = "" if profile.name == session.profile.name else profile.speaker
    row = manager.begin_reply(asked.conversation_id, parent_id=asked.id, speaker=speaker)
    who = {"profile": profile.name, "profile_digest": profile.digest(), "sweep": setting.label}
    return manager.finish_reply(
        row.id, text=reply.text.strip(), state="complete", generation={**reply.trace, **who, **told}
    )


# --- showing them


def width_shown() -> int:
    """Characters of a line of the terminal that shows a table, or WIDTH where none does."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def table(outcomes: Sequence[Outcome], width: int) -> str:
    """The replies side by side, each under its number and setting and above what was measured in it."""
    wide = (width - len(_GAP) * (len(outcomes) - 1)) // len(outcomes)
    if wide < NARROWEST:
        blocks = ([*_told(outcome, width), *_measures(outcome, width)] for outcome in outcomes)
        return "\n\n".join("\n".join(block) for block in blocks)
    texts = [_told(outcome, wide) for outcome in outcomes]
    tallest = max(map(len, texts))
    columns = [
        [*text, *[""] * (tallest - len(text)), *_measures(outcome, wide)]
        for text, outcome in zip(texts, outcomes, strict=True)
    ]
    rows = zip_longest(*columns, fillvalue="")
    return "\n".join(_GAP.join(f"{cell:<{wide}}" for cell in row).rstrip() for row in rows)


def as_fields(outcome: Outcome) -> dict[str, Any]:
    """An outcome for programs."""
    setting, message = outcome.setting, outcome.message
    return {
        "number": message.position + 1,
        "setting": setting.label,
        "profile": setting.profile.name,
        "targets": {name: str(target) for name, target in setting.targets.items()},
        "reply": message.text,
        "measured": (message.generation or {}).get("measured") or {},
        "trace": message.generation,
    }


def _told(outcome: Outcome, width: int) -> list[str]:
    head = f"{outcome.message.position + 1}  {one_line(outcome.setting.label)}"
    return [*textwrap.wrap(head, width), *(textwrap.wrap(clean(outcome.message.text), width) or ["..."])]


def _measures(outcome: Outcome, width: int) -> list[str]:
    return [part for line in outcome.leading for part in textwrap.wrap(line, width)]
