"""How words are drawn from the decoder's probabilities. Apart from the engine: this comes without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sampling:
    """The rules of one reply. `temperature` 0 takes the likeliest token each time.

    `no_repeat_ngram` 0 allows repetition, `repetition_penalty` 1 leaves probabilities alone, `seed` None
    takes a new one. Of `candidates` replies the engine gives the best. `spread` is how far from the prior's
    mean z starts, in standard deviations: 1 is the prior itself, 0 its mean and the same z every time.
    """

    temperature: float = 0.5
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    no_repeat_ngram: int = 3
    max_tokens: int = 60
    candidates: int = 8
    spread: float = 0.3
    seed: int | None = None
