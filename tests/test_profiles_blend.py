"""Blends: the closed form of every mixture, what each profile contributes, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import profiles
from chatbot import batch, config
from chatbot.cli import options, start
from fake_engine import FakeEngine
from profiles import Profile, ProfileError, ProfileStore, UnknownProfileError, blend


def persona(name: str, **attributes: str) -> Profile:
    return Profile.parse({"name": name, "attributes": attributes})


@pytest.mark.parametrize(
    ("first", "second", "aspects", "weight"),
    [
        # 0.6 * 1 lyrical, 0.4 * 1 plain
        ("lyrical:1", "plain:1", {"lyrical": 0.6, "plain": 0.4}, 1.0),
        # 0.6 * 2 = 1.2 lyrical, 0.4 * 0.5 = 0.2 plain; 1.4 in all
        ("lyrical:2", "plain:0.5", {"lyrical": 6 / 7, "plain": 1 / 7}, 1.4),
        ("lyrical:1", "lyrical:2", {"lyrical": 1.0}, 1.4),
        ("lyrical:1.2", None, {"lyrical": 1.0}, 0.72),
        (None, "plain:1", {"plain": 1.0}, 0.4),
        ("lyrical", "plain:0", {"lyrical": 1.0}, 0.6),  # the model's own weight is 1
        # 0.6 * 0.5 * (0.8, 0.2) + 0.4 * 1 * (0.3, 0.7) = (0.36, 0.34)
        ("lyrical*0.8+plain*0.2:0.5", "lyrical*0.3+plain*0.7", {"lyrical": 36 / 70, "plain": 34 / 70}, 0.7),
        ("lyrical:90%", "plain:2", {"lyrical": 0.6 / 1.4, "plain": 0.8 / 1.4}, 1.4),
        ("lyrical:90%", None, {"lyrical": 1.0}, 0.6),  # 54 % would be 46 % plain, which nobody asked for
    ],
)
def test_vectors_are_mixed_by_share_and_weight(
    first: str | None, second: str | None, aspects: dict[str, float], weight: float
) -> None:
    poet = persona("poet", **({"style": first} if first else {}))
    captain = persona("captain", **({"style": second} if second else {}))
    target = blend.blended([(poet, 0.6), (captain, 0.4)]).attributes["style"]
    assert target.aspects == pytest.approx(aspects)
    assert target.weight == pytest.approx(weight)
    assert target.probability is None


def test_strengths_are_mixed() -> None:
    mixed = blend.blended(
        [(persona("a", x="up:90%", y="up:80%"), 3), (persona("b", x="down:60%", y="up:40%"), 1)]
    ).attributes
    # 0.75 * 0.9 + 0.25 * 0.4 = 0.775 up, and the rest down
    assert mixed["x"].aspects == pytest.approx({"up": 0.775, "down": 0.225})
    assert (mixed["x"].probability, mixed["y"].probability) == (None, pytest.approx(0.7))
    assert (mixed["x"].weight, mixed["y"].weight) == (None, None)


def test_who_ask_for_the_same_in_other_words_get_it() -> None:
    parts = [(persona("a", x="up:20%"), 1), (persona("b", x="down:80%"), 1)]
    assert blend.blended(parts).attributes["x"].aspects == pytest.approx({"up": 0.2, "down": 0.8})
    nearly = "up:99.99999999999999%"
    parts = [(persona("a", x=nearly), 1), (persona("b", x=nearly), 1)]
    assert blend.blended(parts).attributes["x"].probability == pytest.approx(1)


def test_a_share_of_an_optimist_is_no_pessimist() -> None:
    glad, calm = persona("opti", attitude="optimistic:90%"), persona("captain", mind="critical")
    assert str(blend.blended([(glad, 0.2), (calm, 0.8)]).attributes["attitude"]) == "optimistic:0.2"


def test_what_is_mixed_is_written_without_the_dust_of_the_sum() -> None:
    mixed = blend.blended([(persona("a", x="up:90%"), 0.2), (persona("b", x="up:70%"), 0.1)])
    assert str(mixed.attributes["x"]) == "up:83.3333333333%"
    thrice = [(persona(name, x="up:0.3"), 1) for name in "abc"]
    assert str(blend.blended(thrice).attributes["x"]) == "up:0.3"


def test_what_pulls_nowhere_is_left_out() -> None:
    assert blend.blended([(persona("a", x="up:0"), 1), (persona("b"), 1)]).attributes == {}


def test_shares_need_not_sum_to_1() -> None:
    a, b = persona("a", x="up:1"), persona("b", x="down:2")
    thirds = blend.blended([(a, 2), (b, 1)])
    assert blend.blended([(a, 0.2), (b, 0.1)]) == thirds
    assert thirds.attributes["x"].weight == pytest.approx(4 / 3)
    assert blend.blended([(a, 1), (b, 2)]).name == "b_a"


def test_texts_are_those_of_the_heaviest_first() -> None:
    light = Profile.parse(
        {
            "name": "light",
            "facts": ["I nap.", "I am light."],
            "greeting": "Lo.",
            "sampling": {"temperature": 1},
            "tags": ["x", "y"],
            "lorebook": [{"keys": ["l"], "content": "L."}],
        }
    )
    heavy = Profile.parse(
        {
            "name": "heavy",
            "display_name": "Old Heavy",
            "facts": ["I am heavy.", "I nap."],
            "greeting": "Hi.",
            "alternate_greetings": ["Yo."],
            "scenario": "A bar.",
            "sampling": {"spread": 0.5},
            "example_dialogue": "{{char}}: Hm.\nYou: Who?\n old heavy : Me.\nHeavy: I, heavy: yes.",
            "tags": ["y", "z"],
            "lorebook": [{"keys": ["h"], "content": "H."}],
        }
    )
    assert blend.blended([(light, 1), (heavy, 2)]) == Profile(
        name="heavy_light",
        display_name="Old Heavy + light",
        description="A blend: 67% heavy, 33% light.",
        facts=("I am heavy.", "I nap.", "I am light."),
        greeting="Hi.",
        sampling={"spread": 0.5},
        alternate_greetings=("Yo.",),
        scenario="A bar.",
        example_dialogue="{{char}}: Hm.\nYou: Who?\n {{char}} : Me.\n{{char}}: I, heavy: yes.",
        tags=("y", "z", "x"),
        lorebook=(*heavy.lorebook, *light.lorebook),
    )


def test_limits_hold_and_names_stay_valid() -> None:
    many = [
        (
            Profile(
                name=f"{n}" * 40, display_name=f"{n}" * 90, facts=tuple(f"I am {n} {k}." for k in range(15))
            ),
            9 - n,
        )
        for n in range(8)
    ]
    mixed = blend.blended(many)
    assert len(mixed.name) == 48
    assert mixed.facts == (*many[0][0].facts, *many[1][0].facts[:5])


def test_a_reference_is_a_name_or_a_blend() -> None:
    store = ProfileStore(Path("nowhere"))
    poet, captain = store.load("gloomy-poet"), store.load("calm-captain")
    assert profiles.find(store, "Gloomy-Poet") == poet
    mixed = blend.blended([(poet, 0.6), (captain, 0.4)])
    for reference in ("gloomy-poet:0.6,calm-captain:0.4", " Gloomy-Poet : 3 , calm-captain:2 "):
        assert profiles.find(store, reference) == mixed
    assert mixed.name == "gloomy-poet_calm-captain"
    assert profiles.find(store, "gloomy-poet,calm-captain") == blend.blended([(poet, 1), (captain, 1)])
    with pytest.raises(UnknownProfileError, match="no profile 'glomy-poet'. Did you mean 'gloomy-poet'?"):
        profiles.find(store, "calm-captain:0.4,glomy-poet:0.6")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("a:x,b", "A share is a number above 0, not 'x' as in 'a:x,b'."),
        ("a:0,b", "not '0' as in"),
        ("a:-1,b", "not '-1' as in"),
        ("a:nan,b", "not 'nan' as in"),
        ("a:inf,b", "not 'inf' as in"),
        ("a:,b", "not '' as in"),
        ("a:0.5", "A blend has 2 to 8 profiles, not 1 as in 'a:0.5'."),
        ("a,b,c,d,e,f,g,h,i", "not 9 as in"),
        ("a,", "A blend names profiles with their shares, not 'a,'."),
        (",", "names profiles with their shares"),
        ("a:1,A:2", "A blend names each profile once, but 'a:1,A:2' has 'A' twice."),
    ],
)
def test_what_is_no_blend_is_refused_in_words(reference: str, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        blend.shares(reference)
    assert words in str(caught.value)
    assert str(caught.value).endswith("Write gloomy-poet:0.6,calm-captain:0.4.")


def test_a_chat_and_the_settings_take_a_blend(home: Path) -> None:
    reference = "gloomy-poet:0.6,calm-captain:0.4"
    mixed = profiles.find(ProfileStore(home), reference)
    for settings in (
        config.load({"chat.profile": reference, "chat.incognito": True}),
        config.load({"chat.profile": "Calm-Captain:2,gloomy-poet:3", "chat.incognito": True}),
    ):
        session = start.open_session(settings, dials=["style=plain:90%"])
        assert session.profile == start.dialled(mixed, ["style=plain:90%"])
        assert str(session.dials["style"]) == "plain:90%"
        assert session.messages()[0].text == mixed.greeting
        session.manager.close()


def test_a_line_of_a_batch_takes_a_blend(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles")
    store.save(Profile.parse({"name": "ann", "facts": ["I am Ann."], "attributes": {"mind": "critical:1"}}))
    store.save(Profile.parse({"name": "bob", "facts": ["I am Bob."], "attributes": {"mind": "emotional:1"}}))
    lines = ({"profile": "ann:1,bob:3", "turns": ["Hi"]}, {"profile": "ann:1,bbo:3", "turns": ["Hi"]})
    text = "\n".join(map(json.dumps, lines))
    (request,), (bad,) = batch.read(text.encode(), store, FakeEngine())  # type: ignore[arg-type]
    assert request.context.facts == ("I am Bob.", "I am Ann.")
    assert request.targets["mind"].aspects == pytest.approx({"emotional": 0.75, "critical": 0.25})
    assert bad.reason == "There is no profile 'bbo'. Did you mean 'bob'? See: chatbot profile list"


def test_the_last_name_of_a_blend_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options.profile_names("calm-captain:0.4,gloo") == ["calm-captain:0.4,gloomy-poet"]
    assert options.profile_names("gloo") == ["gloomy-poet"]
    monkeypatch.setenv("CHATBOT_SAMPLING_SEED", "many")
    assert options.profile_names("gloo") == []
