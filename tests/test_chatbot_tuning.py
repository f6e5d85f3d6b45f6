"""How words are drawn in one chat: what is put over the settings, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.errors import ConfigError, UnknownNameError
from chatbot.session import ChatSession
from chatbot.tuning import put_over
from fake_engine import FakeEngine
from profiles import Profile
from storage import ConversationManager

CALM = Profile.parse({"name": "calm", "sampling": {"temperature": 1, "seed": 4, "stop": ["you:"]}})
PRESETS = {"wild": {"temperature": 1.5}, "dull": {"temperature": 0.0, "spread": 0.0}}


@pytest.fixture
def session() -> Iterator[ChatSession]:
    fake: Any = FakeEngine()
    with ConversationManager(None) as manager:
        yield ChatSession(
            engine=fake, manager=manager, profile=CALM, sampling=Sampling(top_p=0.8), presets=PRESETS
        )


def test_later_layers_win_and_seed_minus_one_is_any() -> None:
    assert put_over(Sampling(seed=3), {"seed": -1, "spread": 0.5}, {"spread": 0.7}) == Sampling(spread=0.7)
    base = Sampling(seed=3)
    assert put_over(base, {}, {}) is base


def test_chat_over_preset_over_persona_over_settings(session: ChatSession) -> None:
    assert session.sampling == Sampling(top_p=0.8, temperature=1.0, seed=4, stop=("you:",))
    session.use_preset("dull")
    assert (session.sampling.temperature, session.sampling.spread) == (0.0, 0.0)
    assert session.set_sampling("temperature", "0.7") == 0.7
    assert session.set_sampling("seed", "-1") == -1
    values = session.sampling_values()
    assert {name: values[name] for name in ("temperature", "spread", "seed", "stop", "top_p")} == {
        "temperature": (0.7, "chat"),
        "spread": (0.0, "preset"),
        "seed": (-1, "chat"),
        "stop": (("you:",), "persona"),
        "top_p": (0.8, "settings"),
    }
    assert session.sampling.seed == -1
    assert session.reset_sampling("temperature") == 0.0
    session.use_preset("")
    assert session.sampling.temperature == 1.0


def test_the_next_reply_follows(session: ChatSession) -> None:
    engine: Any = session.engine
    list(session.reply("Hi"))
    session.set_sampling("temperature", "2")
    list(session.regenerate())
    assert [sampling.temperature for sampling in engine.samplings] == [1.0, 2.0]
    session.use(Profile.parse({"name": "other"}))
    list(session.regenerate())
    assert engine.samplings[-1].stop == ()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("temprature", "1", r"'temprature' in \[sampling\] \(this chat\). Did you mean 'temperature'"),
        ("temperature", "11", "sampling.temperature must be from 0 to 10; this chat says 11.0"),
        ("candidates", "many", "sampling.candidates must be a whole number; this chat says 'many'"),
        ("stop", "you:", "none of them empty; this chat says 'you:'"),
    ],
)
def test_what_cannot_be_set_is_refused(session: ChatSession, name: str, text: str, sentence: str) -> None:
    before = session.sampling
    with pytest.raises(ConfigError, match=sentence):
        session.set_sampling(name, text)
    assert session.sampling == before


def test_a_wrong_persona_or_preset_is_refused_before_anything_changes(session: ChatSession) -> None:
    with pytest.raises(ConfigError, match="profile 'odd' says 3"):
        session.use(Profile.parse({"name": "odd", "sampling": {"top_p": 3}}))
    assert session.profile == CALM
    with pytest.raises(UnknownNameError, match="no preset 'wld'. Did you mean 'wild'"):
        session.use_preset("wld")
    assert session.preset == ""


def test_what_was_set_goes_with_its_chat_and_what_flags_gave_does_not(session: ChatSession) -> None:
    engine: Any = session.engine
    session = ChatSession(
        engine=engine,
        manager=session.manager,
        profile=CALM,
        sampling=Sampling(),
        presets=PRESETS,
        preset="dull",
        chosen={"top_p": 0.4},
    )
    given = session.tuning
    list(session.reply("Hi"))
    first = session.manager.get("last").id

    def set_all() -> None:
        session.use_preset("wild")
        session.set_sampling("temperature", "0.1")
        session.reset_sampling("top_p")

    set_all()
    assert (session.sampling.temperature, session.sampling.top_p) == (0.1, 0.9)
    here = session.tuning
    session.new()
    assert session.tuning == given
    assert (session.sampling.temperature, session.sampling.top_p) == (0.0, 0.4)
    set_all()
    session.resume(first)
    assert session.tuning == given
    session.retune(here)
    session.set_sampling("spread", "0.9")
    assert "spread" not in here.chosen, "what another tab holds is not changed"
    copied = session.tuning
    session.fork(session.messages()[-1].id)
    assert session.tuning == copied
    session.delete(session.manager.get("last").id)
    assert session.tuning == given
