"""What personas know of the user: noticed in the user's own lines, or written down by a person.

A memory is a short sentence about "the user". What a persona knows comes from what it was told; memories
without a persona are known to all of them. A newer fact of a kind that has one value (a name, a home, a job)
takes the place of the older one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chatbot import persona
from chatbot.errors import UnknownNameError, UsageError
from chatbot.memory import recall
from chatbot.memory.nearness import stems
from chatbot.memory.noticing import Fact, denied, lost, noticed
from chatbot.terminal import one_line
from profiles import Profile
from storage import ConversationManager, Memory, Message

NOTE = "note"  # the kind of what a person wrote down
LONGEST_NOTE = 200  # characters; the model reads few words
_SENTENCE = re.compile(r"[^.!?]*\w[^.!?]*")
SINGLE = ("name", "home", "household", "work", "workplace", "age", "birthday", "origin")
_ONE = re.compile(
    r"The user(?: (?:likes|loves|does not like|hates) (.+)|"
    r"'s favourite (.+?) (?:is|are) .+|"
    r"'s (wife|husband|mother|mum|mom|father|dad) (is called|is a|lives in)n? .+|"
    r" is (?:married|divorced|engaged|widowed|single)(?: to .+)?)\."
)


@dataclass(frozen=True)
class MemoryRules:
    """What a chat does with memories: notice new ones, tell the model, recall lines of earlier talks."""

    notice: bool = False
    know: bool = False
    recall: bool = False


# --- keeping


def keep(
    manager: ConversationManager, name: str, message: Message, said: Sequence[str] = (), named: bool = False
) -> list[Memory]:
    """Notice what the user's message tells after what user and persona `said` before, and remember what is
    new; `named`: the settings have a name, for which one that is guessed does not go."""
    facts = [fact for fact in noticed(message.text, *said) if not (named and fact.guessed)]
    kept = (remember(manager, name, fact, message_id=message.id) for fact in facts)
    return [memory for memory in kept if memory is not None]


def heard(
    manager: ConversationManager, profile: Profile, path: Sequence[Message], user_name: str
) -> tuple[list[Memory], list[Memory]]:
    """What the user's message, the last of `path`, adds to what is known, and what it takes away."""
    if not _of_user(path[-1]):
        return [], []
    before = next((message.text for message in path[-2::-1] if message.role == "user"), "")
    to = path[-2].text if len(path) > 1 and path[-2].role == "bot" else ""
    own = (f"My name is {profile.speaker}.", *profile.facts)
    message = replace(path[-1], text=unaddressed(path[-1].text, own))
    kept = keep(manager, profile.name, message, (before, to), named=bool(user_name.strip()))
    return kept, forget_denied(manager, profile.name, message.text)


def unaddressed(text: str, facts: Iterable[str]) -> str:
    """The text without the name of the persona of these facts: "I have a dog, Victor" -> "I have a dog"."""
    own = (known.text for fact in facts for known in noticed(fact) if known.kind == "name")
    words = " ".join(text.removeprefix("The user is called ").removesuffix(".") for text in own).split()
    names = "|".join(map(re.escape, words))
    return re.sub(rf", ?(?:{names})(?=[.,!?;]|$)", "", text, flags=re.I | re.M) if names else text


def forget_denied(manager: ConversationManager, profile_name: str, text: str) -> list[Memory]:
    """Forget what the persona was told and the user's message denies, and who it says is gone."""
    gone = "|".join([*map(_told_in_full, denied(text)), *(_told_of(*one) for one in lost(text))])
    known = manager.memories(profile_name) if gone else []
    return [
        manager.forget(memory.id)
        for memory in known
        if memory.profile_name == profile_name and re.fullmatch(gone, memory.text, re.I)
    ]


def _told_in_full(fact: Fact) -> str:
    """An expression for all that goes with a fact: who has no dog has none that is called Rex."""
    told = fact.text.removesuffix(".")
    own = re.sub(r"^The user has an? (.+)", r"The user's \1 is", told)
    return rf"(?:{re.escape(told)}|{re.escape(own)})(?: (?:called|at|in|to|with|near) .+)?\."


def _told_of(who: str, name: str) -> str:
    """An expression for all that is told of an animal or a relative as there: "dog", "Rex", or both."""
    one, called = rf"(?:[\w-]+ )*{who or '.+'}", re.escape(name) or ".+"
    if not who:
        return rf"The user(?:'s {one} is| has an? {one}) called {called}\."
    married = r"| is married(?: to .+)?" if who.lower() in ("wife", "husband") else ""
    its = rf"'s {one} (?:is called {called}|is an? .+|lives in .+)"
    return rf"The user(?:{its}| has an? {one}(?: called {called})?| lives with their {who}{married})\."


def unsay(manager: ConversationManager, message: Message) -> list[Memory]:
    """Forget what is known from a message alone that was edited or taken back, is to be deleted, or is not
    the user's; what was forgotten."""
    gone = []
    for memory in manager.memories():
        if memory.message_id == message.id:
            manager.forget(memory.id)
            if teller := _teller(manager, memory):
                manager.remember(memory.profile_name, memory.text, kind=memory.kind, message_id=teller)
            else:
                gone.append(memory)
    return gone


def reattributed(manager: ConversationManager, message: Message) -> list[Memory]:
    """Forget what is known from a message alone, if its speaker as corrected is not the user; what was
    forgotten."""
    return [] if _of_user(message) else unsay(manager, message)


def _of_user(message: Message) -> bool:
    """Whether the user said it, and not somebody else on the user's side."""
    return message.role == "user" and not message.speaker


def _teller(manager: ConversationManager, memory: Memory) -> int | None:
    """Another message that tells a memory and was neither edited nor hidden."""
    for word in recall.words(memory.text):
        numbers = manager.mentions(word, profile_name=memory.profile_name, most=recall.MOST)
        for said in manager.messages(numbers):
            other = said.id != memory.message_id and not said.hidden
            stands = other and _of_user(said) and said.position + 1 == said.sibling_count
            told = noticed(said.text) if stands else ()
            if memory.text in (fact.text for fact in told):
                return said.id
    return None


def write_down(manager: ConversationManager, profile_name: str, text: str) -> list[Memory]:
    """Remember what a person says is to be remembered: a fact of each sentence, or the whole as it stands
    where that would leave something out."""
    text = one_line(text)
    if not text:
        raise UsageError("A memory needs words. Write a short sentence, such as: I have a dog called Rex.")
    if len(text) > LONGEST_NOTE:
        raise UsageError(
            f"A memory may have {LONGEST_NOTE} characters; this one has {len(text)}. Shorten it."
        )
    facts = noticed(text)
    left_out = stems(text) - stems(" ".join(fact.text for fact in facts))
    if not facts or left_out or len(facts) < len(_SENTENCE.findall(text)):
        facts = (Fact(NOTE, text if text[-1] in ".!?" else f"{text}."),)
    kept = [remember(manager, profile_name, replace(fact, guessed=False)) for fact in facts]
    if not any(kept):
        raise UsageError(f"This is remembered already: {text!r}. See /memory or chatbot memory list.")
    return [memory for memory in kept if memory is not None]


def remember(
    manager: ConversationManager, profile_name: str, fact: Fact, *, message_id: int | None = None
) -> Memory | None:
    """Remember one fact in the place of those that it replaces; None when it is known, or guessed where
    another of its kind is."""
    known = manager.memories(profile_name)
    if fact.guessed and any(memory.kind == fact.kind for memory in known):
        return None
    same = [memory for memory in known if memory.text.casefold() == fact.text.casefold()]
    for memory in known:
        if memory not in same and memory.profile_name == profile_name and _replaces(fact, memory):
            manager.forget(memory.id)
    return None if same else manager.remember(profile_name, fact.text, kind=fact.kind, message_id=message_id)


def unhidden(manager: ConversationManager, profile_name: str) -> list[Memory]:
    """What the persona knows, but for what only hidden messages told."""
    known = manager.memories(profile_name)
    tellers = manager.messages([memory.message_id or 0 for memory in known])
    hidden = {message.id for message in tellers if message.hidden}
    return [memory for memory in known if memory.message_id not in hidden or _teller(manager, memory)]


def holding(memories: Sequence[Memory], written: Iterable[str] = ()) -> list[Memory]:
    """Those that nothing later contradicts, and nothing `written` in the settings: what one persona heard
    stands beside what everyone knows."""
    newest: dict[tuple[str, ...] | None, object] = {_about(memory): memory for memory in memories}
    for text in own_words(written):
        newest |= {_about(fact): fact for fact in noticed(text)}
    return [memory for memory in memories if _about(memory) is None or newest[_about(memory)] is memory]


def _replaces(fact: Fact, memory: Memory) -> bool:
    return (about := _about(fact)) is not None and about == _about(memory)


def _about(known: Fact | Memory) -> tuple[str, ...] | None:
    """What there is only one of: a name, a home, a taste, a favourite, a mother's name; None for all else."""
    if known.kind in SINGLE:
        return (known.kind,)
    found = _ONE.fullmatch(known.text)
    return found and tuple((part or "").casefold() for part in found.groups())


def find(memories: Sequence[Memory], reference: str) -> Memory:
    """The memory with this number, the only one with these words, or without a reference the newest that the
    persona itself was told."""
    if not memories:
        raise UsageError("There is nothing to forget: nothing is remembered yet.")
    if not reference:
        if own := [memory for memory in memories if memory.profile_name]:
            return own[-1]
        raise UsageError("What every persona knows is forgotten by its number or its words. See /memory.")
    if reference.isdecimal():
        found = [memory for memory in memories if str(memory.id) == reference]
    else:
        found = [memory for memory in memories if reference.casefold() in spoken_of(memory.text).casefold()]
        found = found or [memory for memory in memories if reference.casefold() in memory.text.casefold()]
    if not found:
        raise UnknownNameError("memory", reference, [str(memory.id) for memory in memories])
    if len(found) > 1:
        listed = "; ".join(f"{memory.id} {spoken_of(memory.text)}" for memory in found)
        raise UsageError(f"One memory is forgotten at a time, and {reference!r} is in {len(found)}: {listed}")
    return found[0]


# --- words

_SUBJECT = re.compile(r"The user(?P<whose>'s)? ")
_VERBS = {"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go"}


def spoken_of(text: str) -> str:
    """A memory as it is said to the user: "The user's dog is called Rex." -> "your dog is called Rex"."""
    return _turned(text, "you", "your", _VERBS).rstrip(".")


def spoken_by(text: str) -> str:
    """A memory as the user would say it: "The user lives in Leeds." -> "I live in Leeds."."""
    said = re.sub(r"^The user is called ", "My name is ", text)
    said = _turned(said, "I", "my", {**_VERBS, "is": "am", "was": "was"})
    return said[:1].upper() + said[1:]


def own_words(written: Iterable[str], user_name: str = "") -> list[str]:
    """What the settings say of the user, as the user would say it; the name behind what is said so there."""
    found = [said for text in written if (said := " ".join(text.split()))]
    own = [text for text in found if persona.is_own(text)]
    told = persona.user_facts(user_name, [text for text in found if text not in own])
    return [*own, *map(spoken_by, told)]


def _turned(text: str, subject: str, owner: str, verbs: dict[str, str]) -> str:
    found = _SUBJECT.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    if found["whose"]:
        return f"{owner} {rest}"
    verb, space, rest = rest.partition(" ")
    rest = re.sub(r"\btheir\b", owner, rest)
    return f"{subject} {verbs.get(verb) or _stem(verb)}{space}{rest}"


def _stem(verb: str) -> str:
    """ "lives" -> "live", "studies" -> "study", "watches" -> "watch"."""
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    if re.search(r"(?:ch|sh|ss|x)es$", verb):
        return verb[:-2]
    return verb.removesuffix("s")
