"""Does a reply answer its message, or another one? A discriminator that shares nothing with the model.

It ranks a reply to its own context against replies to other messages. Its features go beyond shared words:
which words of a context call for which words of a reply (pointwise mutual information, Church & Hanks 1990,
over words and word pairs of all written replies), the same smoothed by a truncated SVD, and shared words of
the message, the earlier turns and the facts. A logistic regression on held-out replies weighs them.

It is a weak reader: how often it finds the true reply among nine others is reported first, and bounds what it
can say of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from chatbot.model.text import Context
from chatbot.train.forms import Item
from chatbot.train.metrics import figure, tokens

RIVALS = 9
RANK = 200
FEATURES = 5  # see _features
SHIFT, SMOOTHING = 0.5, 2.0  # of the mutual information: what chance gives, and distrust of small counts
_svd: Any = randomized_svd  # its parameters are typed as texts
_OfRows = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of context rows and reply rows, both (N,)
_ENDINGS = ("ing", "ed", "es", "s", "ly")


@dataclass(frozen=True)
class Coherence:
    """A trained discriminator. `score` is higher for a reply that answers its context."""

    context_words: TfidfVectorizer
    reply_words: TfidfVectorizer
    shared_words: TfidfVectorizer
    association: sparse.csr_matrix  # (context words, reply words)
    left: np.ndarray  # (context words, RANK)
    right: np.ndarray  # (reply words, RANK)
    weights: np.ndarray  # (FEATURES,)

    @classmethod
    def train(cls, items: Sequence[Item], held_out: Sequence[Item]) -> Coherence:
        """Association from `items`, the features' weights from `held_out`."""
        contexts = [item.context for item in items]
        texts = [reply.text for item in items for reply in item.replies]
        owner = np.array([i for i, item in enumerate(items) for _ in item.replies])
        rare = 3 if len(texts) > 1000 else 1
        context_words = _vectorizer(_context_units, rare).fit(contexts)
        reply_words = _vectorizer(_reply_units, rare).fit(texts)
        shared = _vectorizer(_stems, 1).fit([*(c.turns[-1].text for c in contexts), *texts])
        # A message with sixteen replies counts four times as much as one with a single reply.
        share = 1 / np.sqrt(np.bincount(owner)[owner])
        gather = sparse.csr_matrix((share, (owner, np.arange(len(texts)))), dtype=np.float32)
        counts = context_words.transform(contexts).T @ (gather @ reply_words.transform(texts))
        association, shape = _mutual_information(sparse.coo_matrix(counts)), counts.shape
        rank = max(1, min(RANK, min(shape) - 1))
        u, s, v = _svd(association, n_components=rank, n_iter=1, random_state=0)
        root = np.sqrt(s)
        left, right, equal = u * root, v.T * root, np.ones(FEATURES)
        untuned = cls(context_words, reply_words, shared, association, left, right, equal)
        return replace(untuned, weights=untuned._tuned(held_out))

    def ranked(
        self, contexts: Sequence[Context], replies: Sequence[str], requests: Sequence[Hashable]
    ) -> dict[str, Any]:
        """How often a reply comes before all nine rivals (`first`), and before one of them (`beaten`).

        Rivals are replies to other messages under the same request, so that no style gives them away. A
        tie is half a win over one rival and none over all. Replies with fewer than nine rivals are left out.
        """
        rows, first, beaten = self.wins(contexts, replies, requests)
        groups = [contexts[i].turns[0].text for i in rows]  # rivals are of other conversations by this too
        return {"first": figure(first, groups), "beaten": figure(beaten, groups)}

    def wins(
        self, contexts: Sequence[Context], replies: Sequence[str], requests: Sequence[Hashable]
    ) -> tuple[list[int], list[bool], list[float]]:
        """The replies that have nine rivals, whether each comes before all, and the share it comes before."""
        rows, rivals = _rivals(contexts, requests)
        margins = self._margins(contexts, replies, rows, rivals) if len(rows) else np.zeros((0, RIVALS))
        beaten = ((margins > 0) + 0.5 * (margins == 0)).mean(1)
        first = [all(row) for row in (margins > 0).tolist()]
        return rows.tolist(), first, beaten.tolist()

    def scores(self, contexts: Sequence[Context], replies: Sequence[str]) -> np.ndarray:
        """How well each reply answers its own context (N,); only differences mean something."""
        rows = np.arange(len(replies))
        return self._weighed(contexts, replies)(rows, rows)

    def report(self, items: Iterable[Item]) -> dict[str, Any]:
        """`ranked` for written replies; the request is all aspects that they show."""
        return self.ranked(*_written(items))

    def _margins(
        self, contexts: Sequence[Context], replies: Sequence[str], rows: np.ndarray, rivals: np.ndarray
    ) -> np.ndarray:
        """By how much each of `rows` (N,) scores higher than each of its rivals (N, 9): (N, 9)."""
        score = self._weighed(contexts, replies)
        own = score(rows, rows)
        return np.stack([own - score(rows, column) for column in rivals.T], axis=1)

    def _weighed(self, contexts: Sequence[Context], replies: Sequence[str]) -> _OfRows:
        """As `_features`, their weighted sum (N,)."""
        features = self._features(contexts, replies)
        # No `@`: of so few columns a BLAS may report an invalid value where there is none (numpy#24067).
        return lambda context_rows, reply_rows: (features(context_rows, reply_rows) * self.weights).sum(1)

    def _features(self, contexts: Sequence[Context], replies: Sequence[str]) -> _OfRows:
        """A function of (context rows, reply rows), both (N,), that gives the features (N, FEATURES)."""
        places = {context: i for i, context in enumerate(dict.fromkeys(contexts))}
        place = np.array([places[context] for context in contexts])
        called = self.context_words.transform(list(places))
        said = sparse.csr_matrix(self.reply_words.transform(list(replies)))
        left, right = np.asarray(normalize(called @ self.left)), np.asarray(normalize(said @ self.right))
        expected = called @ self.association
        words = [self.shared_words.transform([_field(c, which) for c in places]) for which in range(3)]
        shared = self.shared_words.transform(list(replies))

        def features(context_rows: np.ndarray, reply_rows: np.ndarray) -> np.ndarray:
            at = place[context_rows]
            columns = [_row_products(matrix, at, said_in, reply_rows) for matrix, said_in in pairs]
            return np.column_stack([(left[at] * right[reply_rows]).sum(1), *columns])

        pairs = [(expected, said), *((matrix, shared) for matrix in words)]
        return features

    def _tuned(self, items: Sequence[Item]) -> np.ndarray:
        """Weights that set true replies of `items` apart from their rivals; all 1 where there are too few."""
        contexts, replies, requests = _written(items)
        rows, rivals = _rivals(contexts, requests)
        if not len(rows):
            return self.weights
        features = self._features(contexts, replies)
        own = features(rows, rows)
        gaps = np.concatenate([own - features(rows, column) for column in rivals.T])
        scale = gaps.std(0) + 1e-9
        both = np.concatenate([gaps, -gaps]) / scale
        truth = np.r_[np.ones(len(gaps)), np.zeros(len(gaps))]
        fitted = LogisticRegression(fit_intercept=False).fit(both, truth)
        return fitted.coef_[0] / scale


def _vectorizer(units: Any, rare: int) -> TfidfVectorizer:
    options: dict[str, Any] = {"analyzer": units, "min_df": rare, "sublinear_tf": True, "dtype": np.float32}
    return TfidfVectorizer(**options)


def _mutual_information(counts: sparse.coo_matrix) -> sparse.csr_matrix:
    """Positive pointwise mutual information of weighted counts, shifted and smoothed."""
    rows, columns = (np.asarray(counts.sum(axis)).ravel() for axis in (1, 0))
    value = np.log(counts.data * counts.data.sum() / (rows[counts.row] * columns[counts.col])) - SHIFT
    value *= counts.data / (counts.data + SMOOTHING)
    keep = value > 0
    return sparse.csr_matrix(
        (value[keep].astype(np.float32), (counts.row[keep], counts.col[keep])), shape=counts.shape
    )


def _row_products(one: Any, one_rows: np.ndarray, other: Any, other_rows: np.ndarray) -> np.ndarray:
    """The inner product of row i of `one[one_rows]` and row i of `other[other_rows]`: (N,)."""
    parts = [  # in slices: the rows of `one` are long
        one[one_rows[start : start + 256]].multiply(other[other_rows[start : start + 256]]).sum(1)
        for start in range(0, len(one_rows), 256)
    ]
    return np.concatenate([np.asarray(part).ravel() for part in parts])


def _rivals(contexts: Sequence[Context], requests: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (N,) that have nine rivals, and these (N, 9): the same request, another conversation."""
    random = np.random.default_rng(0)
    same: dict[Hashable, list[int]] = {}
    for i, request in enumerate(requests):
        same.setdefault(request, []).append(i)
    first = [context.turns[0].text for context in contexts]
    rows: list[int] = []
    rivals: list[np.ndarray] = []
    for i, request in enumerate(requests):
        others = [j for j in same[request] if first[j] != first[i]]
        if len(others) >= RIVALS:
            rows.append(i)
            rivals.append(random.choice(others, RIVALS, replace=False))
    return np.array(rows, dtype=int), np.array(rivals, dtype=int).reshape(-1, RIVALS)


def _written(items: Iterable[Item]) -> tuple[list[Context], list[str], list[Hashable]]:
    pairs = [(item.context, reply) for item in items for reply in item.replies]
    requests: list[Hashable] = [frozenset(reply.labels) for _, reply in pairs]
    return [context for context, _ in pairs], [reply.text for _, reply in pairs], requests


def _stems(text: str) -> list[str]:
    """Words and marks less their commonest endings."""
    return [_stem(token) for token in tokens(text)]


def _stem(word: str) -> str:
    ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= 3), "")
    return word.removesuffix(ending)


def _field(context: Context, which: int) -> str:
    """The message, the earlier turns or the facts, as one text."""
    lines = (context.turns[-1].text,), [turn.text for turn in context.turns[:-1]], context.facts
    return " ".join(lines[which])


def _context_units(context: Context) -> list[str]:
    """Words of a context, marked with where they stand: message, the turn before, older ones, facts."""
    message = _stems(context.turns[-1].text)
    pairs = [f"u {one} {two}" for one, two in zip(message, message[1:], strict=False)]
    before = [f"b {w}" for turn in context.turns[-2:-1] for w in _stems(turn.text)]
    older = [f"o {w}" for turn in context.turns[-5:-2] for w in _stems(turn.text)]
    return (
        [f"u {w}" for w in message] + pairs + before + older + [f"f {w}" for w in _stems(_field(context, 2))]
    )


def _reply_units(text: str) -> list[str]:
    found = _stems(text)
    return found + [f"{one} {two}" for one, two in zip(found, found[1:], strict=False)]
