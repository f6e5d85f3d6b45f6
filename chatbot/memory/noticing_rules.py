"""The rules of chatbot/memory/noticing.py: the clauses that tell something, and the facts that are made of them.

A rule is an expression that fits a whole clause, and a function that makes a fact of what it found, or None
when what stands there is no name, place, job or thing after all. The first rule that gives a fact wins.
"""
# ruff: noqa: E501
# One rule a line: they can be read as a table.

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from chatbot.memory.known_words import (
    GIVEN,
    JOB_HEADS,
    JOBS,
    MONTHS,
    NOT_JOBS,
    NOT_THINGS,
    NUMBERS,
    PETS,
    REGIONS,
    RELATIVES,
    WHEN,
)
from chatbot.memory.naming import small_words
from chatbot.memory.noticing_words import as_name, as_place, as_thing, is_proper, turned


@dataclass(frozen=True)
class Fact:
    """One thing known of the user. `text` is a sentence whose subject is "The user" or "The user's ..."."""

    kind: str
    text: str
    guessed: bool = field(default=False, compare=False)  # its words may mean something else: "I'm Sage"


GIVEN_HERE = rf"(?P<name>{'|'.join(sorted(GIVEN))}) here"
_NAME = r"(?P<name>[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*\.?){0,2})"
_REGION = rf"(?:, (?:{REGIONS})){{0,2}}"
_PLACE = rf"(?P<place>[\w'-]+(?: [\w'-]+){{0,5}}{_REGION})"
_HOME = rf"(?P<place>[\w'-]+(?: [\w'-]+){{0,5}}?{_REGION})(?:,? with (?:my|our) [\w' -]+)?"
_MOVED_TO = (  # the shortest place, and behind it when and why; not what came after
    rf"(?P<place>[\w'-]+(?: [\w'-]+){{0,5}}?{_REGION})"
    r"(?: (?!.*\b(?:but|then|before)\b)(?:(?:from|for|to|with|because|when|after|as|at|(?:way )?back|recently|alone|together|"
    rf"{WHEN})\b|(?-i:[a-z\d][\w-]* ){{1,5}}ago\b)[\w', -]*)?"
)
_THING = r"(?P<thing>[\w'&-]+(?: [\w'&-]+){0,5})"
_COUNT = rf"(?P<count>an?|[1-9]\d?|{'|'.join(list(NUMBERS)[1:13])}|some)"
_ADVERB = r"(?:(?:really|also|just|still|actually|absolutely|always|kind of|usually|mostly|now|currently|both|do) )*"
_I_AM = r"(?:i am|i'm|im|i m)"
_HAVE = r"(?:i|we)(?:'ve| have)(?: got)?"


Make = Callable[[re.Match[str]], Fact | None]
Rule = tuple[re.Pattern[str], Make]


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


def _name(found: re.Match[str]) -> Fact | None:
    name = as_name(found["name"])
    return Fact("name", f"The user is called {name}.") if name else None


def _am_name(found: re.Match[str], *, greeted: bool = False) -> Fact | None:
    """ "I'm Ada" with a capital, or "hi, i'm ada" after a greeting; words of one case tell no name from a state."""
    word = found["name"]
    unsure = not greeted or " " in word or re.search(r"(?:ing|ed|ful|less|ous|ish)$", word)
    if word.islower() and unsure and word not in GIVEN:
        return None
    small = (word.islower() or word.isupper()) and word.lower() not in GIVEN
    if small and not small_words().isdisjoint(word.lower().split()):
        return None
    fact = _name(found)
    return fact and replace(fact, guessed=True)


_NO_PLACE = re.compile(
    r"\b(?:constant|budget|fear|hope|peace|pain|sin|hell|past|future|moment|present|world|dreams?|fantasy|nightmare|"
    r"simulation|shadows?|exile|poverty|denial|bubble|your|you|here|there|law|sword|ago)\b|"
    r"\b(?:the (?:edge|box)|rules?|principles|times)$|"
    r"^(?:the )?(?:home|town|tears|bed|sofa|couch|window|next level|night|noon)$|^the$", re.I
)  # fmt: skip


def _home(found: re.Match[str]) -> Fact | None:
    how, words = found["how"].lower(), found["place"]
    if how == "to" and not is_proper(words):
        return None  # to the kitchen, to a new job
    place = as_place(words)
    if not place or _NO_PLACE.search(place):
        return None
    if how in ("on", "by") and words[0].islower() and not re.match(r"(?:an?|the|my|our) ", words):
        return None  # on coffee, by night
    return Fact("home", f"The user lives {'in' if how == 'to' else how} {place}.")


def _origin(found: re.Match[str]) -> Fact | None:
    place = as_place(found["place"])
    if (
        not place
        or not is_proper(place)
        or re.match(r"(?:work|home|school|here|there|bed|money|nothing)$|(?:up|down) ", place, re.I)
    ):
        return None
    return Fact("origin", f"The user comes from {place}.")


def _job(found: re.Match[str]) -> Fact | None:
    """ "I'm a nurse", "I work as a bus driver at the station"; only jobs that are known."""
    words = found["job"].lower().split()
    known = words[-1] in JOBS or (words[-1] in JOB_HEADS and len(words) > 1)
    if not known or NOT_JOBS & set(re.split(r"[ -]", re.sub(r"\bfast[ -]food\b", "", " ".join(words)))):
        return None
    where = found["where"] or ""
    if re.search(r" (?:shower|dark|simulator|time)$", where):
        return None
    if len(where.split()) == 2 and len(words) == 1 and not is_proper(where.split()[1]):
        return None  # a teacher at heart, a nurse for now
    if re.search(rf"\b(?:{_TIMES})\b", where, re.I) or (where and not turned(where.strip())):
        where = ""
    return Fact("work", f"The user is {found['article'].lower()} {_small(found['job'])}{turned(where)}.")


def _small(words: str) -> str:
    """In small letters, but for "UX" and "PhD" where not all is shouted."""
    if words.isupper():
        return words.lower()
    return " ".join(word if re.search(r".[A-Z\d]", word) else word.lower() for word in words.split())


_TIMES = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mornings?|evenings?|nights?|afternoons?|weekends?|week|noon|silence|vain|progress|shifts?|home|once|least|all"


def _workplace(found: re.Match[str]) -> Fact | None:
    how, place = found["how"].lower(), turned(found["place"])
    if how == "on" and not _ABOARD.fullmatch(found["place"]):
        return None
    if how == "in" and _AT_HOME.fullmatch(found["place"]):
        return None
    if not place or re.search(
        rf"\b(?:{_TIMES}|it|this|that|you|your|myself|hours?|days?)\b|^\d+(?: ?[ap]m)?$|"
        r"^(?:money|food|peanuts|free|fun|nothing|being .+|a living|an? team)$", place, re.I,
    ):  # fmt: skip
        return None
    return Fact("workplace", f"The user works {how} {place}.")


# One works on a farm; on a novel, a car or one's own boat one works for a while, and so in the garden.
_ABOARD = re.compile(
    r"(?!.*\b(?:about|model|toy)\b)(?:(?:[\w'-]+ ){0,4}(?:farm|ranch|estate|plantation|vineyard|island|isle)s?|"
    r"(?!(?:my|our) )(?:[\w'-]+ ){0,4}(?:ship|boat|ferry|trawler|yacht|submarine|rig|train)s?)"
    r"(?: (?:of|in|near|by|at|off|outside|with) .+)?", re.I,
)  # fmt: skip
_AT_HOME = re.compile(
    r"(?:the|my|our) (?:(?:back|front|little|vegetable) )?(?:garden|yard|backyard|allotment|greenhouse)|"
    r"(?:my|our) (?:bed|bedroom|room|kitchen|shed|garage|attic|basement|pyjamas|pajamas|sleep|head)", re.I,
)  # fmt: skip


def _is(kind: str) -> Make:
    return lambda found: Fact(kind, f"The user is {_small(found['what'])}.")


def _study(found: re.Match[str]) -> Fact | None:
    thing = as_thing(found["thing"])
    if not thing or re.search(
        r"^(?:hard|all|every|too|a|at|in|on|the (?:whole|map|menu)|alone|together|tonight|lots?|people|online|abroad)\b|\b(?:exam|test)s?\b",
        thing, re.I,
    ):  # fmt: skip
        return None
    return Fact("study", f"The user studies {thing}.")


def _called(kind: str, whose: str = "The user's {who} is called {name}.") -> Make:
    def fact(found: re.Match[str]) -> Fact | None:
        names = [as_name(name) for name in re.split(r",? and |, ", found["name"])]
        if not all(names):
            return None
        who = found["who"].lower()
        if len(names) > 1:
            if " are " not in found[0].lower():
                return None  # the other one is spoken to
            whose_many = whose.replace(" is called", " are called")
            return Fact(kind, whose_many.format(who=who, name=" and ".join(n for n in names if n)))
        return Fact(kind, whose.format(who=who, name=names[0]))

    return fact


def _owned(kind: str) -> Make:
    def fact(found: re.Match[str]) -> Fact | None:
        count = found["count"].lower()
        what = (found["look"] or "").lower() + found["who"].lower()
        if count == "some" and not what.endswith("s"):
            return None  # to eat: some chicken, some fish
        text = f"The user has {count} {what}"
        if found["name"]:
            names = [as_name(name) for name in re.split(r",? and |, ", found["name"])]
            if not all(names) or (len(names) > 1 and count in ("a", "an")):
                return None
            text += f" called {' and '.join(n for n in names if n)}"
        return Fact(kind, f"{text}.")

    return fact


def _relative_job(found: re.Match[str]) -> Fact | None:
    if found["job"].lower().split()[-1] not in JOBS:
        return None
    job = f"{found['article'].lower()} {_small(found['job'])}"
    return Fact("family", f"The user's {found['who'].lower()} is {job}.")


def _relative_home(found: re.Match[str]) -> Fact | None:
    place = as_place(found["place"])
    if not place or _NO_PLACE.search(place):
        return None
    return Fact("family", f"The user's {found['who'].lower()} lives in {place}.")


def _state(found: re.Match[str]) -> Fact | None:
    to = as_name(found["name"]) if found["name"] else ""
    if to is None:
        return None
    return Fact("family", f"The user is {found['what'].lower()}{f' to {to}' if to else ''}.")


def _household(found: re.Match[str]) -> Fact | None:
    how = found["how"]
    if re.search(r"\b(?:demons|ghosts|heart|regrets?|guilt|fears?|memories|pain)\b", how):
        return None
    return Fact("household", f"The user lives {turned(how[0].lower() + how[1:])}.")


def _taste(verb: str, kind: str) -> Make:
    def fact(found: re.Match[str]) -> Fact | None:
        thing = as_thing(found["thing"])
        return Fact(kind, f"The user {verb} {thing}.") if thing else None

    return fact


def _favourite(found: re.Match[str]) -> Fact | None:
    thing = as_thing(found["thing"])
    if not thing or found["what"].lower().split()[0] in ("part", "thing", "person", "bit"):
        return None
    return Fact("like", f"The user's favourite {found['what'].lower()} {found['is'].lower()} {thing}.")


def _age(found: re.Match[str]) -> Fact | None:
    written = found["age"].lower().replace("-", " ").split()
    age = sum(int(NUMBERS.get(word, word)) for word in written)
    return Fact("age", f"The user is {age} years old.") if 4 < age < 111 else None


def _birthday(found: re.Match[str]) -> Fact | None:
    """ "My birthday is 3 May"; "tomorrow", "over" and "in two weeks" are no day of the year."""
    if not re.search(rf"\b(?:{MONTHS}|\d\d?(?:st|nd|rd|th)|christmas|new year's)\b", found["day"], re.I):
        return None
    day = re.sub(rf"\b(?:{MONTHS})\b", lambda month: month[0].capitalize(), found["day"].strip(), flags=re.I)
    return Fact("birthday", f"The user's birthday is {day}.")


_FOR_LONG = re.compile(  # what one wants for longer than a moment
    r"(?:become|build|learn|read|sail|see|sing|study|swim|teach|travel|visit|write)\b|be an? |(?:buy|find|open|start) an? |"
    r"have .*(?:kids?|children|baby|family|dogs?|cats?)$|play (?:the|in) |climb [A-Z]|move (?:to|abroad)|(?:live|work) .*\b(?:abroad|in|as|for)\b"
)  # fmt: skip


def _plan(found: re.Match[str]) -> Fact | None:
    thing = turned(found["thing"])
    if not thing or NOT_THINGS & set(thing.lower().split()[1:2]) or thing.split()[0] in ("kill", "hurt"):
        return None
    if found["how"].lower() == "want" and not _FOR_LONG.match(thing):
        return None
    return Fact("plan", f"The user {found['how'].lower()}s to {thing}.")


def _journey(found: re.Match[str]) -> Fact | None:
    place = as_place(found["place"])
    if not place or not is_proper(found["place"]):
        return None
    return Fact("plan", f"The user plans to {'move' if 'mov' in found['verb'].lower() else 'go'} to {place}.")


def _marrying(found: re.Match[str]) -> Fact | None:
    return Fact("plan", "The user is getting married.")


def _language(found: re.Match[str]) -> Fact | None:
    names = [word.capitalize() for word in re.split(r",? and |, | ", found["thing"]) if word]
    return Fact("language", f"The user speaks {' and '.join(names)}.")


def _hobby(found: re.Match[str]) -> Fact | None:
    thing = as_thing(found["thing"])
    if not thing or re.match(
        r"(?:dead|dumb|along|cards right|god|games with|with|dice with|hard|fair|dirty|safe|around|tricks|by|up|old$|"
        r"older|tired|calm|quiet|still|silent|awake|busy|track|in touch|away|secrets?|second fiddle|dust|the (?:fool|town)|"
        r"bored|fond|impatient|weary)\b",
        thing,
    ):
        return None
    verb = found["verb"].lower()
    if verb == "keep" and (thing.endswith("ing") or thing.split()[0].endswith("ing")):
        return None
    return Fact("hobby", f"The user {verb}s {thing}.")


_AGE = r"(?P<age>[1-9]\d{0,2}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|" \
       r"seven|eight|nine))?|(?:ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen))"  # fmt: skip
_NAMES = r"(?P<name>[^\W\d_][\w'-]*(?:(?:, | and |, and )[^\W\d_][\w'-]*){0,3})"
_LOOK = r"(?P<look>(?:(?:new|old|little|big|small|black|white|brown|grey|young|pet|lovely|rescue) )*)"
_CHILD = r"son|daughter|brother|sister|twin|cousin|nephew|niece|grandchild|grandson|granddaughter|girlfriend|boyfriend|wife|husband|partner|child|baby|kid|stepson|stepdaughter"
_KIN = rf"(?P<who>(?:older |younger |little |big |elder )?(?:{_CHILD}|children|kids|grandchildren)s?)"
_NO_POSTURE = r"(?! (?:(?:up|down|still|by|back|aside|around|out|over|upright|tall|firm|here|there|on|in|at|for|with|close to|next to)\b|(?:alone|straight|long|together)$))"
_CALLED = rf"(?: (?:called|named|whose names? (?:is|are)),? {_NAMES})?"

_I_AM_ADA = _rule(
    rf"{_I_AM} (?-i:(?P<name>[^\W\d_a-z][\w'-]+(?: [^\W\d_a-z][\w'-]+)?|[a-z][^\W\d_A-Z'-]*(?:['-][^\W\d_A-Z]+)*))"
)

RULES: tuple[Rule, ...] = (
    (_rule(rf"(?:my (?:first |full )?name is|my name'?s|(?:the )?name's|{_I_AM} (?:called|named)) {_NAME}"), _name),
    (re.compile(r"(?:you can |just |please )*call me (?-i:(?P<name>[A-Z][\w'-]+(?: [A-Z][\w'-]+)?))", re.I), _name),
    (_rule(r"(?:my friends call me|people call me|everyone calls me) (?-i:(?P<name>[A-Z][\w'-]+))"), _name),
    (_rule(r"i go by (?:the name (?:of )?)?(?P<name>[^\W\d_][\w'-]+)"), lambda found: _am_name(found) and _name(found)),
    (_rule(GIVEN_HERE), _am_name),
    (_rule(rf"{_I_AM} {_AGE}(?:[ -]?(?:(?:years?|yrs?)[ -]old|years of age|y[/.]?o))?"), _age),
    (_rule(rf"i (?:just )?turned {_AGE}"), _age),
    (_rule(r"(?:my (?:birthday|b-?day)(?: is|'?s) (?:on )?|i was born (?:on |(?=in )))(?P<day>(?:the )?(?:in )?\w+(?: (?:of )?\w+)?(?:,? \d{4})?)"), _birthday),
    (_rule(rf"{_I_AM} (?P<what>retired|unemployed|out of work|between jobs)"), _is("work")),
    (_rule(rf"{_I_AM} (?P<what>(?:an? )?(?:vegetarian|vegan))"), _is("food")),
    (_rule(rf"{_I_AM} (?P<what>an? (?:[\w-]+ )?student|in (?:high school|college|university|grad school))"), _is("study")),
    (_rule(rf"{_I_AM} (?:happily |newly |recently )?(?P<what>married|divorced|engaged|widowed|single)(?: to {_NAME})?"), _state),
    (_rule(rf"{_I_AM} (?P<what>a (?:(?:single|proud|new) )?(?:mother|father|mum|mom|dad|widow|widower|grandmother|grandfather))(?P<name>)"), _state),
    (_rule(rf"{_I_AM} getting married"), _marrying),
    (_rule(rf"(?:{_I_AM}|i {_ADVERB}work as) (?:working as )?(?P<article>an?) (?P<job>(?:[\w-]+ ){{0,2}}?[\w-]+?)(?P<where> (?:at|in|for|on) [\w' -]+)?"), _job),
    (_rule(rf"(?:{_I_AM}|i come) (?:originally )?from {_PLACE}"), _origin),
    (_rule(rf"i {_ADVERB}live (?P<how>alone|by myself|on my own|with (?:my|two|three|a|some) [\w' -]{{2,30}})"), _household),
    (_rule(rf"(?:i {_ADVERB}live|{_I_AM} living) (?P<how>in|near|by|on|at|outside|above|close to) {_HOME}"), _home),
    (_rule(rf"(?:i|we)(?: have| just|'ve)*(?: just)? moved (?P<how>to) {_MOVED_TO}"), _home),
    (_rule(rf"(?:i {_ADVERB}work|{_I_AM} working) (?P<how>in|at|for|on) {_PLACE}"), _workplace),
    (_rule(rf"(?:i {_ADVERB}study|{_I_AM} studying) {_THING}"), _study),
    (_rule(rf"(?:my|our) (?P<who>{RELATIVES})(?: is| are|'?s) (?:called|named) {_NAMES}"), _called("family")),
    (_rule(rf"(?:my|our) (?P<who>{RELATIVES})'?s? name is {_NAMES}"), _called("family")),
    (_rule(rf"(?:my|our) (?P<who>{RELATIVES})(?: is|'?s) (?P<article>an?) (?P<job>(?:[\w-]+ )?[\w-]+)"), _relative_job),
    (_rule(rf"(?:my|our) (?P<who>{RELATIVES}) lives? in {_PLACE}"), _relative_home),
    (_rule(rf"(?:my|our) (?P<who>(?:two |three )?(?:sons|daughters|brothers|sisters|kids|children)) are (?:called|named) {_NAMES}"), _called("family", "The user's {who} are called {name}.")),
    (_rule(rf"{_HAVE} {_COUNT} (?P<look>){_KIN}{_CALLED}"), _owned("family")),
    (_rule(rf"(?:my|our) {_LOOK}(?P<who>{PETS})(?: is|'?s) (?:called|named) {_NAMES}"), _called("pet")),
    (_rule(rf"(?:my|our) (?P<who>{PETS})(?:'s|s)? name is {_NAMES}"), _called("pet")),
    (_rule(rf"(?:my|our) (?P<who>(?:two |three )?(?:cats|dogs|rabbits|hamsters|horses|parrots)) are (?:called|named) {_NAMES}"), _called("pet", "The user's {who} are called {name}.")),
    (_rule(rf"(?:{_HAVE}|(?:i|we) (?:just )?(?:got|adopted)) {_COUNT} {_LOOK}(?P<who>(?:{PETS})(?:s|es)?|puppies|ponies|mice){_CALLED}"), _owned("pet")),
    (_rule(rf"i {_ADVERB}speak (?P<thing>(?:(?:english|french|german|spanish|italian|portuguese|dutch|swedish|danish|norwegian|finnish|polish|russian|greek|turkish|arabic|hebrew|hindi|chinese|mandarin|japanese|korean|latin|welsh|irish|czech)(?:,? and |, | )?)+)"), _language),
    (_rule(rf"i {_ADVERB}(?P<verb>play|collect|knit|paint|brew|restore|repair|grow|keep) {_THING}"), _hobby),
    (_rule(rf"my favou?rite (?P<what>[\w-]+(?: [\w-]+)?) (?P<is>is|are) {_THING}"), _favourite),
    (_rule(rf"i {_ADVERB}(?:like|enjoy) {_THING}"), _taste("likes", "like")),
    (_rule(rf"i {_ADVERB}(?:love|adore) {_THING}"), _taste("loves", "like")),
    (_rule(rf"i {_ADVERB}(?:(?:don't|do not|dont) (?:really )?(?:like|enjoy|love)|dislike|(?:can'?t|cannot) stand{_NO_POSTURE}) {_THING}"), _taste("does not like", "dislike")),
    (_rule(rf"i {_ADVERB}(?:hate|detest|loathe) {_THING}"), _taste("hates", "dislike")),
    (_rule(rf"i {_ADVERB}(?P<how>plan|want) to {_THING}"), _plan),
    (_rule(rf"{_I_AM} (?P<how>plan)ning to {_THING}"), _plan),
    (_rule(rf"{_I_AM} (?P<verb>going|moving|flying|travell?ing|driving) to {_PLACE}"), _journey),
    (_I_AM_ADA, _am_name),
)  # fmt: skip
GREETED_RULES: tuple[Rule, ...] = tuple(
    (pattern, partial(_am_name, greeted=True))
    for pattern in (_I_AM_ADA, _rule(r"this is (?-i:(?P<name>[A-Z][\w'-]+))"))
)
"""What comes after them where a greeting stands before the clause."""
