"""Versions of profiles: nothing that was saved is ever lost, and each can stand again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from profiles import Profile, ProfileError, ProfileFileError, ProfileStore, UnknownProfileError, versions

BOB = Profile(name="bob", greeting="1")


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "profiles")


def said(store: ProfileStore, name: str) -> list[tuple[int, str, str]]:
    """(number, greeting, mark) of every version."""
    marks = ("builtin", "deleted", "current")
    return [
        (found.number, _greeting(found.path), " ".join(mark for mark in marks if getattr(found, mark)))
        for found in versions.versions(store, name)
    ]


def _greeting(path: Path) -> str:
    text = path.read_text("utf-8")
    return text.partition('greeting = "')[2].partition('"')[0]


def test_every_save_keeps_the_version_before(store: ProfileStore) -> None:
    store.save(BOB)
    assert said(store, "bob") == [(1, "1", "current")]
    for greeting in "234":
        store.save(BOB.changed(greeting=greeting), overwrite=True)
    assert said(store, "Bob") == [(1, "1", ""), (2, "2", ""), (3, "3", ""), (4, "4", "current")]
    digests = [version.digest for version in versions.versions(store, "bob")]
    assert digests == [BOB.changed(greeting=greeting).digest() for greeting in "1234"]
    names = sorted(path.name for path in (store.folder / ".history" / "bob").iterdir())
    assert names == [f"000{n}-{digest}.toml" for n, digest in enumerate(digests[:3], 1)]


def test_the_same_text_again_is_no_version(store: ProfileStore) -> None:
    store.save(BOB)
    store.save(BOB, overwrite=True)
    assert said(store, "bob") == [(1, "1", "current")]


def test_a_version_keeps_its_time_comments_and_rights(store: ProfileStore) -> None:
    path = store.write("bob", '# mine\ngreeting = "1"\n')
    os.utime(path, (1_000_000_000, 1_000_000_000))
    store.save(BOB, overwrite=True)
    first = versions.version(store, "bob", 1)
    assert first.written.isoformat() == "2001-09-09T01:46:40+00:00"
    assert first.path.read_text("utf-8") == '# mine\ngreeting = "1"\n'
    assert first.path.stat().st_mode == store.path("bob").stat().st_mode


def test_a_rollback_is_a_new_version(store: ProfileStore) -> None:
    for greeting in "12":
        store.save(BOB.changed(greeting=greeting), overwrite=True)
    assert versions.rollback(store, "BOB", 1) == store.path("bob")
    assert store.load("bob") == BOB
    assert said(store, "bob") == [(1, "1", ""), (2, "2", ""), (3, "1", "current")]
    versions.rollback(store, "bob", 3)
    assert len(said(store, "bob")) == 3


def test_a_deleted_profile_comes_back_with_its_card(store: ProfileStore) -> None:
    store.save_with_card(BOB, b"card", "png")
    store.save(BOB.changed(greeting="2"), overwrite=True)
    store.delete("bob")
    assert sorted(path.name for path in store.folder.iterdir()) == [".history", ".lock"]
    assert said(store, "bob") == [(1, "1", ""), (2, "2", "deleted")]
    versions.rollback(store, "Bob", 1)
    assert (store.load("bob"), store.card("bob")) == (BOB, b"card")
    assert said(store, "bob") == [(1, "1", ""), (2, "2", "deleted"), (3, "1", "current")]


def test_of_two_profiles_of_one_name_each_comes_back_with_its_own_card(store: ProfileStore) -> None:
    store.save_with_card(BOB, b"first", "png")
    store.delete("bob")
    store.save_with_card(BOB.changed(greeting="2"), b"second", "json")
    versions.rollback(store, "bob", 1)
    assert (store.load("bob").greeting, store.card("bob")) == ("1", b"first")
    assert said(store, "bob") == [(1, "1", "deleted"), (2, "2", "deleted"), (3, "1", "current")]
    versions.rollback(store, "bob", 2)
    assert (store.load("bob").greeting, store.card("bob")) == ("2", b"second")
    names = sorted(path.name for path in store.folder.iterdir())
    assert names == [".history", ".lock", "bob.card.json", "bob.toml"]


def test_versions_move_with_a_rename(store: ProfileStore) -> None:
    store.save(Profile(name="Ann", greeting="0"))
    store.delete("Ann")
    store.save(BOB)
    store.save(BOB.changed(greeting="2"), overwrite=True)
    store.rename("bob", "ann")
    assert said(store, "ann") == [(1, "0", "deleted"), (2, "1", ""), (3, "2", ""), (4, "2", "current")]
    with pytest.raises(UnknownProfileError):
        versions.versions(store, "bob")
    versions.rollback(store, "ann", 2)
    assert store.load("ann") == BOB.changed(name="ann")
    store.rename("ann", "Ann")
    assert [mark for _, _, mark in said(store, "ANN")][-1] == "current"
    assert len(said(store, "ann")) == 6


def test_a_strange_file_among_the_versions_hinders_no_rename(store: ProfileStore) -> None:
    store.save_with_card(BOB, b"card", "png")
    store.delete("bob")
    store.save(BOB)
    store.save(BOB.changed(greeting="2"), overwrite=True)
    strange = store.folder / ".history" / "bob" / ".DS_Store"
    for name in (".DS_Store", "notes.txt", ".abc.tmp"):
        strange.with_name(name).write_bytes(b"x")
    store.save(Profile(name="ann", greeting="0"))
    store.delete("ann")
    store.rename("bob", "ann")
    marks = [(number, mark) for number, _, mark in said(store, "ann")]
    assert marks == [(1, "deleted"), (2, "deleted"), (3, ""), (4, ""), (5, "current")]
    assert store.history.card("ann", 2) == strange.parent.with_name("ann") / "0002.card.png"
    assert sorted(path.name for path in strange.parent.iterdir()) == [".DS_Store", ".abc.tmp", "notes.txt"]
    with pytest.raises(UnknownProfileError):
        versions.versions(store, "bob")


def test_a_built_in_profile_is_version_0(store: ProfileStore) -> None:
    poet = store.load("gloomy-poet")
    (only,) = versions.versions(store, "Gloomy-Poet")
    assert (only.number, only.builtin, only.current, only.digest) == (0, True, False, poet.digest())
    store.save(Profile(name="gloomy-poet", greeting="Mine."))
    versions.rollback(store, "gloomy-poet", 0)
    assert not store.is_builtin("gloomy-poet")
    assert store.load("gloomy-poet") == poet
    assert [number for number, _, _ in said(store, "gloomy-poet")] == [0, 1, 2]
    store.delete("gloomy-poet")
    assert store.is_builtin("gloomy-poet")
    versions.rollback(store, "gloomy-poet", 1)
    assert store.load("gloomy-poet").greeting == "Mine."


def test_a_broken_file_is_kept_but_never_stands_again(store: ProfileStore) -> None:
    store.save(BOB)
    store.path("bob").write_bytes(b"\xff")
    store.save(BOB, overwrite=True)
    broken = versions.version(store, "bob", 1)
    assert (broken.digest, broken.path.read_bytes()) == ("unreadable", b"\xff")
    with pytest.raises(ProfileFileError, match="Version 1 of bob is no valid profile: .*Choose another."):
        versions.rollback(store, "bob", 1)
    assert store.load("bob") == BOB


def test_an_unknown_version_is_refused(store: ProfileStore) -> None:
    store.save(BOB)
    store.save(BOB.changed(greeting="2"), overwrite=True)
    with pytest.raises(ProfileError) as caught:
        versions.rollback(store, "Bob", 9)
    assert str(caught.value) == "bob has these versions: 1, 2; not 9. Choose one of them."
    with pytest.raises(UnknownProfileError, match="There is no profile 'bbo'. Did you mean 'bob'?"):
        versions.versions(store, "bbo")


def test_a_save_that_fails_halfway_leaves_no_second_version(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(BOB)
    store.history.keep("bob", store.path("bob"))  # as a save does before it fails
    store.save(BOB.changed(greeting="2"), overwrite=True)
    assert said(store, "bob") == [(1, "1", ""), (2, "2", "current")]


def test_favourites_come_first_and_keep_their_names(store: ProfileStore) -> None:
    store.save(BOB)
    store.favourites.set("warm-grandmother")
    store.favourites.set("bob")
    store.favourites.set("Bob")
    others = sorted({*store.names()} - {"bob", "warm-grandmother"})
    assert store.names() == ["bob", "warm-grandmother", *others]
    assert [stored.profile.name for stored in store.list().profiles if stored.favourite] == [
        "bob",
        "warm-grandmother",
    ]
    store.rename("bob", "zoe")
    assert store.names()[:2] == ["warm-grandmother", "zoe"]
    store.favourites.set("ZOE", favourite=False)
    assert store.favourites.names() == ["warm-grandmother"]
    assert "zoe" not in store.favourites


@pytest.mark.parametrize("text", ["", "[]", "{", '{"favourites": 5}', '{"favourites": [5, null]}', "\ufeff"])
def test_a_damaged_state_is_no_favourite(store: ProfileStore, text: str) -> None:
    store.save(BOB)
    (store.folder / ".state.json").write_text(text, encoding="utf-8")
    assert store.favourites.names() == []
    store.favourites.set("bob")
    assert store.names()[0] == "bob"


def test_the_state_keeps_what_it_does_not_know(store: ProfileStore) -> None:
    store.save(BOB)
    (store.folder / ".state.json").write_text('{"other": 1}', encoding="utf-8")
    store.favourites.set("bob")
    text = '{\n  "other": 1,\n  "favourites": [\n    "bob"\n  ]\n}\n'
    assert (store.folder / ".state.json").read_text("utf-8") == text
