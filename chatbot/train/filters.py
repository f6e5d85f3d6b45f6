"""What is taken out of the training part before a run, each drop counted with its reason.

A line of a chat in character in which its aspect is not found stays and loses its label: "Bean." is the right
answer to a question for a name, and shows nothing.

After appendix A of arXiv 2310.18342: replies that are too short, replies in which a classifier does not find
the aspect they are labelled with, and toxic ones (questions where an aspect should show went when the corpus
was read). The classifier learns from the curated replies alone (the parallel set, where sixteen replies to
one message leave no doubt), so those are never judged by it. Validation and test parts stay as they are: an
evaluation must not depend on what a recipe filters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from chatbot.train.corpus import Corpus
from chatbot.train.forms import CHATS, Item, Labelled
from chatbot.train.judge import Judge
from chatbot.train.metrics import words
from chatbot.train.recipe import Filter

CURATED = ("parallel", "together")

# Encouragement of violence and self-harm, and obscenity; a word that merely names a sad thing passes.
_TOXIC = re.compile(
    r"\b(?:kill|hang|go hurt|go cut) (?:yourself|urself)\b|\bkys\b|\bgo (?:and )?die\b"
    r"|\byou should (?:die|be dead)\b|\b(?:i will|i'll|gonna) (?:kill|rape|murder) (?:you|him|her|them)\b"
    r"|\bf+u+c+k\w*|\bcunts?\b|\bwhores?\b|\bbitch(?:es)?\b|\brap(?:e|ed|ist)\b",
    re.IGNORECASE,
)
# Slurs, as the first eight hex digits of their SHA-256: a filter need not print them.
_SLURS = frozenset((
    "120f6e5b", "5b3ae48b", "08a841e9", "341d5638", "8f5083e3", "1e02eec4", "9915ba2d", "17bde8b4",
    "158869a9", "c1cabb6f", "16ea09fc", "402f7ebd", "c3de533e", "268651b3", "98b52c4b", "044eb98b",
    "f9d0d9b1", "45cd3e1b", "886d51e9", "3b1e0d7c", "7122c9a1", "eef3bd09",
))  # fmt: skip


def apply(corpus: Corpus, rules: Filter) -> Corpus:
    """The corpus with its training part filtered; `dropped` tells what went and why."""
    kept, dropped = corpus.parts["train"], corpus.dropped.copy()

    def drop(reason: str, fails: Callable[[Item, Labelled], bool]) -> list[Item]:
        left, count = _without(kept, fails)
        if count:
            dropped[f"filter: {reason}"] += count
        return left

    least = rules.min_words
    kept = drop(f"reply under {least} words", lambda item, reply: short(item, reply, least))
    kept = drop("toxic", lambda _, reply: toxic(reply.text))
    if rules.aspect_score:
        low = low_scores(kept, corpus.attributes, rules.aspect_score)
        reason = f"aspect score under {rules.aspect_score:g}"
        kept, count = _unlabelled(kept, low)
        if count:
            dropped[f"filter: label of a chat's line, {reason}"] += count
        kept = drop(reason, lambda _, reply: reply in low)
    return replace(corpus, parts=corpus.parts | {"train": kept}, dropped=dropped)


def apart(items: Iterable[Item]) -> list[Item]:
    """The items less those with a reply that shows several aspects."""
    return [item for item in items if all(len(reply.labels) < 2 for reply in item.replies)]


def short(item: Item, reply: Labelled, least: int) -> bool:
    """Whether a labelled reply has too few words to show its aspect; chats may be short."""
    return bool(reply.labels) and item.kind not in CHATS and len(reply.text.split()) < least


def toxic(text: str) -> bool:
    """Whether a text encourages violence or self-harm, is obscene, or holds a slur."""
    if _TOXIC.search(text):
        return True
    return any(hashlib.sha256(word.encode()).hexdigest()[:8] in _SLURS for word in words(text))


def low_scores(items: Iterable[Item], attributes: dict[str, tuple[str, ...]], least: float) -> set[Labelled]:
    """The replies with one label in which a classifier of the curated part finds it with less than `least`.

    Empty where the curated part does not show every aspect.
    """
    items = list(items)
    curated = [item for item in items if item.kind in CURATED]
    judged = {
        reply for item in items if item.kind not in CURATED for reply in item.replies if reply.attribute
    }
    shown = {label for item in curated for reply in item.replies for label in reply.labels}
    known = {name: aspects for name, aspects in attributes.items() if {(name, a) for a in aspects} <= shown}
    if not judged or not known:
        return set()
    replies = [reply for reply in judged if reply.attribute in known]
    found = Judge.train(curated, known).probabilities([reply.text for reply in replies])
    return {
        reply
        for row, reply in enumerate(replies)
        if found[reply.attribute][row, known[reply.attribute].index(reply.aspect)] < least
    }


def _unlabelled(items: Iterable[Item], replies: set[Labelled]) -> tuple[list[Item], int]:
    """The items, those `replies` that are lines of chats without their labels; how many there were."""
    found: list[Item] = []
    count = 0
    for item in items:
        if item.kind in CHATS and not replies.isdisjoint(item.replies):
            count += len(item.replies)
            item = replace(item, replies=tuple(Labelled(reply.text) for reply in item.replies))
        found.append(item)
    return found, count


def _without(items: Iterable[Item], fails: Callable[[Item, Labelled], bool]) -> tuple[list[Item], int]:
    """The items without the replies that fail, and without those that then have none; how many failed."""
    kept: list[Item] = []
    count = 0
    for item in items:
        replies = tuple(reply for reply in item.replies if not fails(item, reply))
        count += len(item.replies) - len(replies)
        if replies:
            kept.append(replace(item, replies=replies))
    return kept, count
