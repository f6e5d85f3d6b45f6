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
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

TOUCHING = 3  # memories that may come before all others
SMALL = 256  # tokens of context below which a model mixes up what stands beside each other
OWN = 5  # of the persona's facts that such a model sees: as many as the chats that it was trained on have
Answering = Callable[[str, Sequence[str]], Collection[int]]
Length = Callable[[str], int]
_PIECE = re.compile(r"\w+|[^\w\s]")
_LONG_WORD = 8  # letters from which a word may be two tokens


@dataclass(frozen=True)
class Sight:
    """What a model sees: about `budget` tokens. `answering` gives the places of the texts that answer a
    message, the best first (`GenerationEngine.answering`), and `length` the tokens of a fact: too many of
    these would be cut at the end."""

    budget: int
    answering: Answering | None = None
    length: Length | None = None

    @classmethod
    def of(cls, engine: GenerationEngine) -> Sight:
        return cls(engine.context_budget, engine.answering, engine.length)

    @property
    def small(self) -> bool:
        return self.budget < SMALL

    def size(self, text: str) -> int:
        return max(cost(text), self.length(text)) if self.length else cost(text)


@dataclass(frozen=True)
class Given:
    """What holds in one chat beside its profile and its messages.

    `scenario` stands for the persona's own, `note` comes last of the facts, {{random}} draws from `chance`.
    """

    user_name: str = ""
    user_facts: Sequence[str] = ()
    scenario: str = ""
    note: str = ""
    chance: str = persona.RUN


NOTHING = Given()


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
    sight: Sight,
    given: Given = NOTHING,
    *,
    memories: Sequence[Memory] = (),
    recalled: Sequence[Line] = (),
) -> Scene:
    """The context for a reply to the last message of `path`; `memories` are oldest first.

    `used` has the numbers of the memories and of the recalled messages, the texts of the lore, and `chance`
    where something was drawn from it; it is empty when there is nothing of the kind.
    """
    if given.scenario:
        profile = profile.model_copy(update={"scenario": ""})
    shown = whole = seen(path)
    last = shown[-1].text if shown else ""
    facts = known = _ordered(_candidates(profile, given, memories, [message.text for message in shown]), last)
    alone = (
        sight.small
        and asks_of_user(last)
        and bool(recalled or any(fact.near and fact.source == "user" for fact in facts))
    )
    if alone:
        facts, shown = [fact for fact in facts[:TOUCHING] if fact.near and fact.source == "user"], shown[-1:]
    facts = _with_room(facts, last, _directed(profile, given, sight), sight)
    left = sight.budget - sum(sight.size(fact.text) for fact in facts)
    fitting = {message.id for message in newest(shown, left)}
    fitting |= {
        fact.memory.message_id or 0 for fact in facts if fact.memory
    }  # the fact says what the line did
    remembered = [line for line in recalled if line.message_id not in fitting]
    before = [Turn(line.role, line.text) for line in remembered]
    if remembered:
        shown = newest(shown, left - sum(cost(turn.text) for turn in before))
    elif fitting.issuperset(message.id for message in shown) and not alone:
        before = _examples(profile, given, left - sum(cost(message.text) for message in shown))
    turns = [Turn(message.role, message.text) for message in shown]
    used = {
        "memories": [fact.memory.id for fact in facts if fact.memory],
        "recalled": [line.message_id for line in remembered],
        "lore": [fact.text for fact in facts if fact.source == "lore"],
        "chance": [given.chance] if persona.draws(profile, given.scenario, given.note) else [],
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
    sight: Sight,
    given: Given,
    *,
    rules: MemoryRules,
    used: Mapping[str, Sequence[int]] | None = None,
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
            shown={message.id for message in newest(shown, sight.budget // 2)},
        )
    memories = unhidden(manager, profile.name) if rules.know else []
    if used is not None:
        memories = [memory for memory in memories if memory.id in used.get("memories", ())]
    elif rules.know:
        memories = holding(memories, given.user_facts)
        known = {memory.text.casefold() for memory in memories}
        lines = tuple(it for it in lines if it.role == "bot" or known.issuperset(_told(it.text)))
    return scene(profile, path, sight, given, memories=memories, recalled=lines)


def _told(text: str) -> Iterable[str]:
    return (fact.text.casefold() for fact in noticed(text))


def exchanged(path: Sequence[Message], facts: Iterable[str], *, budget: int) -> Context:
    """The context in which the persona's lines are the user's and the user's its own, with facts of the user.

    The messages are those of `path`, which ends with the persona's.
    """
    told = [fact.text for fact in _fitting([_Fact(text) for text in facts], budget // 2, cost)]
    shown = newest(seen(mirrored(path)), budget - sum(map(cost, told)))
    return Context(tuple(told), tuple(Turn(message.role, message.text) for message in shown))


def mirrored(path: Iterable[Message]) -> list[Message]:
    """The path as the other side sees it."""
    roles = {"user": "bot", "bot": "user"}
    return [replace(message, role=roles.get(message.role, message.role)) for message in path]


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
    profile: Profile, given: Given, memories: Sequence[Memory], texts: Sequence[str]
) -> list[_Fact]:
    """All that could be told after these messages, in the order in which it is told when nothing is nearer to
    the last one."""
    who = (profile, given.user_name, given.chance)
    facts, scenario = persona.own_facts(*who), persona.scenario(*who)
    own = [*map(_Fact, facts), *(_Fact(text, source="scenario") for text in scenario)]
    known = [
        _Fact(persona.of_user(memory.text), memory, memory.kind, "user") for memory in reversed(memories)
    ]
    named = any(memory.kind == "name" for memory in memories)
    # A fact that says {{user}} tells the name already.
    nameless = persona.facts(profile, "", given.chance)
    name = given.user_name if not named and nameless == (*facts, *scenario) else ""
    written = [_Fact(text, None, "", "user") for text in persona.user_facts("", given.user_facts)]
    written += [_Fact(text, None, "name", "user") for text in persona.user_facts(name, ())]
    told = lore(profile, texts, given.user_name, chance=given.chance)
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


def _directed(profile: Profile, given: Given, sight: Sight) -> list[_Fact]:
    """Scenario and note of a chat, each in a quarter of the room."""
    texts = (("scenario", given.scenario), ("note", given.note))
    spoken = ((what, persona.spoken(text, profile, given.user_name, given.chance)) for what, text in texts)
    return [_Fact(short, source=what) for what, text in spoken if (short := _cut(text, sight))]


def _with_room(facts: list[_Fact], last: str, directed: list[_Fact], sight: Sight) -> list[_Fact]:
    """What is `directed` behind the facts that have room beside it."""
    room = sight.budget // 2 - sum(sight.size(fact.text) for fact in directed)
    if sight.answering and last:
        facts = _answering(facts, last, room, sight, sight.answering)
    return [*_fitting(facts, room, sight.size, first=not directed), *directed]


def _answering(facts: list[_Fact], last: str, room: int, sight: Sight, answering: Answering) -> list[_Fact]:
    """Where not all are seen, those that answer the last message first; a small model sees few of the
    persona's own."""
    crowded = sight.small and sum(fact.source == "persona" for fact in facts) > OWN
    if not crowded and sum(sight.size(fact.text) for fact in facts) <= room:
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


def _cut(text: str, sight: Sight) -> str:
    """The first sentences of a text that have room; of a longer first one its first words."""
    text, room = " ".join(text.split()), sight.budget // 4
    if whole := persona.first_sentences(text, lambda said: sight.size(said) <= room):
        return whole
    for word in text.split():
        if sight.size(longer := f"{whole} {word}".strip()) > room:
            break
        whole = longer
    return whole


def _examples(profile: Profile, given: Given, budget: int) -> list[Turn]:
    """The first example lines that fit."""
    turns: list[Turn] = []
    for role, text in persona.examples(profile, given.user_name, given.chance):
        budget -= cost(text)
        if budget < 0:
            break
        turns.append(Turn(role, text))
    while turns and turns[-1].role == "user":  # the talk itself would be the answer
        turns.pop()
    return turns
