"""The English words that first_person.py goes by."""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any_of(text: str) -> str:
    """An expression that fits any of the words."""
    return "|".join(text.split())


IRREGULAR = {  # the form behind "she", or "they": that behind "I"; what is the same for both is in SAME
    "is": "am",
    "are": "am",
    "were": "was",
    "isn't": "am not",
    "aren't": "am not",
    "weren't": "wasn't",
    "has": "have",
    "hasn't": "haven't",
    "does": "do",
    "doesn't": "don't",
    "dies": "die",
    "lies": "lie",
    "ties": "tie",
    "aches": "ache",
}
SAME = _words(  # beside those that end in -ed
    """
    became began bought broke brought built came can can't cannot caught could couldn't did didn't drank
    drew drove fell felt fled fought found gave got grew had hadn't held hid kept knew learnt led left lost
    made may met might must ran read rose said sang saw should shouldn't slept sold spent spoke stole stood
    swore taught thought told took used was wasn't went will won won't wore would wouldn't wrote
    """
)
ADVERBS = _any_of(
    """
    almost already also always constantly currently deeply even frequently generally hardly just mostly
    never normally now often only originally rarely really recently secretly seldom simply sometimes still
    then truly usually
    """
)
_NO_NOUNS = _any_of(
    """
    is isn't was has hasn't does doesn't can cannot can't will won't would lives loves hates likes owns
    wants enjoys believes speaks knows thinks feels prefers keeps teaches comes goes dislikes despises
    adores collects writes reads sings cooks bakes tries tends suffers carries wears seems gets becomes
    makes takes gives spends considers avoids trusts refuses remembers misses sleeps says finds leads sells
    builds raises learns grows seeks hides
    """
)
_PERHAPS_NOUNS = _any_of(
    """
    works plays drinks dreams paints runs walks talks hopes travels fights hunts studies serves guards rules
    smokes swears acts helps cares looks needs loses tells fears
    """
)
# Forms that begin the next part of a predicate; those that may be nouns do where something goes on behind.
VERBS = rf"{_NO_NOUNS}|(?:{_PERHAPS_NOUNS})(?=\s+(?!and\b|or\b|but\b)\w)"
ALONE = _words(  # verbs that tell something with nothing behind
    "bake cook dance draw drink knit paint read sail sew sing ski smoke snore stammer stutter swear swim"
)
NO_NOUN = _words(  # after "her": it begins no noun phrase, so that "her" is "me"
    """
    a about after again alone an and as at away back because before but by do down every for from go had has
    have if in into is like more much no not of off on or out over so than that the them there this to
    together too under until up was well when where which while who why with without would
    """
)


@dataclass(frozen=True)
class Pronouns:
    """Of a character, with who else may be meant by them in the sentence behind one that speaks of both."""

    subject: str
    object: str
    possessive: str
    reflexive: str
    others: frozenset[str]


_ANYBODY = _words(
    "boss child cousin friend lover master mentor neighbor neighbour partner rival stranger teacher twin"
)
_WOMEN = _words(
    """
    aunt daughter girl girlfriend grandma grandmother lady mom mother mum niece princess queen sister
    stepmother wife woman
    """
)
_MEN = _words(
    """
    boy boyfriend brother dad father grandfather grandpa husband king lord man nephew prince son stepfather
    uncle
    """
)
_SEVERAL = _words("brothers children friends kids parents people siblings sisters sons daughters twins")
PRONOUNS = (
    Pronouns("she", "her", "her", "herself", _WOMEN | _ANYBODY),
    Pronouns("he", "him", "his", "himself", _MEN | _ANYBODY),
    Pronouns("they", "them", "their", "themselves", _SEVERAL),
)
# Sentences that begin so go on about the same character, or about nobody who could be meant by its pronoun.
GOING_ON = _words("she he they you your her his their it its this that there the in on at when once")
