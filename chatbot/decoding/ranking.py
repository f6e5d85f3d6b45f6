"""Which of a reply's candidates is given: persona, fluency, a match, and nothing that was said before."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from chatbot.asked import aspect_vector
from chatbot.guidance import met
from chatbot.model.words import telling_words

PERSONA = 50.0  # weight of the persona; with less, three aspects are met less often; with more, sense goes
ECHO = 8.0  # weight of shunned words; with 3, phrases come back in every line
FEW, MANY = 5, 9  # words; each word that is missing or too many counts against a candidate
CURT = 2.0  # what a missing one costs; `Sampling.brevity` says what one too many does
ASKED = 3.0  # what a word of the fact that the message asks for is worth
MATCH = 1.5  # weight of the matcher's score; with less, fewer replies fit; with more, too many are of a word


def merit(text: str, trace: dict[str, Any]) -> float:
    """How good a candidate is: persona, likelihood and match, less for echoes and odd ends.

    The persona is judged by the posterior encoder from the text, not by z: the decoder may not have followed
    z. Each target counts by its weight, and no further than its goal. Of all figures the likelihood tells
    best which candidates readers find sensible, if it is summed over the reply and divided by the root of
    its length (length normalisation: Wu et al. 2016, arXiv 1609.08144): the mean of a token favours long
    replies, in which more can go wrong. Alone it finds what would answer anything: so the matcher
    (chatbot/model/matcher.py) counts, which has learnt what reply was written to which context; a model
    without one does without. Where the message asks for a fact (chatbot/decoding/cue.py), a word of
    it counts for it. One word answers many questions and makes a dull talk; the longer a reply is, the more
    of it is beside the point (docs/experiments.md, 15 and 27).
    """
    asked = {name: target for name, target in trace["targets"].items() if target["weight"] > 0}
    found = trace["likelihood"] * math.sqrt(trace["tokens"])
    found += MATCH * trace.get("match", 0.0)
    found -= ECHO * trace["echo"]
    found += ASKED * trace.get("asked_fact", {}).get("said", False)
    for name, target in asked.items():
        measured = trace["measured"][name]
        wanted = aspect_vector(target["aspects"], target.get("strength"), list(measured))
        reached = min(1.0, max(met(wanted, measured), 1e-4) / target.get("goal", 1.0))
        found += PERSONA * target["weight"] * math.log(reached) / len(asked)
    found -= 2.0 * (trace["finish"] == "length")
    said, brevity = len(text.split()), trace.get("sampling", {}).get("brevity", 0.0)
    return found - CURT * max(0, FEW - said) - brevity * max(0, said - MANY)


def echo(shunned: Collection[str], text: str) -> float:
    """Share, 0 to 1, of a text's telling words that are shunned (said before: `words.worn_words` of the
    context; or out of place: `news.misplaced`) or come twice in the text."""
    said = set(shunned)
    own = list(telling_words(text))
    again = 0
    for word in own:
        again += word in said
        said.add(word)
    return again / max(1, len(own))
