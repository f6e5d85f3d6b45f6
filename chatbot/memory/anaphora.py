"""Clauses told in full: whom "he", "her name" and "the other one" mean, and a name beside its owner.

    in_full("his name is Rex", Fact("pet", "The user has a dog.")) -> ("my dog is called Rex",)
    in_full("my wife Ann is a nurse", None) -> ("my wife is called Ann", "my wife is a nurse")

A pronoun means the animal or the relative that the clause before told of, or nobody. What such a clause tells
then is for chatbot/memory/noticing_rules.py to say. Plain English only.
"""

from __future__ import annotations

import re

from chatbot.memory.known_words import ALSO_NAMES, BIG, GIVEN, JOBS, NUMBERS, PETS, RELATIVES
from chatbot.memory.naming import english, small_words
from chatbot.memory.noticing_rules import Fact
from chatbot.memory.noticing_words import as_name

_WORD = r"[^\W\d_][\w'-]*"
PROPER = r"(?-i:[^\W\d_a-z][\w'-]+)"
_AND = r"(?:, and | and |, )"
_NAMES = rf"(?P<names>{_WORD}(?:{_AND}{_WORD}){{0,3}})"
_MANY = (
    rf"(?:{PETS}|son|daughter|brother|sister|cousin|nephew|niece|grandson|granddaughter|kid)s|puppies|ponies|"
    r"mice|children"
)
_ONE = rf"{RELATIVES}|{PETS}|stepson|stepdaughter|child|kid"
_WHOM = re.compile(
    rf"The user(?:'s| has (?P<count>\w+)(?: [\w-]+)*?) (?P<whom>{_MANY}|{_ONE})(?: .+)?\.", re.IGNORECASE
)
_FEMALE = (
    r"wife|girlfriend|fiancée|\w*daughter|(?:.+ )?sister|\w*mother|m[aou]m|gran(?:ny|dma)?|nana?|aunt|niece"
)
_MALE = r"husband|boyfriend|fiancé|\w*son|(?:.+ )?brother|\w*father|\w*dad|grandpa|uncle|nephew"
_PRONOUNS = {  # whom each cannot mean
    **dict.fromkeys(("he", "his"), re.compile(rf"{_FEMALE}|{_MANY}", re.IGNORECASE)),
    **dict.fromkeys(("she", "her"), re.compile(rf"{_MALE}|{_MANY}", re.IGNORECASE)),
    **dict.fromkeys(("it", "its"), re.compile(rf"{RELATIVES}|{_MANY}", re.IGNORECASE)),
    **dict.fromkeys(("they", "their"), re.compile(rf"{_FEMALE}|{_MALE}|{PETS}", re.IGNORECASE)),
}
_NAMED = re.compile(
    r"(?:(?P<his>his|her|its|their) names?(?:'?s| is| are)|"
    rf"(?P<he>he|she|it|they)(?:'?s|'?re| is| are) (?:called|named)) {_NAMES}",
    re.IGNORECASE,
)
_DOES = re.compile(r"(?P<he>he|she)(?:(?:'?s| is) (?P<job>an? .+)| (?P<lives>lives in .+))", re.IGNORECASE)
_ONE_OTHER = re.compile(
    rf"one(?: of them)?(?:'?s| is) (?:called |named )?(?P<one>{PROPER}),? (?:and )?"
    rf"the other(?: one)?(?:'?s| is)? (?:called |named )?(?P<other>{PROPER})",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    rf"(?:(?P<home>i live (?!with\b).+) with )?(?P<my>my|our) (?P<whom>{_ONE}),? (?P<name>{_WORD})"
    r"(?:,? (?P<rest>(?:is|has|loves|likes|hates|works|lives|plays|moved|just|can|always|never|often)\b.+))?",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"(?P<have>.*\b(?:have|got|'ve|adopted) (?P<count>\w+) (?:[\w-]+ )*?(?:{_MANY}|{_ONE}))[,:] "
    rf"(?P<names>{PROPER}(?:{_AND}{PROPER}){{0,3}})",
    re.IGNORECASE,
)
_ARE = re.compile(rf"(?P<mine>(?:my|our) (?:{_MANY})) are (?P<names>{PROPER}{_AND}{PROPER})", re.IGNORECASE)
_KIND = (
    rf"(?:an?|\d\d?|{'|'.join(NUMBERS)}) (?:(?!and )[\w-]+ ){{0,2}}?(?:{_MANY}|{_ONE})"
    rf"(?: (?:called|named) {_WORD})?"
)
_KINDS = re.compile(rf"((?:i|we)(?:'ve| have)(?: got)?) ({_KIND}(?:{_AND}{_KIND})+)", re.IGNORECASE)
_ROW = re.compile(
    r"(?P<am>i am|i'm|im|my name is|my name's) (?P<first>[^,]+?)"
    r"(?:,? (?:and )?(?=from (?P<place>[^,]+))|, (?=an? |\d))"
    r"(?P<rest>(?!.*\b(?:me|us|you)\b).+)",
    re.IGNORECASE,
)
_LOST = re.compile(r"\b(?:dead|gone|lost|missing|no)\b", re.IGNORECASE)
STARTS = r"(?:he|she|it|they|his|her|its|their)(?:'?s|'?re)?|one(?:'s| is| of them)"
"""How a clause about them begins."""
THEY_ARE = r"(?:he|she|it|they)(?:'?s|'?re| is| are)"
STILL = re.compile(
    rf"(?:{THEY_ARE}(?! got\b)|one|(?:his|her|its|their) name)\b(?!.* (?:with|to|by|of|like|than)\b)",
    re.IGNORECASE,
)
"""One that brings in nobody else: "she is three", not "her friend came"."""


def in_full(clause: str, before: Fact | None) -> tuple[str, ...]:
    """The clause without pronouns, in as many as it tells; `before` is what the clause before it told."""
    found = _BESIDE.fullmatch(clause)
    if found and is_called(found["name"]) and not _LOST.search(found["rest"] or ""):
        mine = f"{found['my']} {found['whom']}"
        rest = f"{mine} {found['rest']}" if found["rest"] else found["home"]
        return (f"{mine} is called {found['name']}", *filter(None, [rest]))
    found = _LISTED.fullmatch(clause)
    if found and _only_names(found["names"]) and _as_many(found["count"], found["names"]):
        return (f"{found['have']} called {found['names']}",)
    if (found := _ARE.fullmatch(clause)) and _only_names(found["names"]):
        return (f"{found['mine']} are called {found['names']}",)
    about = _WHOM.fullmatch(before.text) if before else None
    return (_about(clause, about) if about else clause,)


def apart(clause: str) -> tuple[str, ...]:
    """ "I'm Ben, a nurse" as "I'm Ben", "I'm a nurse"; "I have a cat and two dogs" in two as well."""
    if found := _KINDS.fullmatch(clause):
        return tuple(f"{found[1]} {kind}" for kind in re.split(_AND, found[2]))
    found = _ROW.fullmatch(clause)
    if found and _is_somebody(found["first"]) and _is_place(found["place"]):
        return (f"{found['am']} {found['first']}", *apart(f"I'm {found['rest']}"))
    return (clause,)


def _is_somebody(words: str) -> bool:
    """Whether they are a name, an age or a job: not so "far" in "I'm far from Perth"."""
    article, _, job = words.partition(" ")
    if article in ("a", "an"):
        return job.rpartition(" ")[2].lower() in JOBS
    if words.islower():
        return words in GIVEN or bool(re.fullmatch(r"\d\d( years old)?", words))
    return words.isdigit() or (as_name(words) is not None and not words.isupper())


def _is_place(words: str | None) -> bool:
    """Whether they are one, or none at all: "Cape Town", not "time to time"."""
    place = (words or "Leeds").removeprefix("the ").split()
    named = all(map(str.istitle, place)) or not all(map(english, place))
    return named and len(place) < 4 and len(place[0]) > 1 and BIG.isdisjoint(map(str.lower, place))


def is_called(word: str) -> bool:
    return word in GIVEN or (word[0].isupper() and _only_names(word))


def _about(clause: str, about: re.Match[str]) -> str:
    """The clause with the animal or relative of `about` for its pronoun, where it can mean that one."""
    whom = about["whom"].lower()
    several = re.fullmatch(_MANY, whom, re.IGNORECASE) is not None
    if several and (found := _ONE_OTHER.fullmatch(clause)) and _only_names(", ".join(found.groups())):
        return f"my {whom} are called {found['one']} and {found['other']}"
    if found := _NAMED.fullmatch(clause):
        pronoun = (found["his"] or found["he"]).lower()
        if not _PRONOUNS[pronoun].fullmatch(whom) and _are_names(found["names"]):
            return f"my {whom} {'are' if several else 'is'} called {found['names']}"
    elif (found := _DOES.fullmatch(clause)) and not _PRONOUNS[found["he"].lower()].fullmatch(whom):
        return f"my {whom} {found['lives'] or 'is ' + found['job']}"
    return clause


def _are_names(written: str) -> bool:
    """Whether they are: "his name is funny" tells none."""
    names = re.split(_AND, written)
    return all(as_name(name) and not (name.islower() and name in small_words()) for name in names)


def _only_names(written: str) -> bool:
    """Not so in "MY DOG BITES" and "my mum, Luckily"."""
    return not any(english(name) and name.lower() not in ALSO_NAMES for name in re.split(_AND, written))


def _as_many(count: str, names: str) -> bool:
    """Whether so many have these names: "two dogs, Labradors" are not called that."""
    number = 1 if count.lower() in ("a", "an") else NUMBERS.get(count.lower(), count)
    return str(number) == str(len(re.split(_AND, names)))
