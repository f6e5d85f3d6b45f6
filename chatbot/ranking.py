"""Which of a reply's candidates is given: persona, fluency, relevance, and nothing that was said before."""

from __future__ import annotations

import math
from typing import Any

from chatbot.asked import aspect_vector
from chatbot.guidance import met
from chatbot.model.text import Context, words

PERSONA = 2.0  # weight of the persona; 2 meets three aspects at once more often than 1
ECHO = 3.0  # weight of words that the persona said before
_SHORT = 3  # letters of a word that may come again at any time


def merit(text: str, trace: dict[str, Any]) -> float:
    """How good a candidate is, in nats: persona, fluency and relevance, less for echoes and odd ends.

    The persona is judged by the posterior encoder from the text, not by z: the decoder may not have followed
    z. Relevance is the pointwise mutual information of reply and context (Li et al. 2016, arXiv 1510.03055);
    without it the likeliest candidate is the one that would answer anything. With it alone the likeliest is
    one that says once more what stands in the context: hence `echo`.
    """
    asked = {name: target for name, target in trace["targets"].items() if target["weight"] > 0}
    found = trace["likelihood"] + trace["relevance"] - ECHO * trace["echo"]
    for name, target in asked.items():
        measured = trace["measured"][name]
        wanted = aspect_vector(target["aspects"], target.get("strength"), list(measured))
        found += PERSONA * math.log(max(met(wanted, measured), 1e-4)) / len(asked)
    found -= 2.0 * (trace["finish"] != "end")
    return found - 4.0 * (len(text.split()) < 2)


def echo(context: Context, text: str) -> float:
    """Share, 0 to 1, of the longer words of a text that the persona has said before in this context.

    Words of the message that it answers are free to be used again.
    """
    said = {word for turn in context.turns if turn.role == "bot" for word in words(turn.text)}
    free = set(words(context.turns[-1].text))
    own = [word for word in words(text) if len(word) > _SHORT]
    return sum(word in said and word not in free for word in own) / max(1, len(own))
