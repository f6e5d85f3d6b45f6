"""What an English sentence says of a character, in the character's own words: short, in the first person.

"Marla is a nurse who lives in Oslo and hates crowds." -> "I am a nurse." "I live in Oslo." "I hate crowds."

By rules, which leave out more than they take: where they cannot tell of whom a sentence speaks, or how its
verb would go on, it tells nothing.
"""

from __future__ import annotations

import re

from profiles.clauses import as_fact, base_form, clauses, with_article
from profiles.english import (
    ADVERBS,
    CONTRACTED,
    DETERMINERS,
    GOING_ON,
    IRREGULAR,
    MODALS,
    NO_NOUN,
    PAST,
    PREPOSITIONS,
    PRONOUN_WORDS,
    PRONOUNS,
    SUBORDINATORS,
    TITLES,
    VERBS,
    YOU,
    Pronouns,
)

MAX_LENGTH = 600  # characters of a sentence that is read
_VERB = re.compile(rf"(?:{VERBS})(?![\w'-])|(?:{PAST})(?![\w'-])", re.IGNORECASE)
# What shows that "wields" in "Kaede wields a sword" is a verb, unlike "petals" in "Rose petals fill".
_BEHIND_A_VERB = re.compile(
    r" (?:an?|the|her|his|their|its|my|your|no|every|all|at|in|on|of|with|from|for|to|as|and|when|while|over|"
    r"under|out|up|around|like|too|very|about|through|into|never|you|me|people|things)\b|$",
    re.IGNORECASE,
)
_BEFORE = "at|in|by|as|since|now|today|currently|these days"
_IS_ONE = r"\b(?:is|was|are|were|became) (?:an?|the|your) (?:[\w,-]+ ){0,4}?"
_IS = re.compile(r"\b(?:is|are|was|were|has|have)\b")
_IS_SO = re.compile(r"(?:an?|the|very|not|quite|so|too|from|in|at|\w+ing)\b", re.IGNORECASE)  # after "'s"
_HAS_DONE = re.compile(  # "she's solved a case" has, "she's haunted by it" and "she's called a fox" is
    rf"(?:(?:{ADVERBS}) )*(?:(?:been|got|had|become|seen|taught|lived|worked|learned|learnt|come)\b"
    rf"|(?!(?:call|nam|nicknam|dubb|titl|consider|crown|allow|offer|award|ow)ed\b)(?:{PAST}|taken|written) "
    r"(?:an?|the|her|his|their|my|your|its|every\w*|no|nothing|some\w*|many|several|all|two|three|\d+)\b)",
    re.IGNORECASE,
)
_BORN = re.compile(r"((?:born|raised|orphaned|trained|educated) [^,]{3,60}), (.+)", re.IGNORECASE)
_QUOTES = re.compile(r"[\"\u201c\u201d]|(?<!\w)['\u2018]|['\u2019](?!\w)")
_OLD = re.compile(r"am an? (\d{1,4})(?:[- ]years?[- ]old| ?y/?o)\b ?(.*)", re.IGNORECASE)
_SEVERAL_ARE = re.compile(
    r"am (?:two|three|four|five|six|\d+) (?!years|feet|summers|winters)\w+s\b", re.IGNORECASE
)
_BEHIND = r"\b(?:by|of|to|from|than|that) (?:[\w'-]+ ){0,3}?"
_TOKENS = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|(?:[\W_])+")
_THEY = re.compile(r"^(?!.*s\b.*\b(?:they|them|their)\b).*\b(?:they|them|their)\b", re.IGNORECASE)
_ASIDE = re.compile(r" ?\([^()]{0,200}\)")
_EMPHASIS = re.compile(r"(?<=\w )\*([^*]{1,40})\*")
_SHORT = re.compile(rf"\b(?:{'|'.join(CONTRACTED)})\b", re.IGNORECASE)
_PLURAL = re.compile(r"\b(?:two|three|four|five|six|many|some|several|both|their|all) (?:\w+ )?\w{2,}s\b")
_SHORT_FORMS = {"'s": "is", "'re": "are", "'ve": "have", "'ll": "will"}


def second_person(title: str, text: str) -> bool:
    """Whether the text speaks to the character: "You are Marla."."""
    called = rf"\byou(?:'re| are) {re.escape(title)}\b(?!['\u2019]s)"
    return bool(title) and re.search(called, text, re.IGNORECASE) is not None


class Teller:
    """A character, known by its names and by its pronoun."""

    def __init__(self, title: str, text: str) -> None:
        title = "" if title.lower() in PRONOUN_WORDS else title
        parts = [part for part in _QUOTES.sub("", title).split() if len(part) > 2 and part[0].isupper()]
        parts = [part for part in parts if part.rstrip(".").lower() not in TITLES]
        self._title = title
        self._names = tuple(sorted({title, *parts} - {""}, key=len, reverse=True))
        names = "|".join(map(re.escape, self._names)) or r"(?!)"
        self._own = YOU if second_person(title, text) else _pronouns(text)
        self._plural = self._own.subject in ("they", "you")
        called = "|".join(map(re.escape, {title, *parts[:-1]} - {""})) or r"(?!)"  # others share surnames
        self._name = re.compile(rf"\b(?:{called})\b")
        self._any_name = re.compile(rf"\b(?:{names})\b", re.IGNORECASE)
        pronouns = rf"(?P<she>{self._own.subject})|(?P<her>{self._own.possessive})"
        beside = r"(?:, (?P<age>\d{1,4})|, (?P<what>an? [^,]{3,60})|, who (?P<who>[^,]{3,60}))?,?"
        self._subject = re.compile(
            rf"(?:(?P<name>{names}){beside}|{pronouns})(?P<short>'(?:s|re|ve|ll))? (?P<rest>.+)",
            re.IGNORECASE,
        )
        own = self._own.subject
        self._before = re.compile(rf"(?:{_BEFORE})\b[^,]{{0,40}}?(?:, | (?={own}\b))", re.IGNORECASE)
        self._called = re.compile(rf"(?<=^you are ){re.escape(title)}, (?=(?:an?|the) )", re.IGNORECASE)
        somebody = "|".join(sorted(self._own.others)) or r"(?!)"
        self._self = re.compile(rf"{_IS_ONE}(?:\w+-)?(?:{somebody})\b", re.IGNORECASE)  # "is a quiet girl"
        self._aside = re.compile(rf"{_BEHIND}(?:{somebody})\b", re.IGNORECASE)  # "a watch of her mother"
        self._known = True  # whom the pronouns mean

    def begin(self) -> None:
        """Another text begins, whose first pronoun means the character."""
        self._known = True

    def tell(self, sentence: str) -> list[str]:
        """The facts in a sentence, which stands behind those that were told before."""
        said = _plain(sentence)
        if len(said) > MAX_LENGTH or said.startswith(('"', "\N{LEFT DOUBLE QUOTATION MARK}")):
            return []
        facts: list[str] = []
        if born := _BORN.match(said):
            facts, said = (as_fact(f"I was {_lower(born[1])}") if self._known else []), born[2]
        said = self._called.sub("", said)
        if before := self._before.match(said):
            said = said[before.end() :]
        match = self._subject.match(said)
        by_pronoun = bool(match and (match["she"] or match["her"]))
        told = self._facts(match) if match and (self._known or not by_pronoun) else []
        self._known = self._own is YOU or self._goes_on(said, match, by_pronoun)
        if match:
            return [*facts, *told]
        return self._of_you(said)

    def act(self, predicate: str) -> list[str]:
        """The facts in what the character does: "Works in a bar"."""
        return self._predicate(_lower(_plain(predicate)), plural=False)

    def _goes_on(self, said: str, match: re.Match[str] | None, by_pronoun: bool) -> bool:
        """Whether a pronoun in the next sentence means the character."""
        about = self._any_name.sub("", self._aside.sub("", said))
        if match and not match["her"]:
            rest = f"{_SHORT_FORMS[match['short']]} {match['rest']}" if match["short"] else match["rest"]
            about = self._self.sub("", rest, count=1) if self._self.match(rest) else about
        words = re.findall(r"[a-z]+", about.lower())
        if not self._own.others.isdisjoint(words):
            return False
        if self._own.subject == "they":
            several = match is None or _PLURAL.search(match["rest"].partition(" ")[2])
            return not several and (self._known or not by_pronoun)
        if match is not None:
            return self._known or not by_pronoun
        return self._known and bool(words) and (words[0] in GOING_ON or self._own.subject in words)

    def _of_you(self, said: str) -> list[str]:
        """What is said of the person who talks with the character: "You are her guest"."""
        match = re.match(r"you (are|were) (.+)", said, re.IGNORECASE)
        rest = self._turned(match[2], own=True) if match and self._known and self._own is not YOU else None
        mine = match and rest and re.search(r"\b(?:my|me)\b", rest)
        return as_fact(f"You {match[1].lower()} {rest}") if match and mine else []

    def _facts(self, match: re.Match[str]) -> list[str]:
        rest, short = match["rest"], match["short"]
        if match["her"] or (short == "'s" and not match["she"] and not _IS_SO.match(rest)):
            own = self._turned(rest, own=True)
            fits = own and (_IS.search(own) or _VERB.match(own, own.find(" ") + 1))
            fits = fits and not re.match(r"[\w-]+,? you\b", own or "")  # "her boss {{user}} is kind"
            return as_fact(f"My {own}" if fits else None)
        facts: list[str] = []
        if match["age"]:
            facts += as_fact(f"I am {match['age']} years old")
        if match["what"] or match["who"]:
            facts += self._predicate(match["who"] or f"is {match['what']}", plural=False)
        if short:
            has = short == "'s" and _HAS_DONE.match(rest)
            rest = f"{'has' if has else _SHORT_FORMS[short]} {rest}"
        if match["name"] and not self._sure(rest):
            return facts if _VERB.match(rest) else []
        return [*facts, *self._predicate(rest, plural=self._plural and match["she"] is not None)]

    def _sure(self, predicate: str) -> bool:
        """Whether a verb stands behind a name: "Rose petals fill the room" is of no Rose."""
        match = re.match(rf"(?:(?:{ADVERBS}) )*([\w'-]+)", predicate)
        if match is None:
            return False
        verb = match[1]
        sure = verb in IRREGULAR or verb in MODALS or _VERB.match(verb + predicate[match.end() :])
        return bool(sure) or _BEHIND_A_VERB.match(predicate, match.end()) is not None

    def _predicate(self, predicate: str, *, plural: bool) -> list[str]:
        told: list[str] = []
        for place, clause in enumerate(clauses(predicate)):
            facts = self._first(clause, plural)
            if facts is None and place == 0:
                return []
            told += facts or ()
        return told

    def _first(self, clause: str, plural: bool) -> list[str] | None:
        """A clause without its subject, told by the character; None where it begins with no verb."""
        match = re.match(rf"((?:(?:{ADVERBS}) )*)([\w'-]+)(.*)", clause, re.IGNORECASE | re.DOTALL)
        verb = base_form(match[2], plural) if match and match[2][0].islower() else None
        if match is None or verb is None:
            return None
        rest = self._turned(match[3])
        if rest is None:
            return []
        predicate = f"{match[1]}{verb}{rest}"
        if _SEVERAL_ARE.match(predicate):
            return []
        if age := _OLD.match(predicate):
            what = f"am {with_article(age[2])}" if age[2] else None
            return [*as_fact(f"I am {age[1]} years old"), *as_fact(what and f"I {what}")]
        return as_fact(f"I {predicate}")

    def _turned(self, text: str, *, own: bool = False) -> str | None:
        """The text with the pronouns of the character in the first person; None where that cannot be told.

        Without `own` the character is the subject: who is loved in "she loves her" is somebody else.
        """
        tokens = _TOKENS.findall(text)
        words = [token.lower() for token in tokens]
        turned: list[str] = []
        verb_next = False
        for place, word in enumerate(words):
            before, after = _beside(words, place, -1), _beside(words, place, 1)
            new = self._pronoun(word, before, after)
            if verb_next and word[0].isalpha() and not re.fullmatch(ADVERBS, word):
                new, verb_next = base_form(word, self._plural), False
                if new is None:
                    return None
            verb_next = verb_next or new == "I"
            alone = not own and (
                before not in PREPOSITIONS or words[1:2] == [] or words[1] not in DETERMINERS
            )
            alone = alone and SUBORDINATORS.isdisjoint(words[:place])
            you_is = word == "you" and after.endswith("s") and after not in ("always", "as")
            her_going = word == "her" and after.endswith("ing") and before.endswith("s")
            her_doing = word == "her" and before in ("made", "makes", "let", "lets")  # "made her cry"
            if you_is or her_going or her_doing or (new == "me" and alone):
                return None
            turned.append(new if new is not None else tokens[place])
        text = "".join(turned)
        somebody = self._own.subject != "they" and _THEY.search(text)  # of whom nothing was said, or a user
        return None if self._name.search(text) or somebody else text

    def _pronoun(self, word: str, before: str, after: str) -> str | None:
        """What the character says for the word, None for the same."""
        own = self._own
        stem, _, short = word.partition("'")
        if stem == own.subject and short:
            return {"s": "I'm", "re": "I'm"}.get(short, f"I'{short}")
        if word == own.subject:
            acts = own is not YOU or before in SUBORDINATORS or after in IRREGULAR or after in MODALS
            return "I" if acts else "me"
        if word == own.possessive and after and after not in NO_NOUN:
            return "my"
        if word in (own.object, own.possessive):
            return "me" if word == own.object else "mine"
        if word == own.reflexive:
            return "myself"
        if any(word == f"{name.lower()}'s" for name in self._names):
            return "my"
        return None


def _beside(words: list[str], place: int, step: int) -> str:
    """The word next to another, where only a space is between them."""
    near = place + 2 * step
    return words[near] if 0 <= near < len(words) and words[place + step] == " " else ""


def _plain(sentence: str) -> str:
    """A sentence on one line, without asides and emphasis, with the apostrophes that people leave out."""
    said = " ".join(sentence[: 2 * MAX_LENGTH].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    said = _SHORT.sub(lambda short: CONTRACTED[short[0].lower()], _EMPHASIS.sub(r"\1", _ASIDE.sub("", said)))
    return said.rstrip(".!;, ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _pronouns(text: str) -> Pronouns:
    """Those of the character: by what its text says outright, or the most frequent."""
    woman, man, several = PRONOUNS
    genders = r"\b(?:gender|sex)\W{1,6}(female|woman|girl|male|man|boy|non-?binary)\b"
    if gender := re.search(genders, text, re.IGNORECASE):
        return {"f": woman, "w": woman, "g": woman, "n": several}.get(gender[1][0].lower(), man)
    found = re.findall(r"[a-z]+", text.lower())
    return max(
        PRONOUNS, key=lambda own: sum(found.count(word) for word in {own.subject, own.object, own.possessive})
    )
