"""What the model sees before a reply: chosen facts, lines that come to mind, and the newest messages.

A small model sees few words, so the facts have half of them at most and stand in this order: what touches the
last message (what is known of the user, lore, the persona's own facts), then the persona's facts as they are
written, then what else is known of the user. A fact goes in whole or not at all. The rest is for the messages,
the newest first; where they leave room, example lines stand before them.

What is known of the user goes in as facts ("The user is called Ada."); and when the user asks about just that,
the persona's own facts stay out, because a small model mixes the two up. Both were measured: see
docs/memory.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chatbot import persona, recall
from chatbot.lorebook import lore
from chatbot.memory import MemoryRules
from chatbot.model.text import Context, Turn
from chatbot.recall import Line, words
from profiles import Profile
from storage import ConversationManager, Memory, Message

TOUCHING = 3  # memories that may come before all others
_PIECE = re.compile(r"\w+|[^\w\s]")
_LONG_WORD = 8  # letters from which a word may be two tokens
_SELF = re.compile(r"\b(?:i|i'm|i've|me|my|mine|we|our)\b", re.I)
_ASKING = re.compile(r"\?\s*$|^\W*(?:what|where|who|how|when|which|whose|do you|can you|did i|am i|tell me|guess)\b", re.I)
_CUES = {  # words that ask for a kind of memory without being in it
    "name": "name call called who",
    "home": "live home city town place from where",
    "origin": "from come country",
    "household": "live alone",
    "work": "work job living profession do",
    "workplace": "work job office",
    "study": "study university school college",
    "age": "old age",
    "birthday": "birthday born",
    "pet": "pet pets animal animals",
    "family": "family married wife husband children kids",
    "like": "like love enjoy favourite favorite hobby hobbies",
    "dislike": "hate dislike like",
    "hobby": "hobby hobbies play free",
    "language": "speak language languages",
    "food": "eat food",
    "plan": "plan plans going doing want",
}


@dataclass(frozen=True)
class Scene:
    """A context, and what of it does not come from the profile and the path: for the trace of the reply."""

    context: Context
    used: dict[str, list[int] | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fact:
    text: str
    memory: Memory | None = None
    kind: str = ""
    source: str = "persona"  # or "user" or "lore"


def scene(
    profile: Profile,
    path: Sequence[Message],
    *,
    budget: int,
    user_name: str = "",
    user_facts: Iterable[str] = (),
    memories: Sequence[Memory] = (),
    recalled: Sequence[Line] = (),
) -> Scene:
    """The context for a reply to the last message of `path`, of about `budget` tokens.

    `memories` are oldest first. `used` has the numbers of the memories and of the messages that were recalled,
    and the texts of the lore; it is empty when there is nothing of the kind.
    """
    shown = seen(path)
    last = shown[-1].text if shown else ""
    told = lore(profile, [message.text for message in shown], user_name)
    facts = _chosen(_candidates(profile, user_name, user_facts, memories, told), last, budget // 2)
    left = budget - sum(cost(fact.text) for fact in facts)
    fitting = {message.id for message in newest(shown, left)}
    remembered = [line for line in recalled if line.message_id not in fitting]
    before = [Turn(line.role, line.text) for line in remembered]
    if remembered:
        shown = newest(shown, left - sum(cost(turn.text) for turn in before))
    elif len(fitting) == len(shown):
        before = _examples(profile, user_name, left - sum(cost(message.text) for message in shown))
    turns = [Turn(message.role, message.text) for message in shown]
    used = {
        "memories": [fact.memory.id for fact in facts if fact.memory],
        "recalled": [line.message_id for line in remembered],
        "lore": [fact.text for fact in facts if fact.source == "lore"],
    }
    context = Context(tuple(fact.text for fact in facts), (*before, *turns))
    return Scene(context, {name: found for name, found in used.items() if found})


def remembered_scene(
    manager: ConversationManager,
    profile: Profile,
    path: Sequence[Message],
    *,
    budget: int,
    rules: MemoryRules,
    user_name: str = "",
    user_facts: Iterable[str] = (),
) -> Scene:
    """The scene with what the persona remembers: memories, and lines of earlier that come to mind."""
    shown = seen(path)
    lines: tuple[Line, ...] = ()
    if rules.recall and shown:
        lines = recall.recalled(
            manager,
            profile.name,
            shown[-1].text,
            conversation_id=shown[-1].conversation_id,
            path=shown,
            shown={message.id for message in newest(shown, budget // 2)},
        )
    memories = manager.memories(profile.name) if rules.know else ()
    return scene(
        profile,
        path,
        budget=budget,
        user_name=user_name,
        user_facts=user_facts,
        memories=memories,
        recalled=lines,
    )


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
    """About how many tokens a fact or a turn takes, its markers with it; rather too many than too few."""
    return 2 + sum(1 + (len(piece) >= _LONG_WORD) for piece in _PIECE.findall(text))


def _candidates(
    profile: Profile,
    user_name: str,
    user_facts: Iterable[str],
    memories: Sequence[Memory],
    told: Iterable[str],
) -> list[_Fact]:
    """All that could be told, in the order in which it is told when nothing is nearer to the last message."""
    own = [_Fact(text) for text in persona.facts(profile, user_name)]
    known = [_Fact(memory.text, memory, memory.kind, "user") for memory in reversed(memories)]
    named = any(memory.kind == "name" for memory in memories)
    name = "" if named or any(user_name and user_name in fact.text for fact in own) else user_name
    written = [_Fact(text, None, "", "user") for text in persona.user_facts("", user_facts)]
    written += [_Fact(text, None, "name", "user") for text in persona.user_facts(name, ())]
    return [*(_Fact(text, source="lore") for text in told), *own, *written, *known]


def _chosen(facts: Sequence[_Fact], last: str, budget: int) -> list[_Fact]:
    """The facts that are told, in order."""
    said = {_stem(word) for word in words(last)}
    near = [fact for fact in facts if _touches(fact, last, said)]
    of_user = [fact for fact in near if fact.source == "user"][:TOUCHING]
    asked = bool(of_user and _ASKING.search(last) and _SELF.search(last))
    others = [fact for fact in near if fact.source != "user"]
    order = [*of_user, *([] if asked else [*others, *facts])]
    kept: list[_Fact] = []
    for fact in dict.fromkeys(order):
        if cost(fact.text) <= budget or not kept:
            kept.append(fact)
            budget -= cost(fact.text)
    return kept


def _touches(fact: _Fact, last: str, said: set[str]) -> bool:
    """Whether a fact has to do with the last message."""
    if fact.source == "lore" or said & {_stem(word) for word in words(fact.text)}:
        return True
    cues = _CUES.get(fact.kind, "").split()
    return bool(cues and _SELF.search(last)) and bool(set(cues) & set(re.findall(r"\w+", last.lower())))


def _examples(profile: Profile, user_name: str, budget: int) -> list[Turn]:
    """The first example lines that fit."""
    turns: list[Turn] = []
    for role, text in persona.examples(profile, user_name):
        budget -= cost(text)
        if budget < 0:
            break
        turns.append(Turn(role, text))
    if len(turns) % 2 and turns[-1].role == "user":
        turns.pop()
    return turns


def _stem(word: str) -> str:
    return word.removesuffix("'s").removesuffix("s")
