"""The clauses of an English predicate: where one ends, its verb behind "I", and what can stand as a fact."""

from __future__ import annotations

import re

from profiles.english import ADVERBS, ALONE, IRREGULAR, MODALS, PAST, SUBORDINATORS, VERBS

MAX_WORDS = 14  # of a fact; a small model can use no more of it
_JOINT = r"(?:,? (?:and|but|yet)(?: then)?|,) "
_NEXT_VERB = re.compile(
    rf"{_JOINT}(?=(?:(?:{ADVERBS}) )*(?:{VERBS})(?![\w'-])|(?:never|always|often|sometimes) \w{{3,}}s\b)",
    re.IGNORECASE,
)
_NEXT_PAST = re.compile(rf"{_JOINT}(?=(?:(?:{ADVERBS}) )*(?:{PAST})(?![\w'-]))", re.IGNORECASE)
_IN_THE_PAST = re.compile(rf"(?:(?:{ADVERBS}) )*(?!was|had)(?:{PAST})\b", re.IGNORECASE)
_WHAT_IT_IS = re.compile(r"(?:is|was|are|were) (?:an?|the) ", re.IGNORECASE)
_WHO = re.compile(r",? who ", re.IGNORECASE)
_RELATIVE = re.compile(r"\b(?:who|whose|whom|which)\b", re.IGNORECASE)
_SUBORDINATE = re.compile(rf"\b(?:{'|'.join(sorted(SUBORDINATORS))})\b", re.IGNORECASE)
_TAIL = re.compile(
    r", (?:which|who|whom|whose|where|because|while|when|after|before|since|although|though|as|so|despite|"
    r"making|leaving|giving|having|being|with|even|often|usually|especially)\b.*",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"\b(?:it|them|him|this|that|so|too|and|or|but|not|(?:not|likes?|wants?|have|needs?) to)$", re.IGNORECASE
)
_CUTS = (  # what a long sentence can do without, in this order
    _TAIL,
    re.compile(r"(?<=\w)(?<!have), an? .*"),
    re.compile(r" (?:until|after|when|where|while|because|although|though) .*"),
    re.compile(r" and (?!.* and ).*"),
)
# A second verb that was not told from a noun, and so kept the form that it has behind "she".
_UNTOLD = re.compile(
    r"\b(?:and|but) (?:is|was|has)\b"
    r"|(?:\band|\bbut|,) (?:\w{3,}(?<!s)s "
    r"(?:an?|the|my|your|you|me|it|him|them|at|to|up|out|off|every|all(?! over)|\d+)\b)"
)
_HEIGHT = re.compile(r", \d+'.*")
_OTHER = re.compile(r"(?:,|,? and|,? but) [A-Z]\w+ (?:is|isn't|was|wasn't|has|does|doesn't)\b.*")
_ODD = re.compile(r"[\"*?<>{}\[\]()|\\/=:#~^_\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}]")


def clauses(predicate: str) -> list[str]:
    """The parts of a predicate that each begin with a verb and have the same subject."""
    # "is a nurse who lives": with "has a brother who lives" it is the brother
    if _WHAT_IT_IS.match(predicate):
        what, *more = _WHO.split(predicate, maxsplit=1)
        if more and not re.search(r"\b(?:of|to|for|with|by)\b", what):
            return [clause for part in (what, *more) for clause in _split(part)]
    return _split(predicate)


def _split(predicate: str) -> list[str]:
    joint = _NEXT_PAST if _IN_THE_PAST.match(predicate) else _NEXT_VERB
    found: list[str] = []
    while match := joint.search(predicate):
        before = predicate[: match.start()]
        if _RELATIVE.search(before):  # "a sister who sings and paints"
            if match[0].startswith(","):  # "a sister, who sings, and paints"
                predicate = before
            break
        found.append(before)
        if _SUBORDINATE.search(before):  # "loves what she does and hates": who hates is not sure
            return [clause.strip() for clause in found[:-1]]
        predicate = predicate[match.end() :]
    return [clause.strip() for clause in (*found, predicate)]


def base_form(verb: str, plural: bool) -> str | None:
    """The form of a verb behind "I", of that behind "she", or "they"; None where it may be no verb."""
    verb = verb.lower()
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb in MODALS or re.fullmatch(PAST, verb):
        return verb
    if plural:
        return verb if verb.isalpha() else None
    if not verb.endswith("s") or verb.endswith("ss") or len(verb) < 4:
        return None
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if verb.endswith(("ches", "shes", "sses", "xes", "zzes", "oes")) else verb[:-1]


def with_article(noun: str) -> str:
    """ "nurse" as "a nurse"."""
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"


def as_fact(fact: str | None) -> list[str]:
    """The fact as a sentence, without what it can do without where it is long; nothing where it is odd."""
    if fact is None or _ODD.search(fact) or _UNTOLD.search(fact):
        return []
    fact = _OTHER.sub("", _HEIGHT.sub("", fact))
    for cut in _CUTS:
        if len(fact.split()) > MAX_WORDS:
            fact = cut.sub("", fact)
    fact = fact.strip(" ,;-\N{EM DASH}\N{EN DASH}")
    if fact.startswith("I ") and fact[2:] in ALONE:
        return [f"{fact}."]
    fits = 3 <= len(fact.split()) <= MAX_WORDS and not _DANGLING.search(fact)
    return [f"{fact}."] if fits else []
