"""How the words of one chat are drawn: the settings, and what is put over them while one talks.

What stands later in this list wins: the settings of [sampling], the persona's own, the preset in force, and
what the person said for this chat, by flag or by /set. Nothing of it is stored, and what was set while one
talks goes with its chat: another one begins with what flags gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from chatbot import config
from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError
from profiles import Profile

Values = Mapping[str, Any]


def put_over(base: Sampling, *layers: Values) -> Sampling:
    """The sampling with checked settings of [sampling] put over it, later ones over earlier ones."""
    changes = {name: value for layer in layers for name, value in layer.items()}
    return replace(base, **changes) if changes else base


def of_persona(profile: Profile) -> dict[str, Any]:
    """The persona's own settings; ConfigError, which names it, for one that is unknown or impossible."""
    return config.drawn(profile.sampling, f"profile {profile.name!r}")


@dataclass(frozen=True)
class Tuning:
    """What holds for one chat: the preset in force, and the settings put over it."""

    preset: str
    chosen: Values


class Tuned:
    """The part of a chat session that knows how words are drawn."""

    profile: Profile
    presets: Mapping[str, Values]
    preset: str
    """The name of the preset in force, "" for none."""
    _base: Sampling
    _chosen: dict[str, Any]
    _given: Tuning  # by the flags

    @property
    def sampling(self) -> Sampling:
        """The rules of the next reply."""
        return put_over(self._base, *(values for _, values in self._layers()))

    def set_sampling(self, name: str, text: str) -> Any:
        """Set one setting of [sampling] for this chat, as it is written in settings; returns its value."""
        self._chosen[name] = config.parse(f"sampling.{name}", text, "this chat")
        return self._chosen[name]

    def reset_sampling(self, name: str) -> Any:
        """Take back what was set for this chat; returns the value that holds again."""
        config.known(f"sampling.{name}", "this chat")
        self._chosen.pop(name, None)
        return self.sampling_values()[name][0]

    def sampling_values(self) -> dict[str, tuple[Any, str]]:
        """Every setting of [sampling]: its value, and whose that is: settings, persona, preset or chat."""
        whose = {name: source for source, values in self._layers() for name in values}
        return {name: (value, whose.get(name, "settings")) for name, value in asdict(self.sampling).items()}

    def use_preset(self, name: str) -> None:
        """Let a preset be in force from the next reply on; "" for none."""
        if name and name not in self.presets:
            raise UnknownNameError("preset", name, self.presets)
        self.preset = name

    @property
    def tuning(self) -> Tuning:
        """What holds for this chat now; see `retune`."""
        return Tuning(self.preset, dict(self._chosen))

    def retune(self, tuning: Tuning | None = None) -> None:
        """Let this hold from the next reply on; None: what flags gave."""
        tuning = tuning or self._given
        self.preset, self._chosen = tuning.preset, dict(tuning.chosen)

    def _layers(self) -> Iterator[tuple[str, Values]]:
        yield "persona", of_persona(self.profile)
        yield "preset", self.presets.get(self.preset, {})
        yield "chat", self._chosen
