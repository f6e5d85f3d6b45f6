"""Who speaks, on which model, and how the dials stand: what a chat session has besides its conversation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chatbot import config, persona
from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError, UsageError
from chatbot.measures.drift import Rule
from chatbot.memory.memories import MemoryRules
from chatbot.tuning import Tuned, of_persona
from profiles import Profile, Target
from storage import Conversation, ConversationManager, UnknownConversationError

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

NO_MEMORY, USUAL_DRIFT = MemoryRules(), Rule()


def check_dials(
    engine: GenerationEngine,
    dials: Mapping[str, Target],
    name: str,
    way: str = "name a persona made for this model",
) -> None:
    """UnknownNameError for what the model does not have, with who asks for it and the way out."""
    try:
        engine.check(dials)
    except UnknownNameError as error:
        error.args = (f"{error} The dials of {name!r} ask for it: {way}.",)
        raise


class Dialling(Tuned):
    """A persona with its dials. The model may be given as a function, and is then read when it is needed.

    `sampling` are the settings, `presets` the named groups of them that there are, `preset` the one in force
    and `chosen` what the person asked for this chat: see chatbot/tuning.py. `memory` says what is done with
    memories, `hold` whether weights are raised against drift by the `drift_rule`.
    """

    def __init__(
        self,
        *,
        engine: GenerationEngine | Callable[[], GenerationEngine],
        manager: ConversationManager,
        profile: Profile,
        sampling: Sampling,
        presets: Mapping[str, Mapping[str, Any]] = config.PRESETS,
        preset: str = "",
        chosen: Mapping[str, Any] | None = None,
        user_name: str = "",
        user_facts: Sequence[str] = (),
        memory: MemoryRules = NO_MEMORY,
        drift_rule: Rule = USUAL_DRIFT,
        hold: bool = False,
        model_name: str = "",
    ) -> None:
        self.manager = manager
        self.profile = profile
        self.presets, self._base, self._chosen = presets, sampling, dict(chosen or {})
        self.use_preset(preset)
        self._given = self.tuning
        of_persona(profile)  # its mistakes are told before anything is said
        self.user_name = user_name
        self.user_facts = tuple(user_facts)
        self.memory = memory
        self.drift_rule, self.hold = drift_rule, hold
        self.conversation: Conversation | None = None
        self.dials: dict[str, Target] = dict(profile.attributes)
        self.flagged: Sequence[str] = ()  # attributes whose dials were turned by flag, not by the persona
        self._source = engine
        self._engine: GenerationEngine | None = None
        self._model_name = model_name
        self._unchecked = False  # whether the persona has changed before the model was there to check it
        self._greeting = 0  # which of the persona's greetings opens the next conversation
        self._loading, self._replying = threading.Lock(), threading.Lock()

    @property
    def chance(self) -> str:
        """What {{random}} draws from here: it follows the seed."""
        return persona.chance_of(self.sampling.seed)

    # --- the model

    @property
    def loaded(self) -> bool:
        return self._engine is not None

    @property
    def engine(self) -> GenerationEngine:
        """The engine; loaded now if it was not, which takes seconds."""
        with self._loading:
            if self._engine is None:
                self._engine = self._source() if callable(self._source) else self._source
            return self._engine

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Every attribute of the model with its aspects."""
        return self.engine.attributes

    def load(self) -> None:
        """Get the model ready and check that it knows what flags and the profile ask for."""
        self.engine.check({name: self.dials[name] for name in self.flagged if name in self.dials})
        way = "turn it off with --set ATTRIBUTE=off, or name a persona made for this model with --profile"
        check_dials(self.engine, self.dials, self.profile.name, way)
        if self._unchecked:
            self._save_profile()

    # --- who speaks, and how

    def use(self, profile: Profile) -> None:
        """Let another persona speak from now on, in the same conversation."""
        of_persona(profile)
        if self._engine is not None:
            self._engine.check(profile.attributes)
        self.profile, self.dials, self._greeting = profile, dict(profile.attributes), 0
        self._save_profile()

    def set_dial(self, attribute: str, asked: str | Target) -> Target:
        """Ask for an aspect: "critical", or what else Target.parse reads.

        Where that does not say how strongly, the dial pulls as before, or with the model's own strength.
        """
        self.catch_up()
        target, current = Target.parse(asked), self.dials.get(attribute)
        if current is not None and target.weight is None and target.probability is None:
            target = current.model_copy(update={"aspects": target.aspects})
        if self._engine is not None:
            self._engine.check({attribute: target})
        self.dials[attribute] = target
        self.profile = self.profile.without_arc(attribute)
        self._save_profile()
        return target

    def off(self, attribute: str, before: str = "") -> UsageError:
        """The error for a dial that is off and was given no aspect: UnknownNameError where there is none of
        the name, else one that lists the aspects, each with `before` in front of it."""
        known = self.attributes.get(attribute)
        if known is None:
            return UnknownNameError("attribute", attribute, self.attributes)
        aspects = " or ".join(before + aspect for aspect in known)
        return UsageError(f"The dial {attribute!r} is off; name an aspect too: {aspects}.")

    def pull_dial(self, attribute: str, pull: str) -> Target:
        """Change how strongly a dial that is on pulls: "1.2" is a weight, "90%" a strength."""
        self.catch_up()
        if (target := self.dials.get(attribute)) is None:
            raise self.off(attribute)
        mixture = target.model_copy(update={"weight": None, "probability": None})
        return self.set_dial(attribute, Target.typed(f"{mixture}:{pull}"))

    def clear_dial(self, attribute: str) -> None:
        """Stop guiding an attribute."""
        self.catch_up()
        if self.dials.pop(attribute, None) is None:
            raise UnknownNameError("dial in use called", attribute, self.dials)
        self._save_profile()

    def catch_up(self) -> None:
        """Take over what another program changed in the conversation: dials, persona, names, note."""
        if self.conversation is None or self._unchecked:
            return
        with suppress(UnknownConversationError):
            self.conversation = self.manager.get(self.conversation.id)
        if self.conversation.profile != self._snapshot():
            profile = Profile.parse(self.conversation.profile)
            of_persona(profile)
            self.profile, self.dials = profile, dict(profile.attributes)

    def dialled(self) -> Profile:
        """The profile as it speaks now."""
        return self.profile.changed(attributes=self.dials)

    def _snapshot(self) -> dict[str, Any]:
        """The profile as it speaks now, as the conversation keeps it."""
        return self.dialled().model_dump(mode="json")

    def _save_profile(self) -> None:
        """Keep it with the conversation, once the model is there and knows what it asks for."""
        self._unchecked = not self.loaded
        if self.conversation is not None and self.loaded:
            self.manager.set_profile(
                self.conversation.id, profile_name=self.profile.name, profile=self._snapshot()
            )
