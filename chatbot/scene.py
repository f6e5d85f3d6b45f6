"""What the model sees before a reply: chosen facts, lines that come to mind, and the newest messages.

A small model sees few words, so the facts have half of them at most and stand in this order: what touches the
last message (what is known of the user, lore, the persona's own facts), then the persona's facts as they are
written, then what else is known of the user, and last what a person told for this conversation alone, its
scenario and its note, which are always in. A fact goes in whole or not at all, and of the persona's own a
small model sees a few; where not all are seen, those that answer the last message by their meaning
(chatbot/decoding/cue.py) come first. The rest is for messages, the newest first; where they leave room,
example lines stand before them.

What is known of the user goes in as facts ("The user is called Ada."). When the user asks about just that, a
small model sees nothing else: neither the persona's facts nor the older messages, with which it mixes it up.
docs/memory.md has the measurements behind both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chatbot import persona
from chatbot.lorebook import lore
from chatbot.memory import recall
from chatbot.memory.memories import MemoryRules, holding, unhidden
from chatbot.memory.nearness import asks_of_user, touches
from chatbot.memory.noticing import noticed
from chatbot.memory.recall import Line
from chatbot.model.text import Context, Turn
from profiles import Profile
from storage import ConversationManager, Memory, Message

TOUCHING = 3  # memories that may come before all others
SMALL = 256  # tokens of context below which a model mixes up what stands beside each other
OWN = 5  # of the persona's facts that such a model sees: as many as the chats that it was trained on have
Answering = Callable[[str, Sequence[str]], Collection[int]]
Length = Callable[[str], int]
_PIECE = re.compile(r"\w+|[^\w\s]")
_LONG_WORD = 8  # letters from which a word may be two tokens


@dataclass(frozen=True)
class Scene:
    """A context, and for the trace of the reply what of it does not come from the profile and the path.

    For people, what is not in it: the facts, and the number of the older messages.
    """

    context: Context
    sources: tuple[str, ...] = ()  # of each fact: "persona", "user", "lore", "scenario" or "note"
    used: dict[str, list[int] | list[str]] = field(default_factory=dict)
    facts_left_out: tuple[str, ...] = ()
    messages_left_out: int = 0  # here; the codec cuts what is too long after all
    before: int = 0  # turns that stand before the messages: lines that come to mind, or else examples

    @property
    def left_out(self) -> dict[str, int]:
        """How many facts and messages are not in it; empty when all are."""
        counts = {"facts": len(self.facts_left_out), "messages": self.messages_left_out}
        return counts if any(counts.values()) else {}

    @property
    def told(self) -> dict[str, Any]:
        """What the trace of the reply says of it: `used` and `left_out`, where there is anything."""
        parts = {"scene": self.used, "left_out": self.left_out}
        return {name: part for name, part in parts.items() if part}


@dataclass(frozen=True)
class _Fact:
    text: str
    memory: Memory | None = None
    kind: str = ""
    source: str = "persona"  # or "user", "lore", "scenario" or "note"
    near: bool = False  # it touches the last message


def scene(
    profile: Profile,
    path: Sequence[Message],
    *,
    budget: int,
    user_name: str = "",
    user_facts: Iterable[str] = (),
    memories: Sequence[Memory] = (),
    recalled: Sequence[Line] = (),
    scenario: str = "",
    note: str = "",
    chance: str = persona.RUN,
    answering: Answering | None = None,
    length: Length | None = None,
) -> Scene:
    """The context for a reply to the last message of `path`, of about `budget` tokens.

    `memories` are oldest first; `scenario` stands for the persona's own, and `note` is what comes last of the
    facts; {{random}} draws from `chance`. `answering` gives the places of the texts that answer a message,
    the best first (`GenerationEngine.answering`), and `length` the tokens of a fact: too many of these would
    be cut at the end. `used` has the numbers of the memories and of the recalled messages, the
    texts of the lore, and `chance` where something was drawn from it; it is empty when there is nothing of
    the kind.
    """

    def size(text: str) -> int:
        return max(cost(text), length(text)) if length else cost(text)

    if scenario:
        profile = profile.model_copy(update={"scenario": ""})
    shown = whole = seen(path)
    last = shown[-1].text if shown else ""
    told = lore(profile, [message.text for message in shown], user_name, chance=chance)
    facts = known = _ordered(_candidates(profile, user_name, user_facts, memories, told, chance), last)
    alone = (
        budget < SMALL
        and asks_of_user(last)
        and bool(recalled or any(fact.near and fact.source == "user" for fact in facts))
    )
    if alone:
        facts, shown = [fact for fact in facts[:TOUCHING] if fact.near and fact.source == "user"], shown[-1:]
    directed = [
        _Fact(short, source=source)
        for source, text in (("scenario", scenario), ("note", note))
        if (short := _cut(persona.spoken(text, profile, user_name, chance), budget // 4, size))
    ]
    room = budget // 2 - sum(size(fact.text) for fact in directed)
    if answering and last:
        facts = _answering(facts, last, room, size, answering, small=budget < SMALL)
    facts = [*_fitting(facts, room, size, first=not directed), *directed]
    left = budget - sum(size(fact.text) for fact in facts)
    fitting = {message.id for message in newest(shown, left)}
    fitting |= {
        fact.memory.message_id or 0 for fact in facts if fact.memory
    }  # the fact says what the line did
    remembered = [line for line in recalled if line.message_id not in fitting]
    before = [Turn(line.role, line.text) for line in remembered]
    if remembered:
        shown = newest(shown, left - sum(cost(turn.text) for turn in before))
    elif fitting.issuperset(message.id for message in shown) and not alone:
        before = _examples(profile, user_name, chance, left - sum(cost(message.text) for message in shown))
    turns = [Turn(message.role, message.text) for message in shown]
    used = {
        "memories": [fact.memory.id for fact in facts if fact.memory],
        "recalled": [line.message_id for line in remembered],
        "lore": [fact.text for fact in facts if fact.source == "lore"],
        "chance": [chance] if persona.draws(profile, scenario, note) else [],
    }
    texts = tuple(fact.text for fact in facts)
    return Scene(
        Context(texts, (*before, *turns)),
        tuple(fact.source for fact in facts),
        {name: found for name, found in used.items() if found},
        tuple(dict.fromkeys(fact.text for fact in known if fact.text not in texts)),
        len(whole) - len(shown),
        len(before),
    )


def remembered_scene(
    manager: ConversationManager,
    profile: Profile,
    path: Sequence[Message],
    *,
    budget: int,
    rules: MemoryRules,
    user_name: str = "",
    user_facts: Sequence[str] = (),
    used: Mapping[str, Sequence[int]] | None = None,
    scenario: str = "",
    note: str = "",
    chance: str = persona.RUN,
    answering: Answering | None = None,
    length: Length | None = None,
) -> Scene:
    """The scene with what the persona remembers: memories, and lines of earlier that come to mind.

    A line that tells of the user what is not known, as it was forgotten or is so no more, is not among them.
    With what another scene `used`, only the memories and lines in that.
    """
    shown = seen(path)
    lines: tuple[Line, ...] = ()
    if used is not None and shown:
        lines = recall.again(manager, shown[-1].text, used.get("recalled", ()))
    elif rules.recall and shown:
        lines = recall.recalled(
            manager,
            profile.name,
            shown[-1].text,
            conversation_id=shown[-1].conversation_id,
            path=shown,
            shown={message.id for message in newest(shown, budget // 2)},
        )
    memories = unhidden(manager, profile.name) if rules.know else []
    if used is not None:
        memories = [memory for memory in memories if memory.id in used.get("memories", ())]
    elif rules.know:
        memories = holding(memories, user_facts)
        known = {memory.text.casefold() for memory in memories}
        lines = tuple(it for it in lines if it.role == "bot" or known.issuperset(_told(it.text)))
    return scene(
        profile,
        path,
        budget=budget,
        user_name=user_name,
        user_facts=user_facts,
        memories=memories,
        recalled=lines,
        scenario=scenario,
        note=note,
        chance=chance,
        answering=answering,
        length=length,
    )


def _told(text: str) -> Iterable[str]:
    return (fact.text.casefold() for fact in noticed(text))


def exchanged(path: Sequence[Message], facts: Iterable[str], *, budget: int) -> Context:
    """The context in which the persona's lines are the user's and the user's its own, with facts of the user.

    The messages are those of `path`, which ends with the persona's.
    """
    roles = {"user": "bot", "bot": "user"}
    told = [fact.text for fact in _fitting([_Fact(text) for text in facts], budget // 2, cost)]
    shown = newest(seen(path), budget - sum(map(cost, told)))
    return Context(tuple(told), tuple(Turn(roles.get(m.role, m.role), m.text) for m in shown))


def seen(path: Iterable[Message]) -> list[Message]:
    """The messages that a model may see."""
    return [m for m in path if not m.hidden and m.text.strip() and m.state != "failed"]


def newest(messages: Sequence[Message], budget: int) -> list[Message]:
    """The newest messages that fit, oldest first; the last one always."""
    kept: list[Message] = []
    for message in reversed(messages):
        budget -= cost(message.text)
        if kept and budget < 0:
            break
        kept.append(message)
    return kept[::-1]


def cost(text: str) -> int:
    """About how many tokens a fact or a turn takes, its markers with it; too few where names are rare."""
    return 2 + sum(1 + (len(piece) >= _LONG_WORD) for piece in _PIECE.findall(text))


def _candidates(
    profile: Profile,
    user_name: str,
    user_facts: Iterable[str],
    memories: Sequence[Memory],
    told: Iterable[str],
    chance: str,
) -> list[_Fact]:
    """All that could be told, in the order in which it is told when nothing is nearer to the last message."""
    facts, scenario = (tell(profile, user_name, chance) for tell in (persona.own_facts, persona.scenario))
    own = [*map(_Fact, facts), *(_Fact(text, source="scenario") for text in scenario)]
    known = [
        _Fact(persona.of_user(memory.text), memory, memory.kind, "user") for memory in reversed(memories)
    ]
    named = any(memory.kind == "name" for memory in memories)
    # A fact that says {{user}} tells the name already.
    untold = user_name and not named and persona.facts(profile, "", chance) == (*facts, *scenario)
    name = user_name if untold else ""
    written = [_Fact(text, None, "", "user") for text in persona.user_facts("", user_facts)]
    written += [_Fact(text, None, "name", "user") for text in persona.user_facts(name, ())]
    return [*(_Fact(text, source="lore") for text in told), *own, *written, *known]


def _ordered(facts: Sequence[_Fact], last: str) -> list[_Fact]:
    """What touches the last message first, and of that what is known of the user; the rest as it stands."""
    near = [
        replace(fact, near=True)
        for fact in facts
        if fact.source == "lore" or touches(fact.text, fact.kind, last)
    ]
    of_user = [fact for fact in near if fact.source == "user"][:TOUCHING]
    first = [*of_user, *(fact for fact in near if fact.source != "user")]
    taken = {fact.text for fact in first}
    return [*first, *(fact for fact in facts if fact.text not in taken)]


def _answering(
    facts: list[_Fact], last: str, room: int, size: Length, answering: Answering, *, small: bool
) -> list[_Fact]:
    """Where not all are seen, those that answer the last message first; a small model sees few of the
    persona's own."""
    crowded = small and sum(fact.source == "persona" for fact in facts) > OWN
    if not crowded and sum(size(fact.text) for fact in facts) <= room:
        return facts
    best = [facts[place] for place in answering(last, [fact.text for fact in facts])]
    facts = [*best, *(fact for fact in facts if fact not in best)]
    unseen = [fact for fact in facts if fact.source == "persona"][OWN:] if crowded else []
    return [fact for fact in facts if fact not in unseen]


def _fitting(facts: Sequence[_Fact], budget: int, size: Length, *, first: bool = True) -> list[_Fact]:
    """The facts that have room, each whole and once; with `first` the first one always."""
    kept: list[_Fact] = []
    for fact in facts:
        if (first and not kept) or (
            size(fact.text) <= budget and fact.text not in {known.text for known in kept}
        ):
            kept.append(fact)
            budget -= size(fact.text)
    return kept


def _cut(text: str, budget: int, size: Length) -> str:
    """The first sentences of a text that have room; of a longer first one its first words."""
    text = " ".join(text.split())
    if whole := persona.first_sentences(text, lambda said: size(said) <= budget):
        return whole
    for word in text.split():
        if size(longer := f"{whole} {word}".strip()) > budget:
            break
        whole = longer
    return whole


def _examples(profile: Profile, user_name: str, chance: str, budget: int) -> list[Turn]:
    """The first example lines that fit."""
    turns: list[Turn] = []
    for role, text in persona.examples(profile, user_name, chance):
        budget -= cost(text)
        if budget < 0:
            break
        turns.append(Turn(role, text))
    while turns and turns[-1].role == "user":  # the talk itself would be the answer
        turns.pop()
    return turns
