"""The English words that first_person.py and clauses.py go by."""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any_of(text: str) -> str:
    """An expression that fits any of the words."""
    return "|".join(text.split())


IRREGULAR = {  # the form behind "she", or "they": that behind "I"
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
    "don't": "don't",
    "haven't": "haven't",
    "dies": "die",
    "lies": "lie",
    "ties": "tie",
    "aches": "ache",
    "focuses": "focus",
}
MODALS = _words("can can't cannot could couldn't may might must should shouldn't will won't would wouldn't")
PAST = (
    r"(?!(?:in|n|f|s|sp|br|gr|w|h)?eed\b|indeed\b|hundred\b)\w{2,}ed|"
    + _any_of(  # the same behind "she" and "I", as MODALS are
        """
    became began bought broke brought built came caught did didn't drank drew drove fell felt fled fought
    found gave got grew had hadn't held hid kept knew learnt led left lost made met ran rose said sang saw
    slept sold spent spoke stole stood swore taught thought told took was wasn't went won wore wrote
    """
    )
)
ADVERBS = r"(?!(?:fami|ear|on|lone|ug|ita|ju|bel|friend|love|live|hol)ly\b)\w+ly|" + _any_of(
    "almost also always even just never not now often once seldom sometimes still then"
)
_NO_NOUNS = _any_of(
    """
    is isn't was has hasn't does doesn't can cannot can't will won't would lives loves hates likes owns
    wants enjoys believes speaks knows thinks feels prefers keeps teaches comes goes dislikes despises
    adores collects writes reads sings cooks bakes tries tends suffers carries wears seems gets becomes
    makes takes gives spends considers avoids trusts refuses remembers misses sleeps says finds leads sells
    kills hugs wields builds raises learns grows seeks hides uses manages cleans trains drives rides
    laughs sighs weighs stands owes cheats distrusts respects regrets
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
    "bake cheat cook dance draw drink knit paint read sail sew sing ski smoke snore stammer stutter swear"
)
CONTRACTED = {  # as people write them: as they are written
    **{f"{word}s": f"{word}'s" for word in ("he", "she")},
    **{f"{word}re": f"{word}'re" for word in ("they", "you")},
    **{f"{word}ve": f"{word}'ve" for word in ("they", "you")},
    **{
        f"{word}nt": f"{word}n't"
        for word in ("do", "does", "did", "is", "was", "were", "are", "has", "have", "had")
    },
    **{f"{word}nt": f"{word}n't" for word in ("could", "should", "would")},
    "cant": "can't",
    "wont": "won't",
}
# Words that begin a clause with a subject of its own.
SUBORDINATORS = _words(
    """
    because when while if that what where why how who whom whose which than until unless although though
    whether
    """
)
PREPOSITIONS = _words(
    """
    about above after against around at before behind below beneath beside besides between beyond by for from
    in     inside into like near of off on onto over past round through to toward towards under up upon with
    within without
    """
)
DETERMINERS = _words(
    "a an the my her his their your no some many two three four five every each all both another it"
)
TITLES = _words(
    """
    the old young lady lord captain doctor dr queen king sir dame miss mrs mr ms chef professor prof commander
    detective agent unit princess prince general sergeant lieutenant colonel major mother father sister
    brother saint master mistress big little
    """
)
PRONOUN_WORDS = _words("i you he she they it is we one who me my")
NO_NOUN = _words(  # after "her": it begins no noun phrase, so that "her" is "me"
    """
    a about after again alone an and as at away back because before but by do down every for from go had has
    have if in into is like more much no not of off on or out over so than that the them there this to
    together too under until up was well when where which while who why with
    without would she he they it you his your my our nothing everything something anything are were
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
YOU = Pronouns("you", "you", "your", "yourself", frozenset())
PRONOUNS = (
    Pronouns("she", "her", "her", "herself", _WOMEN | _ANYBODY),
    Pronouns("he", "him", "his", "himself", _MEN | _ANYBODY),
    Pronouns("they", "them", "their", "themselves", _SEVERAL),
)
# Sentences that begin so go on about the same character, or about nobody who could be meant by its pronoun.
GOING_ON = _words(
    """
    she he they you your her his their it its this that there the in on at when once everyone everybody
    nobody no if although though despite even whenever
    """
)
