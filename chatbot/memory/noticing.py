"""What people tell of themselves, found in their own lines by patterns that would rather miss than invent.

    noticed("Hi, I'm Ada and my dog is called Rex.")
    -> Fact("name", "The user is called Ada."), Fact("pet", "The user's dog is called Rex.")

A fact comes from a whole clause or not at all: "I live in Leeds", never "she thinks I live in Leeds". What is
asked, quoted, supposed, played or said by others is no fact; health is nobody's business and is passed over.
`denied` finds what is no longer so, `lost` who is no longer there.
Plain English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.memory.anaphora import PROPER, STARTS, STILL, THEY_ARE, apart, in_full, is_called
from chatbot.memory.known_words import HEALTH, NOT_NOW, PETS, RELATIVES, TO_COME, WHEN
from chatbot.memory.noticing_rules import GIVEN_HERE, GREETED_RULES, RULES, Fact

LONGEST_LINE = 400  # characters; a longer one is a text that was pasted
_WHAT_NAME = re.compile(
    r"\bwhat(?:(?:['’]?s| is) your name| (?:do|can|should|shall) (?:i|we|people) call you)\?\W*$", re.I
)
_IT_IS = re.compile(
    rf"\s*(?:it['’]?s |it is )?(?P<name>{PROPER}(?: {PROPER})?|\w+)(?=\W*$|[.!,]| and )", re.I
)


def noticed(text: str, after: str = "", to: str = "") -> tuple[Fact, ...]:
    """The facts in a message of the user, each once, in the order they were told.

    `after` is the user's message before it: whoever that ended with may be "he" or "she" here. `to` is the
    persona's: if it asked for the name, "It's Eva" tells it.
    """
    answer = _IT_IS.match(text) if _WHAT_NAME.search(to) else None
    if answer and all(map(is_called, answer["name"].split())):
        text = f"my name is {answer['name']}{text[answer.end() :]}"
    facts, _ = _told(text, _told(after, None)[1])
    return tuple(dict.fromkeys(facts))


def _told(text: str, before: Fact | None) -> tuple[list[Fact], Fact | None]:
    """The facts in a message, and the animal or relative of whom it told last."""
    told: list[Fact] = []
    for clause, greeted in _clauses(text):
        facts = [
            fact
            for one in apart(_ORNAMENTS.sub("", clause))
            for part in in_full(one, before)
            for fact in _facts(part, greeted)
        ]
        told += facts
        before = before if STILL.match(clause) else None
        before = next((fact for fact in reversed(facts) if fact.kind in ("family", "pet")), before)
    return told, before


# --- from a message to clauses

_MARKS = str.maketrans("’‘ʼ´＇‚“”„‟", "'" * 6 + '"' * 4)
_BACKTICK = re.compile(r"(?<=\w)`(?=\w)")
_PLAY = re.compile(
    r"\b(?:just )?(?:kidding|joking)\b|\bj/?k\b|\bas a joke\b|\brepeat after me\b|\btranslate\b|"
    r"\bpretend|\bimagine\b|"
    r"\brole-?play|\bonce upon a time\b|\blyrics\b|\bin (?:the|my|this) (?:story|game|book|film|movie|"
    r"dream|play)\b|"
    r"\bcharacter\b|\blet's play\b|\bsarcas|[.,!…]\s*not\W*$|(?<!\w)/s\W*$",
    re.I,
)
_QUOTED = re.compile(
    r'"[^"]*"|«[^»]*»|»[^«»]*«|(?<!\w)\'(?:[^\']|(?<=\w)\'(?=\w)){2,}\'(?!\w)|\*[^*]*\*|\([^)]*\)|`[^`]*`|^\s*>.*$',
    re.M,
)
_ABBREVIATED = re.compile(r"\b(dr|mr|mrs|ms|prof|st|mt)\.(?= \w)", re.I)  # its dot ends no sentence
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?]+(?=\w)[^.!?;\n]+)*[.!?;…]*")
_DOUBT = re.compile(
    r"\b(?:if|unless|whether|wish|maybe|perhaps|might|would|could|should|suppose\w*|think|thinks|"
    r"thought|guess|"
    r"said|say|says|saying|told|tell|tells|dream\w*|lied|lie|lying|claims?|used to|no longer|"
    r"not anymore|any ?more|"
    r"no more|never|almost|like when|as though|as if|than|until|soon|ago i)\b|'d\b|\b(?:yeah right)\b|"
    r"\b(?:texted|wrote|writes|asked|replied|answered|shouted|whispered)(?: to)?(?: me| us| back)?[,:]",
    re.I,
)
_NO_LONGER = re.compile(  # what is said before what holds now: "I'm not a nurse any more, I'm a teacher"
    r"^(?:(?=[^,]*\b(?:any ?more|no longer)\b)(?:i|i'm|im|i am|we|my \w+(?: is)?) "
    r"(?:don't|dont|do not|not|no longer|isn't)\b(?! feel)|(?:i|we) used to )[^,]*?"
    r"(?:, (?:but |and )?| but | and )(?:now )?(?=(?:i|i'm|im|i've|my|we)\b)",
    re.I,
)
_RATHER = re.compile(  # "my name isn't Tom, it's Tim"
    r"^((?:my|our) (?:[\w ]+'?s )?name)(?:'s not| is not| isn't) [\w' -]+?, (?:but )?(?:it's|it is) ", re.I
)
# What is asked back, and does not ask about what was told: "I'm Tom, who are you?", not "I'm Tom, am I?".
# Three questions at most, for the same reason as in _TAIL.
_YOU = r"(?:you|u|ya)"
_YOURS = r"(?:you|u|yours|yourself)"
_YOUR = r"(?:your|ur)"
_DO_YOU = (
    rf"do {_YOU} (?:live|work|do|like|love|hate|enjoy|prefer|have|study|play|speak|collect|come|go)"
    r"(?: [\w']+){0,5}"
)
_ASKED_BACK = re.compile(
    r"(?<! or)(?:,? (?:and |but |so |please )?(?:"
    rf"(?:what|how) about {_YOURS}|[hw]bu|"
    rf"what(?:'s|s| is) (?:{_YOUR}(?: [\w']+){{1,4}}|yours)|"
    rf"(?:who|what|where|how|how old|how tall) (?:are|r) {_YOU}(?: [\w']+){{0,3}}|"
    rf"(?:what|where|who|how|which|(?:what|which|how many) \w+) {_DO_YOU}|"
    rf"tell me (?:more |something |a (?:bit|little) (?:more )?)?about (?:{_YOURS}|{_YOUR} \w+))|"
    rf", (?:and )?(?:what|who|how|where|when)(?:'s|s| is| are) (?:{_YOUR}(?: [\w']+){{1,4}}|yours)|"
    rf", and {_YOURS}| and {_YOURS}(?=\?)|"
    rf", (?:and )?(?:do {_YOU}|{_DO_YOU})(?: too| as well)?){{1,3}}[.!?…]*$",
    re.I,
)
_HEALTH = re.compile(rf"\b(?:{HEALTH})\b", re.I)
_OPENER = re.compile(
    r"(?:(hi|hello|hey|hiya|good (?:morning|evening|afternoon)|nice to meet you|greetings)"
    r"(?:,?(?: (?!(?:i|im|my|we|our|this|call|the)\b)[\w'-]+){1,2}(?=,)| there| again| \w+(?= i'?m\b))?|"
    r"well|so|oh|ah|yes|yeah|yep|ok(?:ay)?|actually|by the way|btw|anyway|also|and|but|you know|no|"
    r"thanks?(?: you)?|"
    r"now(?:adays)?|these days|sure|right|lol|haha|hmm|um|fyi)\b[\s,:!-]*",
    re.I,
)
_OF_THEM = rf"(?:his|her|its|their) name|{THEY_ARE} (?:called|named|an?)|(?:he|she) lives"
_SPLIT = re.compile(
    rf"\s*,?\s+(?:and|but)\s+(?:now\s+)?(?=(?:i|i'm|im|i've|my|we|{_OF_THEM}|it's|it is)\b)|"
    rf"\s*,\s+(?=(?:i|im|my|(?:he|she|it|they)(?! left| dumped| was| isn't)|{_OF_THEM}|{THEY_ARE})\b)|"
    rf" (?=(?:his|her|its) name(?:'?s| is)|{THEY_ARE} (?:called|named)\b)",
    re.I,
)
_GOES_ON = re.compile(
    r"\s*,? (?:and|but) (?:(?:now|also) )?(?=(?:work|live|study|play|have|love|hate|speak|collect)\b)", re.I
)
# What makes the next verb one that is wished for or denied too: "I want to live and work in Rome".
_GOVERNS = re.compile(
    r"\b(?:want|need|have|had|plan(?:ning)?|hop(?:e|ing)|going|try(?:ing)?|ready|about|here|able|decided|"
    r"learning) to (?-i:[a-z])|"
    r"\b(?:don't|dont|do not|didn't|can't|cannot) \w+$",
    re.I,
)
_I = re.compile(r"(?:i|i'm|im|i've)\b", re.I)
_OWN = re.compile(
    rf"(?:{STARTS}|i|i'm|im|i've|my|our|we|call me|you can call me|this is(?![^,]*, my\b)|(?:the )?name's|"
    rf"people call me|everyone calls me|{GIVEN_HERE})\b",
    re.I,
)


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a message, without what they quote and ask back; "" for one that asks. Of a message
    that plays there are none."""
    text = _BACKTICK.sub("'", text.translate(_MARKS))
    if _PLAY.search(text):
        return
    for found in _SENTENCE.finditer(_ABBREVIATED.sub(r"\1", _QUOTED.sub(" ~ ", text))):
        sentence = " ".join(found[0].split())
        sentence = _ASKED_BACK.sub("", sentence) if len(sentence) <= LONGEST_LINE else "?"
        yield "" if "?" in sentence else sentence


def _unopened(sentence: str) -> tuple[str, bool]:
    """The sentence without its openers and its end, and whether a greeting was among them."""
    sentence, greets = sentence.rstrip(" .!;…"), False
    while opener := _OPENER.match(sentence):
        greets = greets or bool(opener[1])
        sentence = sentence[opener.end() :]
    return sentence, greets


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """The clauses that speak of the user, and whether a greeting stands before each; "" for each sentence
    that does not."""
    greeted = False
    for whole in _sentences(text):
        sentence = _RATHER.sub(r"\1 is ", _NO_LONGER.sub("", whole))
        if not sentence or _HEALTH.search(whole) or _DOUBT.search(sentence):
            yield "", greeted
            continue
        sentence, greets = _unopened(sentence)
        greeted = greeted or greets
        if _OWN.match(sentence):
            for part in _SPLIT.split(sentence):
                first, *others = _GOES_ON.split(part) if _I.match(part) else [part]
                if _GOVERNS.search(first):
                    first, others = part, []
                for clause in (first, *(f"I {other}" for other in others)):
                    yield clause.strip(" ,:-…"), greeted
        elif sentence:
            yield "", greeted
        greeted = greeted and not sentence


# --- from a clause to facts

# All pictographs, but for those that say the words are not meant: "I love Mondays 🙄".
_ORNAMENT = (
    r" ?:-?[)D]| ?<3+| x+d+\b| \^\^|[,:-]|"
    r" ?(?![🙄🙃😒😏🤡🤥])[\u2300-\u23FF\u2600-\u27BF\u2B00-\u2BFF\U0001F000-\U0001FAFF\uFE0F\u200D]"
)
_ORNAMENTS = re.compile(rf"(?:{_ORNAMENT})+$", re.I)
# What says nothing new behind a clause; a few pieces only, because "since May now" can be taken apart in two
# ways, and a row of them in far too many.
_TAIL = re.compile(
    rf"(?:,? (?:{WHEN}|again|too|as well|these days|at the moment|very much|so much|a lot|actually|lol|haha|"
    r"originally|by the way|btw|nice to meet you|pleased to meet you|how are you|you know)|"
    rf", not (?:(?:in|from) )?(?-i:[A-Z][a-z][\w'-]*)|(?:{_ORNAMENT})++){{1,6}}$",
    re.I,
)
_TO_COME = re.compile(rf"\b(?:{TO_COME})\b", re.I)
_NOT_NOW = re.compile(rf"(?<!since )\b(?:{NOT_NOW})\b", re.I)


def _facts(clause: str, greeted: bool) -> Iterator[Fact]:
    """The fact of the first rule that fits the whole clause."""
    told = (_ORNAMENTS if re.search("b(?:irth)?-?day", clause, re.I) else _TAIL).sub("", clause)
    fact = _fact(told, greeted)
    if fact is not None and _holds(fact, clause[len(told) :]):
        yield fact


def _fact(clause: str, greeted: bool) -> Fact | None:
    rules = (*RULES, *GREETED_RULES) if greeted else RULES
    made = (make(found) for pattern, make in rules if (found := pattern.fullmatch(clause)))
    return next(filter(None, made), None)


def _holds(fact: Fact, tail: str) -> bool:
    """Whether a fact is true at the time that its tail tells: "I turned 30 today", not "I'm 30 next week"."""
    if _TO_COME.search(tail):
        return fact.kind == "plan"
    return fact.kind not in ("age", "work", "workplace") or not _NOT_NOW.search(tail)


# --- what does not hold

_MINE = r"(?:my|our) [\w' ]+?"
_NOT = re.compile(  # how a clause denies what stands around it
    rf"(?:(i am|i'm|im|{_MINE} (?:is|are)) (?:not|no longer)|({_MINE} (?:is|are))n't|"
    rf"(i|we) (?:don't|dont|do not|no longer)|({_MINE}) (?:doesn't|does not|no longer)(?= lives? )) "
    r"(?!(?:always|usually|mostly|just|both|also|absolutely|happily) )",
    re.I,
)
_HANGS = re.compile(  # "at home, I'm not a nurse"
    r"(?!to be |in fact|for the re)(?:when|once|after|before|while|on|at|in|from|to|for|by|next|deep|"
    r"some(?:times)?|tomorrow|most|every|as a|apparently|according)\b",
    re.I,
)
_NEWS = re.compile(r"\b(?:any ?more|no longer|i(?: already| just)? (?:lied|told you|said))\b", re.I)
_ANY_MORE = re.compile(r"(?:,? (?:any ?more|any longer|now|lol))+$", re.I)


def denied(text: str) -> tuple[Fact, ...]:
    """What a message says is not so, or no longer: "I no longer live in Leeds" -> "The user lives in Leeds."

    What hangs on a time ("I don't work in the bank today") is a fact that nobody told.
    """
    facts: list[Fact | None] = []
    for clause in _clauses_of_change(text):
        clause = _ORNAMENTS.sub("", clause)
        if found := _NOT.match(clause):
            held = f"{found[found.lastindex or 0]} {_ANY_MORE.sub('', clause[found.end() :])}"
            facts.append(_fact(in_full(held, None)[-1], greeted=False))
    return tuple(dict.fromkeys(filter(None, facts)))


def _clauses_of_change(text: str) -> Iterator[str]:
    for sentence in _sentences(text):
        said, _ = _unopened(sentence)
        if not _HANGS.match(said) and not _DOUBT.search(_NEWS.sub("", said)):
            yield from _SPLIT.split(said)


# --- who is no longer there

_WHO = rf"\b(?:my|our) (?:(?:poor|little|old) )?(?P<who>{RELATIVES}|{PETS})(?:,? (?P<name>[\w-]+),?)??"
_THEN = r"(?=$|,| (?:last|yesterday|today|this|on|to|away)\b)"  # not "lost my dad in the crowd"
_GOES = (
    r" (?:(?:has|have|just|sadly) )*(?:died|was (?:killed|put down|put to sleep)|ran away|"
    rf"(?:passed|left me|is dead){_THEN})\b"
)
_LOST = [
    re.compile(form, re.I)
    for form in (
        _WHO + _GOES,
        rf"(?P<who>)\b(?P<name>{PROPER}){_GOES}",
        rf"\bput {_WHO} (?:down|to sleep)\b",
        rf"\b(?:lost|buried|sold|rehomed|gave away|put down|broke up with) {_WHO}{_THEN}",
    )
]
_LONG_AGO = re.compile(r"\b(?:when|while|after|since|years?|decades?|\d{4}|young|laughing|inside)\b", re.I)


def lost(text: str) -> tuple[tuple[str, str], ...]:
    """Who is dead or gone now: "my dog Rex died" -> ("dog", "Rex"); "" is what the message does not say."""
    clauses = [clause for clause in _clauses_of_change(text) if not _LONG_AGO.search(clause)]
    found = (next(filter(None, (form.search(clause) for form in _LOST)), None) for clause in clauses)
    return tuple((one["who"], one["name"] or "") for one in found if one)
