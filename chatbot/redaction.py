"""A conversation with the names taken out: each becomes [name 1], [place 1], ..., the same one each time.

Taken out is what can be known: the user's name, what memories and the user's own lines tell of people and
places, words that are written like names (chatbot/memory/naming.py), and the forms of addresses and numbers.
A machine cannot find all of it; whoever gives an export away should read it first.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import normalize

from chatbot.memory.known_words import BIG, TITLES
from chatbot.memory.naming import english, named
from chatbot.memory.noticing import noticed
from storage import Conversation, Memory, Message
from storage.branches import Tree

NOTES = ("note", "scenario")  # what of a conversation's `extra` the program itself has put there
KINDS = {  # what is taken out: one, and several
    "persona": ("name of the persona", "names of the persona"),
    "name": ("name", "names"),
    "place": ("place", "places"),
    "mail": ("mail address", "mail addresses"),
    "link": ("link", "links"),
    "phone": ("phone number", "phone numbers"),
}
NOBODY = ("you", "narrator")  # what speakers are called who have no name
NAMELESS = "persona"  # the name of a profile that may not keep its own
_PLACES = re.compile(r"The user(?:'s .*)? (?:lives|comes|plans to (?:go|move)) (?:in|from|to|at|near|on) ")
_NAMES = re.compile(r"The user.* (?:called|married to|engaged to) (.+)\.")
_TELLING = re.compile(  # what stands before a name that is told: there "mark" is no verb
    r"(?i)\b(?:called|named|go\s+by|names?\s+(?:is|are)|name\Ws|(?:married|engaged)\s+to|liv(?:e|es|ing)\s+(?:in|near))"
    r",?\s+(?:[\w'’-]+(?:,?\s+and|,)\s+){0,3}$"  # "called bear and duke"
)
_REACH = 80  # characters before a name that are looked at
_FORMS = (
    ("mail", r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("link", r"\b(?:(?:https?|ftp)://|www\.)[^\s<>\"')\]]*[^\s<>\"')\].,;:!?*_]"),
    ("link", r"(?<![\w@.-])(?:[\w-]+\.)+(?:com|org|net|edu|gov|info|io|dev|app|uk|de|fr|nl|eu|ch|us|ca|au)"
             r"\b(?:/[^\s<>\"')\]]*[^\s<>\"')\].,;:!?*_])?"),
    ("name", r"(?<![\w@])@\w{2,}"),
    ("phone", r"(?<![\w.+-])(?!\d{4}-\d\d-\d\d)(?:\+|\(\+?)?\d(?:[ ()./-]{0,2}\d){6,30}(?![\w-])"),
)  # fmt: skip
_FORM = re.compile("|".join(f"(?P<{kind}{place}>{form})" for place, (kind, form) in enumerate(_FORMS)))
_START = re.compile(r"(?<![^\W_])(?:[^\W_]+|\S)")  # where a name may begin, with its first word or sign


@dataclass(frozen=True)
class Redacted:
    """The conversation as it may be given away, and how often something was taken out of it."""

    tree: Tree
    found: Mapping[str, int]  # how many different names, places, ... there were
    times: int

    def told(self) -> str:
        """What was done and what was not, for the person who asked for it."""
        kinds = [f"{count} {KINDS[kind][count != 1]}" for kind, count in self.found.items()]
        what = "Nothing was taken out."
        if kinds:
            what = f"Taken out of the whole conversation: {', '.join(kinds)} ({self.times} times)."
        return f"{what} A machine cannot find all: read the export before you give it away."


def redacted(
    tree: Tree,
    memories: Iterable[Memory] = (),
    *,
    user_name: str = "",
    user_facts: Iterable[str] = (),
    persona: bool = False,
) -> Redacted:
    """The tree without names; that of the persona stays unless `persona` is asked for.

    Keys that other programs brought along are left out, and of traces all but their numbers.
    """
    called = _called(tree)
    redactor = _Redactor(set() if persona else {word for name in called for word in _parts(name)})
    redactor.know(called if persona else (), "persona")
    user = [user_name, tree.names.user, *_speakers(tree, "user")]
    redactor.know([*user, *map(str.title, user)], "name")  # whoever is "april" here is April in a reply
    facts = [memory.text for memory in memories]
    own = [message.text for message in tree.messages if message.role == "user"]
    facts += [fact.text for text in (*facts, *user_facts, *own) for fact in noticed(text)]
    for fact in facts:
        place = _PLACES.match(fact) is not None
        redactor.know([*_told(fact), *(name for name, _ in named(fact))], "place" if place else "name")
    texts = [*user_facts, *_texts(tree)]
    for text in texts:
        for name, place in named(normalize("NFC", text)):
            redactor.know([name], "place" if place else "name", told=False)
    messages = [_message(message, redactor.text, persona) for message in tree.messages]
    conversation = _conversation(tree.conversation, redactor.text, persona)
    return Redacted(Tree(conversation, messages), dict(redactor.found), redactor.times)


@dataclass
class _Redactor:
    """Puts labels in the place of names; a name has one label from its first time on.

    A long chat has thousands of names, so each is looked for only where its first word stands, and compared
    only with those that have a word in common with it.
    """

    kept: set[str]  # the words of names that stay
    names: dict[str, str] = field(default_factory=dict)  # as it is written -> what it is
    told: set[str] = field(default_factory=set)  # those of them that are no guess from capitals
    labels: dict[str, str] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)  # how many labels of each kind there are
    times: int = 0
    _kinds: dict[str, str] = field(default_factory=dict)  # the names without their case -> what they are
    _starting: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _patterns: dict[tuple[str, bool], re.Pattern[str]] = field(default_factory=dict)  # and if told there
    _words: dict[str, set[str]] = field(default_factory=dict)  # of what has a label
    _sharing: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def know(self, names: Iterable[str], kind: str, *, told: bool = True) -> None:
        """These are to be taken out; whoever said first what a name is was right."""
        for name in names:
            name = " ".join(normalize("NFC", name).split())
            words = _parts(name, told=told) - self.kept
            if len(name) < 2 or not words or name.casefold() in NOBODY:
                continue
            if told:
                self.told.add(name)
            for known in (name, *(word for word in words if len(word) > 2 and not _as_written(word))):
                if known not in self.names:
                    self.names[known] = kind
                    self._kinds.setdefault(known.casefold(), kind)
                    self._starting[_first(known)].append(known)

    def text(self, text: str) -> str:
        text, parts, done = normalize("NFC", text), list[str](), 0
        for found in self._matches(text):
            parts += [text[done : found.start()], self._label(found)]
            done = found.end()
        return "".join((*parts, text[done:]))

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        """What is to be taken out, in its order; where a form and a name begin, it is the form."""
        done, form = 0, _FORM.search(text)
        for start in _START.finditer(text):
            while form and form.start() <= start.start():
                yield form
                done, form = form.end(), _FORM.search(text, form.end())
            if start.start() < done or not (found := self._known(text, start)):
                continue
            yield found
            done = found.end()
            if form and form.start() < done:
                form = _FORM.search(text, done)

    def _known(self, text: str, start: re.Match[str]) -> re.Match[str] | None:
        """The longest of the known names that begins here."""
        first = _first(start[0])
        if first not in self._starting:
            return None
        telling = bool(_TELLING.search(text, max(0, start.start() - _REACH), start.start()))
        if (first, telling) not in self._patterns:
            longest = sorted(self._starting[first], key=lambda name: (-len(name), name))
            expressions = (_expression(name, small=telling and name in self.told) for name in longest)
            self._patterns[first, telling] = re.compile("|".join(expressions))
        return self._patterns[first, telling].match(text, start.start())

    def _label(self, found: re.Match[str]) -> str:
        self.times += 1
        said = " ".join(found[0].casefold().split())
        if said not in self.labels:
            kind = (found.lastgroup or "").rstrip("0123456789")
            # No kind at all: letters that are the same to an expression alone, İ and i.
            kind = kind or self._kinds.get(said, "name")
            words = self._words[said] = _parts(said)
            if (label := self._same(words, kind)) is None:
                self.found[kind] += 1
                label = f"[{kind} {self.found[kind]}]"
            self.labels[said] = label
            for word in words or ("",):
                self._sharing[word].append(said)
        return self.labels[said]

    def _same(self, words: set[str], kind: str) -> str | None:
        """The label of the only other name that this one is a part of, or that is a part of this one."""
        if kind not in ("name", "place", "persona"):
            return None
        others = (other for word in (*words, "") for other in self._sharing[word]) if words else self.labels
        near = {
            self.labels[other]
            for other in others
            if self.labels[other].startswith(f"[{kind} ")
            and (words < self._words[other] or self._words[other] < words)
        }
        return near.pop() if len(near) == 1 else None


def _first(name: str) -> str:
    """The first word of a name, or its first sign, with what an expression takes for one letter as one."""
    start = _START.match(name)
    return start[0].replace("İ", "i").lower().upper() if start else ""


def _expression(name: str, *, small: bool) -> str:
    """The name as a word of its own; one that is another word too only as it is written, or `small`."""
    words = r"\s+".join(map(re.escape, name.split()))
    alone = rf"(?<![^\W_]){words}(?![^\W_])"  # _so_ is emphasis
    return alone if _as_written(name) and not small else f"(?i:{alone})"


def _as_written(name: str) -> bool:
    """Whether the name may be none where it is written small: Mark and April, but not Ada."""
    return any(map(english, name.split())) or not _parts(name, told=False)


def _parts(name: str, *, told: bool = True) -> set[str]:
    """The words of a name that say whose it is; months and titles do where it is told and has no others."""
    words = set(re.findall(r"[^\W_]+", name.casefold()))
    return words - TITLES - BIG or (words if told else set())


def _told(fact: str) -> list[str]:
    """Whoever is called something in a fact, even what is no name elsewhere: April, Princess."""
    found = _NAMES.fullmatch(fact)
    return [name for name in found[1].split(" and ") if name[:1].isupper()] if found else []


def _called(tree: Tree) -> list[str]:
    """What the persona is called, by itself too, and whoever speaks on its side."""
    profile = tree.conversation.profile
    facts = (fact for text in _strings(profile.get("facts")) for fact in noticed(text))
    own = (name for fact in facts if fact.kind == "name" for name in _told(fact.text))
    names = (tree.names.bot, tree.conversation.profile_name, profile.get("display_name"), *own)
    return [name for name in (*names, *_speakers(tree, "bot")) if isinstance(name, str) and name]


def _speakers(tree: Tree, role: str) -> list[str]:
    return list(dict.fromkeys(m.speaker for m in tree.messages if m.role == role and m.speaker))


def _texts(tree: Tree) -> Iterator[str]:
    """Everything that an export may say in words."""
    conversation = tree.conversation
    yield from (message.text for message in tree.messages)
    yield from (conversation.title, *_notes(conversation).values())
    yield from _strings({key: value for key, value in conversation.profile.items() if key != "name"})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(inner)


def _notes(conversation: Conversation) -> dict[str, str]:
    extra = conversation.extra or {}
    return {key: extra[key] for key in NOTES if isinstance(extra.get(key), str)}


def _conversation(found: Conversation, text: Callable[[str], str], persona: bool) -> Conversation:
    own = {key: value for key, value in found.profile.items() if key != "name"}
    profile = {"name": found.profile.get("name", found.profile_name), **_rewritten(own, text)}
    if persona:
        profile |= {"name": NAMELESS, **({"display_name": ""} if "display_name" in own else {})}
    notes = {key: text(note) for key, note in _notes(found).items()}
    return replace(
        found,
        title=text(found.title),
        profile_name=NAMELESS if persona else found.profile_name,
        profile=profile,
        model=re.split(r"[/\\]", found.model.rstrip("/\\"))[-1],  # a folder names its owner
        extra=notes or None,
    )


def _message(found: Message, text: Callable[[str], str], persona: bool) -> Message:
    return replace(
        found,
        text=text(found.text),
        speaker=found.speaker if found.role == "bot" and not persona else text(found.speaker),
        generation=_figures(found.generation),
        extra=None,
    )


def _rewritten(value: Any, text: Callable[[str], str]) -> Any:
    """The same with every text in it changed; what a text is called stays."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {key: _rewritten(inner, text) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rewritten(inner, text) for inner in value]
    return value


def _figures(value: Any) -> Any:
    """The numbers of a trace under their names, without any words."""
    if isinstance(value, Mapping):
        kept = {key: _figures(inner) for key, inner in value.items() if not isinstance(inner, str)}
        return {key: inner for key, inner in kept.items() if inner not in ({}, [])}
    if isinstance(value, list | tuple):
        return [_figures(inner) for inner in value if not isinstance(inner, str)]
    return value
