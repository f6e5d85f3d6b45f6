"""How arcs are written in profiles, and what is refused."""

from __future__ import annotations

import pytest

from profiles import Profile, ProfileError
from profiles.toml import from_toml, to_toml

HEAD = '[attributes]\nattitude = "pessimistic:1.2"\nmind = "critical:90%"\n\n[arc]\n'
FORM = "Write attitude = [[1, 0.2], [10, 0.9]]: from turn 1 to turn 10."


def test_arcs_are_read_written_and_kept() -> None:
    profile = from_toml(f"{HEAD}attitude = [[1, 0.2], [10, 1.0]]\n", "moody")
    assert profile.arc == {"attitude": ((1.0, 0.2), (10.0, 1.0))}
    assert to_toml(profile).endswith("[arc]\nattitude = [[1, 0.2], [10, 1]]\n")
    assert from_toml(to_toml(profile), "moody") == profile
    assert Profile.parse(profile.model_dump(mode="json")) == profile


def test_asking_for_something_else_ends_the_arc_of_that_attribute() -> None:
    profile = from_toml(f"{HEAD}attitude = [[1, 0.2]]\nmind = [[1, 0.5]]\n", "moody")
    changed = profile.changed(attributes={"mind": profile.attributes["mind"]})
    assert list(changed.arc) == ["mind"]
    assert profile.changed(description="Moody.").arc == profile.arc


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "atitude = [[1, 0.2]]",
            "An arc is of an attribute that the profile asks for, and 'atitude' is none. Did you mean "
            "'attitude'? Write it under [attributes] too.",
        ),
        (
            "attitude = [[0, 1]]",
            f"arc: The turns of an arc begin at 1 or later and grow, not [0] (attitude). {FORM}",
        ),
        (
            "attitude = [[2, 1], [2, 3]]",
            f"arc: The turns of an arc begin at 1 or later and grow, not [2, 2] (attitude). {FORM}",
        ),
        ("attitude = []", f"arc: The arc of 'attitude' is a list of points, not []. {FORM}"),
        ("attitude = 1", f"arc: The arc of 'attitude' is a list of points, not 1. {FORM}"),
        ("attitude = [[1]]", f"arc: The arc of 'attitude' is a list of points, not [[1]]. {FORM}"),
        ("attitude = [[1, true]]", f"arc: A point of an arc is two numbers, not True (attitude). {FORM}"),
        (
            f"attitude = [[1, 1{'0' * 400}]]",
            f"arc: A point of an arc is two numbers, not 1{'0' * 56}... (attitude). {FORM}",
        ),
        ("attitude = [[1, nan]]", f"arc: A point of an arc is two numbers, not nan (attitude). {FORM}"),
        (
            "attitude = [[1, -1]]",
            "The arc of 'attitude' has weights, 0 to 1000000, as the attribute has, not -1 at turn 1. "
            + FORM,
        ),
        (
            "mind = [[1, 0.5], [4, 1]]",
            "The arc of 'mind' has strengths between 0 and 1, as the attribute has, not 1 at turn 4. " + FORM,
        ),
    ],
)
def test_what_is_no_arc_is_refused(line: str, sentence: str) -> None:
    with pytest.raises(ProfileError) as refused:
        from_toml(f"{HEAD}{line}\n", "moody")
    assert str(refused.value) == sentence


def test_what_an_error_proposes_is_an_arc_of_a_strength_too() -> None:
    points = FORM.split("=")[1].split(":")[0]
    assert "mind" in from_toml(f"{HEAD}mind = {points}\n", "moody").arc
