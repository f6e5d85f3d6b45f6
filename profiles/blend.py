"""Blends: several profiles mixed into one, by shares, wherever a profile is named.

    gloomy-poet:0.6,calm-captain:0.4

Shares are parts of their sum; without numbers all are equal. Of each attribute the aspect vectors are mixed
by share times weight, and the blend's weight is the sum: what a profile does not ask for counts as weight 0.
Where every profile asks for the attribute with a strength, strengths are mixed in the same way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from profiles.errors import ProfileError
from profiles.lore import MAX_ENTRIES
from profiles.names import MAX_LENGTH, folded, shortened
from profiles.profile import MAX_DISPLAY_NAME, MAX_FACTS, Profile
from profiles.store import ProfileStore
from profiles.target import Target

MAX_PARTS = 8
_HOW = "Write gloomy-poet:0.6,calm-captain:0.4."
_SUREST = math.nextafter(1.0, 0.0)  # the highest strength
Parts = Sequence[tuple[Profile, float]]


def find(store: ProfileStore, reference: str) -> Profile:
    """The profile of this name, or the blend of those that are named with their shares."""
    if not is_blend(reference):
        return store.load(reference)
    return blended([(store.load(name), share) for name, share in shares(reference)])


def is_blend(reference: str) -> bool:
    """Whether this names a blend: no name of a profile holds these signs."""
    return "," in reference or ":" in reference


def shares(reference: str) -> list[tuple[str, float]]:
    """(name, share) for each part of a blend as it is written; ProfileError when it is none."""
    parts: list[tuple[str, float]] = []
    for part in reference.split(","):
        name, colon, share = (piece.strip() for piece in part.partition(":"))
        if not name:
            raise ProfileError(
                f"A blend names profiles with their shares, not {shortened(reference)}. {_HOW}"
            )
        if folded(name) in (folded(other) for other, _ in parts):
            twice = f"but {shortened(reference)} has {shortened(name)} twice"
            raise ProfileError(f"A blend names each profile once, {twice}. {_HOW}")
        parts.append((name, _share(share, reference) if colon else 1.0))
    if not 2 <= len(parts) <= MAX_PARTS:
        raise ProfileError(
            f"A blend has 2 to {MAX_PARTS} profiles, not {len(parts)} as in {shortened(reference)}. {_HOW}"
        )
    return parts


def blended(parts: Parts) -> Profile:
    """One profile of several and their shares: the heaviest first, of equal ones the first that was named."""
    total = sum(share for _, share in parts)
    mixed = [(profile, share / total) for profile, share in sorted(parts, key=lambda part: -part[1])]
    profiles = [profile for profile, _ in mixed]
    first = profiles[0]
    return Profile(
        name="_".join(profile.name for profile in profiles)[:MAX_LENGTH].rstrip("-_"),
        display_name=" + ".join(profile.speaker for profile in profiles)[:MAX_DISPLAY_NAME].rstrip(),
        description=f"A blend: {', '.join(f'{share:.0%} {profile.name}' for profile, share in mixed)}.",
        facts=_each_once(profile.facts for profile in profiles)[:MAX_FACTS],
        greeting=first.greeting,
        alternate_greetings=first.alternate_greetings,
        scenario=first.scenario,
        example_dialogue=_said_by_char(first),
        tags=_each_once(profile.tags for profile in profiles),
        attributes=_attributes(mixed),
        sampling=first.sampling,
        lorebook=tuple(entry for profile in profiles for entry in profile.lorebook)[:MAX_ENTRIES],
    )


def _said_by_char(profile: Profile) -> str:
    """The example lines, its own under {{char}}: its name is another in a blend."""
    names = f"{re.escape(profile.speaker)}|{re.escape(profile.name)}"
    return re.sub(
        rf"^([ \t]*)(?:{names})(?=\s*:)", r"\1{{char}}", profile.example_dialogue, flags=re.I | re.M
    )


def _attributes(mixed: Parts) -> dict[str, Target]:
    names = _each_once(profile.attributes for profile, _ in mixed)
    targets = {name: _target(mixed, name) for name in names}
    return {name: target for name, target in targets.items() if target is not None}


def _target(mixed: Parts, name: str) -> Target | None:
    """The mixed target of one attribute; None where nothing pulls.

    Strengths are mixed if every profile gives one: a strength is met, no less and no more, so that a share of
    it would ask for the opposite where another profile asks for nothing. What one leaves to the aspects that
    others name ("plain:80%" leaves 20 % to "lyrical") counts for these, in equal parts. Otherwise a strength
    counts as weight 1, the model's own.
    """
    asked = [(profile.attributes[name], share) for profile, share in mixed if name in profile.attributes]
    strong = len(asked) == len(mixed) and all(target.probability is not None for target, _ in asked)
    aspects: dict[str, float] = dict.fromkeys(_each_once(target.aspects for target, _ in asked), 0.0)
    for target, share in asked:
        pull = target.probability if strong else target.weight
        others = [aspect for aspect in aspects if aspect not in target.aspects]
        for aspect, part in target.aspects.items():
            aspects[aspect] += share * part * (1.0 if pull is None else pull)
        if strong and target.probability is not None:
            for aspect in others:
                aspects[aspect] += share * (1 - target.probability) / len(others)
    aspects = {aspect: part for aspect, part in aspects.items() if part > 0}
    return _pulled(aspects, "strength" if strong else "weight") if aspects else None


def _pulled(aspects: Mapping[str, float], kind: str) -> Target:
    total = math.fsum(aspects.values())
    shares = {name: part / total for name, part in aspects.items()}
    pull = float(f"{total:.12g}")  # 18 %, not 18.000000000000002 %
    if kind == "strength" and len(aspects) > 1:  # nothing is left for others
        return Target.parse({"aspects": shares})
    return Target.parse({"aspects": shares, kind: min(pull, _SUREST) if kind == "strength" else pull})


def _each_once(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for group in groups for text in group))


def _share(text: str, reference: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 < share < 1e9:
        raise ProfileError(
            f"A share is a number above 0, not {shortened(text)} as in {shortened(reference)}. {_HOW}"
        )
    return share
