"""Target: every written form, normalisation, and refusals that explain themselves."""

from __future__ import annotations

import math
import random

import pytest
from pydantic import ValidationError

from profiles import Profile, ProfileError, Target


@pytest.mark.parametrize(
    ("written", "aspects", "weight"),
    [
        ("pessimistic", {"pessimistic": 1.0}, None),
        (" pessimistic : 1.2 ", {"pessimistic": 1.0}, 1.2),
        ("high:0", {"high": 1.0}, 0.0),
        ("emotional*0.8+critical*0.2:0.7", {"emotional": 0.8, "critical": 0.2}, 0.7),
        ("emotional+critical", {"emotional": 0.5, "critical": 0.5}, None),
        ({"aspect": "lyrical"}, {"lyrical": 1.0}, None),
        ({"aspect": "lyrical", "weight": 2}, {"lyrical": 1.0}, 2.0),
        (
            {"aspects": {"emotional": 3, "critical": 1}, "weight": 0.7},
            {"emotional": 0.75, "critical": 0.25},
            0.7,
        ),
        ({"aspects": {"high": 1.0}, "weight": None}, {"high": 1.0}, None),
    ],
)
def test_every_form_is_read(written: object, aspects: dict[str, float], weight: float | None) -> None:
    target = Target.parse(written)
    assert target.aspects == pytest.approx(aspects)
    assert target.weight == weight
    assert Target.parse(target) == target
    assert Profile(name="a", attributes={"x": target}).attributes["x"] == target


@pytest.mark.parametrize(
    ("written", "probability"),
    [
        ("pessimistic:90%", 0.9),
        (" pessimistic : 12.5 % ", 0.125),
        ("emotional*3+critical:33.3%", 0.333),
        ({"aspect": "pessimistic", "strength": 0.9}, 0.9),
        ({"aspect": "pessimistic", "strength": 0.9, "weight": None}, 0.9),
        ({"aspects": {"pessimistic": 1.0}, "weight": None, "probability": 0.07}, 0.07),
        ("pessimistic:1.2", None),
        ("pessimistic", None),
    ],
)
def test_a_strength_is_a_probability(written: object, probability: float | None) -> None:
    target = Target.parse(written)
    assert target.probability == probability
    assert target.weight == (1.2 if written == "pessimistic:1.2" else None)
    assert [Target.parse(x) for x in (str(target), target.written(), target.model_dump())] == [target] * 3


def test_a_strength_is_written_as_it_was_given() -> None:
    assert str(Target.parse("pessimistic:90%")) == "pessimistic:90%"
    assert str(Target.parse({"aspect": "a", "strength": 0.07})) == "a:7%"
    assert str(Target.parse("a*1+b*3:12.5%")) == "a*0.25+b*0.75:12.5%"
    assert Target.parse("a:90%").written() == {"aspects": {"a": 1.0}, "strength": 0.9}
    assert Target.parse("a:0.9").written() == {"aspects": {"a": 1.0}, "weight": 0.9}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("a:100%", "between 0 and 1, not 1.0"),
        ("a:0%", "between 0 and 1, not 0.0"),
        ("a:-5%", "between 0 and 1, not -0.05"),
        ("a:x%", "A weight is a number, not 'x' in 'a:x%'"),
        ("a:%", "A weight is a number, not '' in 'a:%'"),
        ("a:nan%", "A weight is a number, not 'nan'"),
        ({"aspect": "a", "strength": True}, "between 0 and 1, not True"),
        ({"aspect": "a", "strength": "90%"}, "between 0 and 1, not '90%'"),
        ({"aspect": "a", "strenght": 0.9}, "Did you mean 'strength'?"),
        ({"aspect": "a", "strength": 0.9, "weight": 1}, "a weight or a strength, not both as in"),
        ({"aspect": "a", "strength": 0.9, "probability": 0.9}, "not both"),
        ("", "name of an aspect"),
        ("a:", "A weight is a number, not '' in 'a:'"),
        ("a:b", "A weight is a number, not 'b' in 'a:b'"),
        ("a:-1", "A weight is a number, 0 or more, not -1.0"),
        ("a:nan", "not nan"),
        ("a:inf", "not inf"),
        ("a+a", "'a+a' has 'a' twice"),
        ("a*0", "number above 0"),
        ("a*1e308+b*1e308", "number above 0"),
        ("a*1e-320+b*1e300", "vanishes"),
        ("a b", "name of an aspect"),
        (5, "a text or a table, not 5"),
        (None, "a text or a table, not None"),
        ({"aspect": "a", "wieght": 1}, "no key 'wieght'. Did you mean 'weight'?"),
        ({"aspect": "a", "aspects": {"a": 1}}, "one of 'aspect' and 'aspects'"),
        ({"weight": 1}, "one of 'aspect' and 'aspects'"),
        ({"aspect": 5}, "name of an aspect"),
        ({"aspect": ["a"]}, "name of an aspect"),
        ({"aspects": {}}, "a table of one or more, not {}"),
        ({"aspects": ["a"]}, "a table of one or more"),
        ({"aspects": {"a": True}}, "number above 0"),
        ({"aspects": {"a": -1}}, "number above 0"),
        ({"aspects": {"a": math.nan}}, "number above 0"),
        ({"aspects": {"a": 10**400}}, "number above 0"),
        ({"aspects": {5: 1}}, "name of an aspect"),
        ("a:1e7", "0 or more, not 10000000.0. 1 is normal, 0 is no pull, 1000000 is the most."),
        ({"aspect": "a", "weight": True}, "0 or more, not True"),
        ({"aspect": "a", "weight": "1"}, "0 or more, not '1'"),
        ({"aspect": "a", "weight": 10**400}, "0 or more, not 1000"),
    ],
)
def test_what_is_no_target_is_refused_in_words(written: object, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        Target.parse(written)
    assert words in str(caught.value)


def test_its_text_is_read_back_without_loss() -> None:
    chance = random.Random(3)
    for _ in range(500):
        shares = {f"a{i}": chance.lognormvariate(0, 3) for i in range(chance.randint(1, 4))}
        weight = chance.choice([None, 0.0, 1.0, chance.lognormvariate(0, 3)])
        strength = chance.choice([None, chance.random() ** 9, 1e-9, 0.99]) if weight is None else None
        target = Target.parse({"aspects": shares, "weight": weight, "strength": strength})
        assert math.isclose(sum(target.aspects.values()), 1.0)
        assert Target.parse(str(target)) == target
        assert Target.parse(target.model_dump()) == target
        assert Target.parse(target.written()) == target
    assert str(Target.parse("pessimistic:1.2")) == "pessimistic:1.2"


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Target.parse("a").weight = 2.0  # type: ignore[misc]
