"""How words are drawn from the decoder's probabilities. Apart from the engine: this comes without torch."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from chatbot.settings import SamplingConfig

# What older traces do not know.
_OFF: dict[str, Any] = {
    "stop": [],
    "contrast": 0.0,
    "presence_penalty": 0.0,
    "fact_bonus": 0.0,
    "brevity": 0.0,
}


@dataclass(frozen=True)
class Sampling(SamplingConfig):
    """The settings of [sampling], however they were given.

    `temperature` 0 takes the likeliest token each time.
    `no_repeat_ngram` 0 allows repetition, `repetition_penalty` 1 leaves probabilities alone. A word that the
    persona used up in earlier lines (`words.worn_words`) or said just before, or that would greet other news
    than the message tells (news.py), loses `presence_penalty` nats. The words of the fact that the message
    asks for (cue.py) gain `fact_bonus` nats until one is said. All three come before contrast and
    temperature, which multiply their nats by (1 + contrast) / temperature.
    `seed` -1 takes a new one. Of `candidates` replies the engine gives the best. With `brevity` each of
    several is also weighed with an earlier end (endings.py), and loses as many nats for each word
    beyond nine. `spread` is how far from the prior's mean z starts, in standard deviations: 1 is the prior
    itself, 0 its mean and the same z every time. `contrast` is how much more a word counts for being likelier
    here than with no context and an average z; 0 is off, above it only words at least a tenth as likely as
    the likeliest come (chatbot/model/choice.py). A reply ends before the first of the texts in `stop`.
    """

    def drawn_seed(self) -> int:
        """The seed, or a new one where any will do."""
        return secrets.randbelow(2**32) if self.seed < 0 else self.seed

    def written(self) -> dict[str, Any]:
        """As JSON, for the trace of a reply; without what is off and older traces do not know."""
        values = asdict(self) | {"stop": list(self.stop), "seed": None if self.seed < 0 else self.seed}
        return {name: value for name, value in values.items() if name not in _OFF or value != _OFF[name]}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Sampling:
        """What `written` wrote, by this program or an older one; what is not said was off."""
        names = {field.name for field in fields(cls)}
        said = {**_OFF, **written}.items()
        known = {name: value for name, value in said if name in names and value is not None}
        return cls(**{**known, "stop": tuple(known["stop"])})
