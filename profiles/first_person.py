"""What an English sentence says of a character, in the character's own words: short, in the first person.

"Marla is a nurse who lives in Oslo and hates crowds." -> "I am a nurse." "I live in Oslo." "I hate crowds."

By rules, which leave out more than they take: where they cannot tell of whom a sentence speaks, or how its
verb would go on, it tells nothing.
"""

from __future__ import annotations

import re

from profiles.english import ADVERBS, ALONE, GOING_ON, IRREGULAR, NO_NOUN, PRONOUNS, SAME, VERBS

MAX_LENGTH = 600  # characters of a sentence that is read
MAX_WORDS = 14  # of a fact; a small model can use no more of it
_NEXT_VERB = re.compile(
    rf"(?:,?\s+(?:and|but|yet)|,)\s+(?=(?:(?:{ADVERBS})\s+)*(?:{VERBS})(?![\w'-]))", re.IGNORECASE
)
_WHAT_IT_IS = re.compile(r"(?:is|was|are|were)\s+(?:an?|the)\s", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|was|were|has|have)\b")
_IS_SO = re.compile(r"(?:an?|the|very|not|quite|so|too|from|in|at|\w+ing)\b", re.IGNORECASE)  # after "'s"
_WHO = re.compile(r",?\s+who\s+", re.IGNORECASE)
_TAIL = re.compile(
    r",\s+(?:which|who|whom|whose|where|because|while|when|after|before|since|although|though|as|so|despite|making|"
    r"leaving|giving|having|being|with|even|often|usually|especially)\b.*",
    re.IGNORECASE,
)
_OLD = re.compile(r"am an? (\d{1,4})[- ]years?[- ]old\b ?(.*)", re.IGNORECASE)
_TOKENS = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|(?:[\W_])+")
_ODD = re.compile(r"[\"*<>{}\[\]()|\\/=:#~^_]")


class Teller:
    """A character, known by its names and by the pronoun that its text uses most."""

    def __init__(self, title: str, text: str) -> None:
        parts = [
            part for part in title.split() if len(part) > 2 and part[0].isupper() and part.lower() != "the"
        ]
        self._names = tuple(sorted({title, *parts} - {""}, key=len, reverse=True))
        said = re.findall(r"[a-z]+", text.lower())
        self._pronouns = max(
            PRONOUNS, key=lambda p: sum(said.count(word) for word in {p.subject, p.object, p.possessive})
        )
        self._plural = self._pronouns.subject == "they"
        names = "|".join(map(re.escape, self._names)) or r"(?!)"
        self._name = re.compile(rf"\b(?:{names})\b")
        pronouns = rf"(?P<she>{self._pronouns.subject})|(?P<her>{self._pronouns.possessive})"
        self._subject = re.compile(rf"(?:{names}|{pronouns})(?P<s>'s)? (?P<rest>.+)", re.IGNORECASE)
        self._known = True  # whom the pronouns mean

    def tell(self, sentence: str) -> list[str]:
        """The facts in a sentence, which stands behind those that were told before."""
        said = " ".join(sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).rstrip(".!;, ")
        match = self._subject.match(said) if len(said) <= MAX_LENGTH else None
        by_pronoun = bool(match and (match["she"] or match["her"]))
        facts = self._facts(match) if match and (self._known or not by_pronoun) else []
        words = re.findall(r"[a-z]+", said.lower())
        # "is a girl" speaks of nobody else, "has a sister" does
        others = not self._pronouns.others.isdisjoint(words) and not (
            match and _WHAT_IT_IS.match(match["rest"])
        )
        goes_on = match is not None or (words[:1] != [] and words[0] in GOING_ON)
        self._known = goes_on and not others and (self._known or (match is not None and not by_pronoun))
        return facts

    def _facts(self, match: re.Match[str]) -> list[str]:
        rest = match["rest"]
        if match["her"] or (match["s"] and not match["she"] and not _IS_SO.match(rest)):
            own = self._turned(rest)
            return _checked(f"My {own}" if own and _IS.search(own) else None)
        short = "has" if re.match(r"been\b|got\b", rest) else "is"
        predicate = f"{short} {rest}" if match["s"] else rest
        plural = self._plural and match["she"] is not None
        return [fact for clause in _clauses(predicate) for fact in self._first(clause, plural)]

    def _first(self, clause: str, plural: bool) -> list[str]:
        """A clause without its subject, told by the character."""
        match = re.match(rf"((?:(?:{ADVERBS})\s+)*)([\w'-]+)(.*)", clause, re.IGNORECASE | re.DOTALL)
        verb = _base(match[2], plural) if match else None
        rest = self._turned(match[3]) if match and verb else None
        if match is None or rest is None:
            return []
        predicate = f"{match[1]}{verb}{rest}"
        if age := _OLD.match(predicate):
            what = f"am {_a(age[2])}" if age[2] else None
            return [*_checked(f"I am {age[1]} years old"), *_checked(what and f"I {what}")]
        return _checked(f"I {predicate}")

    def _turned(self, text: str) -> str | None:
        """The text with the pronouns of the character in the first person; None where that cannot be told."""
        tokens = _TOKENS.findall(text)
        turned: list[str] = []
        verb_next = False
        for place, token in enumerate(tokens):
            word = token.lower()
            after = tokens[place + 2].lower() if tokens[place + 1 : place + 2] == [" "] else ""
            new = self._pronoun(word, after)
            if verb_next and word[0].isalpha() and not re.fullmatch(ADVERBS, word):
                new, verb_next = _base(word, self._plural), False
                if new is None:
                    return None
            if word == self._pronouns.subject:
                verb_next = True
            elif word == "you" and after.endswith("s") and after not in ("always", "as"):
                return None
            turned.append(new if new is not None else token)
        text = "".join(turned)
        return None if self._name.search(text) else text

    def _pronoun(self, word: str, after: str) -> str | None:
        """What the character says for the word, None for the same."""
        own = self._pronouns
        if word in (own.subject, f"{own.subject}'s", f"{own.subject}'d", f"{own.subject}'ll"):
            return "I" + {"'s": "'m"}.get(word[len(own.subject) :], word[len(own.subject) :])
        if word == own.possessive and (own.object != own.possessive or (after and after not in NO_NOUN)):
            return "my"
        if word in (own.object, own.possessive):
            return "me"
        if word == own.reflexive:
            return "myself"
        if any(word == f"{name.lower()}'s" for name in self._names):
            return "my"
        return None


def _clauses(predicate: str) -> list[str]:
    """The parts of a predicate that each begin with a verb."""
    first, *others = _NEXT_VERB.split(predicate)
    if _WHAT_IT_IS.match(first):  # "is a nurse who lives": with "has a brother who lives" it is the brother
        what, *more = _WHO.split(first, maxsplit=1)
        if not re.search(r"\b(?:of|to|for|with|by)\b", what):
            first, others = what, [*more, *others]
    return [part.strip() for part in (first, *others)]


def _base(verb: str, plural: bool) -> str | None:
    """The form of a verb behind "I", of that behind "she", or "they"; None where it may be no verb."""
    verb = verb.lower()
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb in SAME or (verb.endswith("ed") and len(verb) > 4):
        return verb
    if plural:
        return verb if verb.isalpha() else None
    if not verb.endswith("s") or verb.endswith("ss") or len(verb) < 4:
        return None
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if verb.endswith(("ches", "shes", "sses", "xes", "zes", "oes")) else verb[:-1]


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"


def _checked(fact: str | None) -> list[str]:
    """The fact as a sentence, its last part cut where it is long; nothing where it still is, or is odd."""
    if fact is None or _ODD.search(fact):
        return []
    if len(fact.split()) > MAX_WORDS:
        fact = _TAIL.sub("", fact)
    fact = re.sub(r"\s+", " ", fact).strip(" ,;-\N{EM DASH}\N{EN DASH}")
    if fact.startswith("I ") and fact[2:] in ALONE:
        return [f"{fact}."]
    return [f"{fact}."] if 3 <= len(fact.split()) <= MAX_WORDS else []
