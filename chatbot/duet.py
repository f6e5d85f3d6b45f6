"""Two personas that talk to each other, in one stored conversation.

The conversation is A's: A's lines are its replies, B's are user messages with B as their speaker, so that it
can be resumed, exported and branched like any other. Each line is found with the speaker's own facts, targets
and arc; B sees the conversation mirrored, its own lines as the replies. A line that says again what was said
before is drawn once more with another seed, at most twice. What is said is stored before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot import persona
from chatbot.arc import arced, turn_of
from chatbot.decoding.sampling import Sampling
from chatbot.dialling import check_dials
from chatbot.errors import UsageError
from chatbot.scene import Given, Sight, mirrored, scene
from chatbot.tuning import of_persona, put_over
from profiles import Profile
from storage import ConversationManager, Message

if TYPE_CHECKING:
    from chatbot.decoding.reply import Reply
    from chatbot.engine import GenerationEngine

MOST_TURNS = 500
TITLE = 60  # characters of the topic that stand in it
AGAIN = 2  # times that a repeated line is drawn anew
OPENING = "Hello."  # what B says where there is neither a topic nor a greeting


def check(turns: int) -> None:
    """UsageError for a number of turns that no duet has; before the model is read."""
    if not 1 <= turns <= MOST_TURNS:
        raise UsageError(
            f"A duet has 1 to {MOST_TURNS} turns, not {turns}. Give it --turns 20, for instance."
        )


def duet(
    engine: GenerationEngine,
    manager: ConversationManager,
    pair: tuple[Profile, Profile],
    sampling: Sampling,
    *,
    turns: int,
    topic: str = "",
    chosen: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, Message]]:
    """(name of the speaker, stored message) line by line; the opening line does not count as a turn.

    B opens with the topic. Without one A greets B, or B says hello. Each draws its words by its own settings
    over `sampling`, and by those that are `chosen` for both.
    """
    check(turns)
    first, second = pair
    for profile in pair:
        check_dials(engine, profile.attributes, profile.name)
    rules = [put_over(sampling, of_persona(profile), chosen or {}) for profile in pair]
    chances = [persona.chance_of(rule.seed) for rule in rules]
    names = (first.speaker, second.speaker)
    conversation = manager.create(
        profile_name=first.name,
        profile=first.model_dump(mode="json"),
        model=engine.name,
        title=f"{names[0]} and {names[1]}{f': {persona.opening(topic, TITLE)}' if topic else ''}",
    )
    greeting = "" if topic else next(iter(persona.greetings(first, names[1], chances[0])), "")
    opening = _said(manager, conversation.id, greeting or topic or OPENING, "" if greeting else names[1])
    path = [opening]
    yield names[0 if opening.role == "bot" else 1], opening
    seeds = [rule.drawn_seed() for rule in rules]
    for turn in range(turns):
        speaks = 1 if path[-1].role == "bot" else 0
        drawn = replace(rules[speaks], seed=seeds[speaks] + turn)
        other = names[1 - speaks]
        reply, told = _line(engine, pair[speaks], other, path, drawn, chances[speaks], speaks)
        message = _said(manager, conversation.id, reply.text, names[1] if speaks else "", partial=True)
        who = {"profile": pair[speaks].name, "profile_digest": pair[speaks].digest(), "partner": other}
        message = manager.finish_reply(
            message.id, text=reply.text, state="complete", generation={**reply.trace, **who, **told}
        )
        path.append(message)
        yield names[speaks], message


def _line(
    engine: GenerationEngine,
    profile: Profile,
    other: str,
    path: Sequence[Message],
    sampling: Sampling,
    chance: str,
    speaks: int,
) -> tuple[Reply, dict[str, Any]]:
    """The next line of a persona, `speaks` 1 for B, and what its trace says of the scene; one that repeats an
    earlier line is drawn again."""
    seen = mirrored(path) if speaks else path
    given = scene(profile, seen, Sight.of(engine), Given(user_name=other, chance=chance))
    targets = arced(profile.attributes, profile.arc, turn_of(seen))
    said = {"", *(_folded(message.text) for message in path)}
    for attempt in range(AGAIN):
        reply = engine.replies([given.context], [targets], sampling, [_drawn(sampling, attempt)])[0]
        if _folded(reply.text) not in said:
            return reply, given.told
    return engine.replies([given.context], [targets], sampling, [_drawn(sampling, AGAIN)])[0], given.told


def _drawn(sampling: Sampling, attempt: int) -> int:
    """The seed of an attempt, far from those of the other turns."""
    return sampling.seed + attempt * 7_368_787


def _said(
    manager: ConversationManager, conversation_id: str, text: str, speaker: str, *, partial: bool = False
) -> Message:
    """Store a line: of A without a speaker, of B with B's name."""
    return manager.add_message(
        conversation_id,
        role="user" if speaker else "bot",
        text=text,
        state="partial" if partial else "complete",
        speaker=speaker,
    )


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
