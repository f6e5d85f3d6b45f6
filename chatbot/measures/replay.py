"""A stored reply found once more: from the same messages, targets, seed and sampling, by the engine at hand.

What the reply rests on is compared with what the new one rests on, key by key of their traces, so that a
text that came out differently has a reason. Contexts are compared by digests: a trace holds no words of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatbot import persona
from chatbot.conversing import directed
from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError, UsageError
from chatbot.measures.why import reply
from chatbot.memory.memories import MemoryRules
from chatbot.scene import Given, Scene, Sight, remembered_scene
from chatbot.terminal import clean, counted
from profiles import Profile, Target
from storage import Conversation, ConversationManager, Message
from storage.branches import Tree

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

ENGINE = ("model", "model_digest", "program", "device", "dtype")
KEYS = ("profile", *ENGINE, "sampling", "flow_options", "prefix")


@dataclass(frozen=True)
class Recorded:
    """A stored reply with what its trace says of how it was found."""

    message: Message
    trace: Mapping[str, Any]
    targets: dict[str, Target]
    sampling: Sampling
    seed: int
    prefix: str
    used: Mapping[str, Sequence[int]]  # memories and recalled lines that the model was told
    chance: str  # what {{random}} drew from
    partner: str  # whom it spoke to in a duet; "" where that was the user


@dataclass(frozen=True)
class Replay:
    """A reply, the text that came out now, and what is not as it was."""

    message: Message
    again: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.again == self.message.text


def recorded(manager: ConversationManager, message_id: int) -> Recorded:
    """What a replay needs of a stored reply.

    UsageError for a message without a trace, one cut short or from another program, and for the other side
    of a duet, whose profile the conversation does not hold.
    """
    message = reply(manager, message_id)
    if message.role != "bot":
        whose = message.speaker or f"a {message.role}"
        raise UsageError(
            f"Only the persona's side can be replayed; message {message_id} is {whose}'s. Name a reply."
        )
    trace = message.generation or {}
    if message.state != "complete" or trace.get("finish") not in ("end", "stop", "length"):
        raise UsageError(f"Message {message_id} was cut short and cannot be replayed. Name a whole reply.")
    try:
        targets, sampling = _targets(trace), Sampling.read(trace["sampling"])
        seed, prefix, scene = int(trace["seed"]), str(trace.get("prefix") or ""), trace.get("scene") or {}
        used = {part: tuple(map(int, scene.get(part, ()))) for part in ("memories", "recalled")}
        chance = str(next(iter(scene.get("chance", ())), persona.RUN))
        partner = str(trace.get("partner") or "")
        return Recorded(message, trace, targets, sampling, seed, prefix, used, chance, partner)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"The trace of message {message_id} lacks what a replay needs: {error}. It comes from an older "
            "version or another program."
        ) from error


def replay(
    manager: ConversationManager,
    then: Recorded,
    engine: GenerationEngine,
    *,
    user_name: str = "",
    user_facts: Sequence[str] = (),
) -> Replay:
    """Find the reply again. Of memories, earlier lines, note and scenario it is told those of then.

    UsageError where the model at hand has not what was asked of another one.
    """
    try:
        engine.check(then.targets)
    except UnknownNameError as error:
        number, other = then.message.id, clean(str(then.trace.get("model")))
        raise UsageError(
            f"Message {number} was found by the model {other!r}; {engine.name!r} is another: {error}"
        ) from error
    conversation, path = before(manager, then.message)
    profile = Profile.parse(conversation.profile)

    user = (then.partner, ()) if then.partner else (user_name, user_facts)
    sight, rules = Sight.of(engine), MemoryRules(know=True, recall=True)

    def look(told: Mapping[str, str]) -> Scene:
        given = Given(*user, told.get("scenario", ""), told.get("note", ""), then.chance)
        return remembered_scene(manager, profile, path, sight, given, rules=rules, used=then.used)

    now = {what: text for what in ("scenario", "note") if (text := directed(conversation, what))}
    seen = look(now)
    known = (then.trace.get("context") or {}).get("facts", seen.context.digests()["facts"])
    kept = _of_then(now, seen, known)
    if kept != now:
        seen = look(kept)
    found = engine.replies([seen.context], [then.targets], then.sampling, [then.seed], prefix=then.prefix)[0]
    differences = [*_differences(then.trace, found.trace | {"profile": profile.name})]
    if kept != now and not set(known) <= set(seen.context.digests()["facts"]):
        differences.append("note or scenario: perhaps another one now")
    return Replay(then.message, found.text, tuple(differences))


def _of_then(now: Mapping[str, str], seen: Scene, known: Collection[str]) -> dict[str, str]:
    """The note and the scenario of a conversation less what was given to it later: what `seen` tells of them
    is not among the digests of the facts that were `known` then."""
    told = zip(seen.sources, seen.context.digests()["facts"], strict=True)
    later = {source for source, digest in told if digest not in known}
    return {what: text for what, text in now.items() if what not in later}


def before(manager: ConversationManager, message: Message) -> tuple[Conversation, list[Message]]:
    """The conversation of a message, and the path that led to it, oldest first and without itself."""
    tree = Tree.read(manager, message.conversation_id)
    return tree.conversation, tree.path(message.id)[:-1]


def told(found: Replay) -> str:
    """The outcome in lines; both texts when they differ."""
    changes = [f"  {clean(change)}" for change in found.differences]
    if found.same:
        return "\n".join(["The same text.", *(["It came out in spite of:", *changes] if changes else [])])
    reasons = changes or ["  nothing that is recorded; another machine or library may round differently"]
    texts = ("Then: " + clean(found.message.text), "Now:  " + clean(found.again))
    return "\n".join(("Another text. What is not as it was:", *reasons, *texts))


def as_fields(found: Replay) -> dict[str, Any]:
    return {
        "message_id": found.message.id,
        "same": found.same,
        "differences": list(found.differences),
        "then": found.message.text,
        "now": found.again,
    }


def _targets(trace: Mapping[str, Any]) -> dict[str, Target]:
    """The targets as they were; beside a strength a trace notes a weight too, which nobody asked for."""
    return {
        name: Target.parse(
            {"aspects": note["aspects"]}
            | ({"strength": note["strength"]} if note.get("strength") else {"weight": note["weight"]})
        )
        for name, note in trace["targets"].items()
    }


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that a text depends on and that is not as it was."""
    unknown = [key for key in (*KEYS, "context") if key not in then and key in now]
    if unknown:
        yield f"not recorded then: {', '.join(unknown)}"
    for key in KEYS:
        if key in then and key in now:
            yield from _apart(key, then[key], now[key])
    if "context" in then and "context" in now:
        for part, word in (("facts", "fact"), ("turns", "message")):
            yield from _changed(word, then["context"].get(part, ()), now["context"].get(part, ()))


def _apart(key: str, old: Any, new: Any) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"{key}: {old!r} then, {new!r} now"
        return
    for name in {**old, **new}:
        if name != "seed":
            yield from _apart(f"{key}.{name}", old.get(name), new.get(name))


def _changed(word: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    gone, more = (Counter(old) - Counter(new)).total(), (Counter(new) - Counter(old)).total()
    if gone or more:
        seen = counted(len(old), word)
        yield (
            f"context: of {seen} that the model saw, {_are(gone)} gone (hidden, deleted or changed); "
            f"{_are(more)} new"
        )
    elif list(old) != list(new):
        yield f"context: the {word}s that the model saw stand in another order"


def _are(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'}"
