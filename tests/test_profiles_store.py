"""ProfileStore on real files: shadowing, collisions, broken files, writes that are whole or do not happen."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from profiles import (
    BuiltinProfileError,
    Profile,
    ProfileAccessError,
    ProfileError,
    ProfileExistsError,
    ProfileFileError,
    ProfileNameError,
    ProfileStore,
    UnknownProfileError,
    files,
    versions,
)
from profiles import store as module
from profiles.favourites import Favourites
from profiles.files import MAX_FILE
from profiles.history import History
from profiles.store import BUILTIN

BOB = Profile(name="bob", greeting="Hi.\n\x1b[31m", facts=("I am Bob.",))
BUILTINS = sorted(path.stem for path in BUILTIN.glob("*.toml"))
root_may_all = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whom the system can refuse something"
)


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "data" / "profiles")


def _tree(folder: Path) -> dict[str, bytes]:
    if not folder.exists():
        return {}
    files = (path for path in folder.iterdir() if path.is_file() and path.name != ".lock")
    return {path.name: path.read_bytes() for path in files}


def _names(store: ProfileStore) -> list[str]:
    return sorted(name for name in store.names() if not store.is_builtin(name))


def at_once(
    monkeypatch: pytest.MonkeyPatch, kind: type, method: str, *acts: Callable[[], object]
) -> list[BaseException | None]:
    """Each act in a thread of its own; they wait for each other behind `method`, if they can get there
    together. Gives what each one raised."""
    real, meeting = getattr(kind, method), threading.Barrier(len(acts))

    def met(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(0.2)
        return found

    monkeypatch.setattr(kind, method, met)
    with ThreadPoolExecutor() as pool:
        return [done.exception() for done in [pool.submit(act) for act in acts]]


def test_a_new_store_has_the_built_in_profiles_and_writes_nothing(store: ProfileStore) -> None:
    assert list(store.names()) == BUILTINS
    listing = store.list()
    assert [stored.profile.name for stored in listing.profiles] == BUILTINS
    assert all(stored.builtin for stored in listing.profiles)
    assert listing.broken == []
    assert not store.folder.parent.exists()


def test_what_is_saved_is_loaded(store: ProfileStore) -> None:
    path = store.save(BOB)
    assert path == store.folder / "bob.toml" == store.path("bob")
    assert store.load("bob") == BOB
    assert ProfileStore(store.folder).load("BOB") == BOB
    assert list(_tree(store.folder)) == ["bob.toml"]
    assert not store.is_builtin("bob")


def test_a_taken_name_is_refused_unless_overwritten(store: ProfileStore) -> None:
    store.save(BOB)
    before = _tree(store.folder)
    with pytest.raises(ProfileExistsError) as caught:
        store.save(Profile(name="bob"))
    assert str(caught.value) == (
        "There is a profile 'bob'. Choose another name, or delete that one first: chatbot profile delete bob"
    )
    assert _tree(store.folder) == before
    store.save(Profile(name="bob"), overwrite=True)
    assert store.load("bob") == Profile(name="bob")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("first", "second"), [("bob", "Bob"), ("été", "ÉTÉ"), ("", "Gloomy-Poet")])
def test_names_that_differ_only_in_case_are_refused(
    store: ProfileStore, first: str, second: str, overwrite: bool
) -> None:
    if first:
        store.save(Profile(name=first))
    with pytest.raises(ProfileExistsError, match="differs from .* only in case"):
        store.save(Profile(name=second), overwrite=overwrite)


def test_an_own_profile_shadows_a_built_in_one_until_it_is_deleted(store: ProfileStore) -> None:
    original = store.load("gloomy-poet")
    mine = Profile(name="gloomy-poet", greeting="Mine.")
    store.save(mine)
    assert store.load("gloomy-poet") == mine
    assert list(store.names()) == BUILTINS
    assert [stored.builtin for stored in store.list().profiles].count(False) == 1
    store.delete("gloomy-poet")
    assert store.load("gloomy-poet") == original


def test_a_built_in_profile_is_neither_deleted_nor_renamed(store: ProfileStore) -> None:
    before = _tree(BUILTIN)
    remedy = "Make your own of it: chatbot profile copy gloomy-poet NEW"
    with pytest.raises(BuiltinProfileError, match=f"cannot be deleted, and 'gloomy-poet' is one. {remedy}"):
        store.delete("gloomy-poet")
    with pytest.raises(BuiltinProfileError, match=f"cannot be renamed, and 'gloomy-poet' is one. {remedy}"):
        store.rename("gloomy-poet", "bob")
    assert _tree(BUILTIN) == before


def test_an_unknown_name_gets_the_near_ones(store: ProfileStore) -> None:
    for act in (store.load, store.delete, store.path, store.read):
        with pytest.raises(UnknownProfileError) as caught:
            act("glomy-poet")
        assert str(caught.value) == (
            "There is no profile 'glomy-poet'. Did you mean 'gloomy-poet'? See: chatbot profile list"
        )


@pytest.mark.parametrize(
    "name", ["../secret", "..\\secret", "/etc/passwd", "secret.toml", "", "a\x00b", "con"]
)
def test_no_name_leads_out_of_the_folder(store: ProfileStore, name: str) -> None:
    store.save(BOB)
    (store.folder.parent / "secret.toml").write_text('name = "secret"')
    before = _tree(store.folder)
    with pytest.raises(UnknownProfileError):
        store.load(name)
    with pytest.raises(UnknownProfileError):
        store.delete(name)
    for act in (store.rename, store.copy):
        with pytest.raises(ProfileNameError):
            act("bob", name)
    with pytest.raises(ProfileError):
        store.write(name, "")
    assert _tree(store.folder) == before
    assert (store.folder.parent / "secret.toml").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name = ", "A profile is TOML, and this is not: "),
        (b"fatcs = []", "A profile has no key 'fatcs'. Did you mean 'facts'?"),
        (b"greeting = 5", "greeting: this is a text, not 5."),
        (b'name = "ann"', "'bad', not 'ann'. Write name = \"bad\""),
        (b"\xff\xfe", "A profile is UTF-8 text, and "),
        pytest.param(
            b"#" * (MAX_FILE + 1), f"A profile has at most {MAX_FILE} bytes, and ", id="longer than allowed"
        ),
        (None, "could not be read: Is a directory."),
    ],
)
def test_a_broken_file_is_reported_and_hides_no_other(
    store: ProfileStore, content: bytes | None, reason: str
) -> None:
    store.save(BOB)
    bad = store.folder / "bad.toml"
    bad.mkdir() if content is None else bad.write_bytes(content)
    listing = store.list()
    assert {stored.profile.name for stored in listing.profiles} == {*BUILTINS, "bob"}
    (broken,) = listing.broken
    assert (broken.name, broken.path) == ("bad", bad)
    assert reason in broken.reason
    assert "bad" in store.names()
    with pytest.raises(ProfileFileError, match="bad.toml"):
        store.load("bad")


def test_a_broken_file_can_be_read_and_written_right_again(store: ProfileStore) -> None:
    store.save(BOB)
    (store.folder / "bob.toml").write_text("greeting = ", encoding="utf-8")
    assert store.read("bob") == "greeting = "
    store.write("bob", 'greeting = "Hi" # mine\n', overwrite=True)
    assert store.read("bob") == 'greeting = "Hi" # mine\n'
    assert store.load("bob") == Profile(name="bob", greeting="Hi")


def test_a_broken_version_of_a_built_in_profile_is_not_passed_over(store: ProfileStore) -> None:
    store.save(Profile(name="gloomy-poet"))
    (store.folder / "gloomy-poet.toml").write_text("x", encoding="utf-8")
    with pytest.raises(ProfileFileError):
        store.load("gloomy-poet")
    assert [broken.name for broken in store.list().broken] == ["gloomy-poet"]


def test_an_invalid_text_is_not_written(store: ProfileStore) -> None:
    store.save(BOB)
    before = _tree(store.folder)
    for text in ("x", "fatcs = 1", 'name = "ann"'):
        with pytest.raises(ProfileError):
            store.write("bob", text, overwrite=True)
    assert _tree(store.folder) == before


def test_files_with_impossible_names_are_reported(store: ProfileStore) -> None:
    store.save(BOB)
    for name in ("my persona.toml", "CON.toml", "Bob.toml", ".hidden.toml", "notes.txt", "bob.card.json"):
        (store.folder / name).write_text("", encoding="utf-8")
    if len(_tree(store.folder)) < 7:
        pytest.skip("this file system sees no case")
    broken = {file.name: file.reason for file in store.list().broken}
    assert set(broken) == {"my persona", "CON", "bob"}
    assert "Try 'my-persona'." in broken["my persona"]
    assert broken["bob"] == "Two names differ in more than case, but there is Bob.toml too. Rename a file."
    with pytest.raises(ProfileExistsError, match=r"bob\.toml\. Rename that file"):
        store.rename("Bob", "bob")
    assert "I am Bob." in (store.folder / "bob.toml").read_text(encoding="utf-8")


def test_a_mark_at_the_beginning_of_the_file_is_no_fault(store: ProfileStore) -> None:
    store.save(BOB)
    store.path("bob").write_bytes(b'\xef\xbb\xbfgreeting = "Hi"\r\n')
    assert store.load("bob") == Profile(name="bob", greeting="Hi")


def test_a_file_name_with_accents_written_apart_is_found(store: ProfileStore) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "e\u0301te\u0301.toml").write_text('name = "été"', encoding="utf-8")
    assert store.load("été") == Profile(name="été")
    store.write("été", 'greeting = "Bonjour."', overwrite=True)
    assert store.load("été") == Profile(name="été", greeting="Bonjour.")


def test_a_rename_keeps_comments_and_takes_the_card_along(store: ProfileStore) -> None:
    store.write("bob", '# mine\nname = "bob"\n')
    (store.folder / "bob.card.png").write_bytes(b"card")
    path = store.rename("BOB", "ann")
    assert path == store.folder / "ann.toml"
    assert _tree(store.folder) == {"ann.toml": b'# mine\nname = "ann"\n', "ann.card.png": b"card"}


def test_a_rename_may_change_the_case_alone(store: ProfileStore) -> None:
    store.save(BOB)
    (store.folder / "bob.card.json").write_bytes(b"card")
    store.rename("bob", "Bob")
    assert sorted(_tree(store.folder)) == ["Bob.card.json", "Bob.toml"]
    assert store.load("bob").name == "Bob"


def test_a_rename_to_a_taken_or_invalid_name_changes_nothing(store: ProfileStore) -> None:
    store.save(BOB)
    store.save(Profile(name="ann"))
    before = _tree(store.folder)
    for name in ("ann", "Ann", "bob", "Gloomy-Poet"):
        with pytest.raises(ProfileExistsError):
            store.rename("bob", name)
    assert _tree(store.folder) == before
    store.path("bob").write_text("x", encoding="utf-8")
    with pytest.raises(ProfileFileError):
        store.rename("bob", "carl")


def test_a_copy_is_independent_and_has_the_card_too(store: ProfileStore) -> None:
    store.write("bob", '# mine\nname = "bob"\n')
    (store.folder / "bob.card.json").write_bytes(b"card")
    store.copy("bob", "ann")
    assert _tree(store.folder) == {
        "bob.toml": b'# mine\nname = "bob"\n',
        "ann.toml": b'# mine\nname = "ann"\n',
        "bob.card.json": b"card",
        "ann.card.json": b"card",
    }
    with pytest.raises(ProfileExistsError):
        store.copy("bob", "ann")


def test_a_built_in_profile_is_copied_under_any_name_its_own_included(store: ProfileStore) -> None:
    original = store.load("gloomy-poet")
    store.copy("gloomy-poet", "my-poet")
    store.copy("gloomy-poet", "gloomy-poet")
    assert store.load("my-poet") == original.changed(name="my-poet")
    assert store.load("gloomy-poet") == original
    assert not store.is_builtin("gloomy-poet")


def test_a_deleted_profile_takes_its_card_along(store: ProfileStore) -> None:
    store.save(BOB)
    (store.folder / "bob.card.charx").write_bytes(b"card")
    (store.folder / "bobby.card.json").write_bytes(b"another's")
    store.delete("Bob")
    assert _tree(store.folder) == {"bobby.card.json": b"another's"}


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(BOB)
    before = _tree(store.folder)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileAccessError) as caught:
        store.save(Profile(name="bob"), overwrite=True)
    assert str(caught.value).startswith(f"{store.folder}")
    assert str(caught.value).endswith(
        "could not be written: No space left on device. Check its rights and the free space."
    )
    assert not [path for path in store.folder.rglob("*") if path.suffix == ".tmp"]
    assert caught.value.exit_code == 1
    assert _tree(store.folder) == before


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileAccessError, match="could not be read: Not a directory"):
        ProfileStore(tmp_path / "file").list()
    with pytest.raises(ProfileAccessError, match="could not be written"):
        ProfileStore(tmp_path / "file" / "below").save(BOB)


@root_may_all
def test_a_folder_without_rights_is_told(store: ProfileStore) -> None:
    store.save(BOB)
    store.folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ProfileAccessError, match="Permission denied"):
            store.save(Profile(name="ann"))
    finally:
        store.folder.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("writes", [0, 1])
def test_a_profile_and_its_card_are_both_written_or_neither_is(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    store.save_with_card(BOB, b"card", "png")
    before = _tree(store.folder)

    def disk(room: int) -> Callable[[int], None]:
        """A disk with room for so many files."""
        left = iter(range(room))

        def fsync(descriptor: int) -> None:
            if next(left, None) is None:
                raise OSError(28, "No space left on device")

        return fsync

    for act in (
        lambda: store.copy("bob", "ann"),
        lambda: store.save_with_card(Profile(name="ann"), b"another", "json"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", disk(writes))
            with pytest.raises(ProfileAccessError, match="No space left on device"):
                act()
        assert _tree(store.folder) == before
        act()
        assert store.card("ann") in (b"card", b"another")
        store.delete("ann")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", disk(writes))
        with pytest.raises(ProfileAccessError, match="No space left on device"):
            versions.rollback(store, "ann", 1)
    assert _tree(store.folder) == before
    versions.rollback(store, "ann", 1)
    assert store.card("ann") == b"card"


def test_a_card_that_somebody_left_behind_is_not_that_of_a_copy(store: ProfileStore) -> None:
    store.save_with_card(BOB, b"card", "png")
    (store.folder / "ann.card.json").write_bytes(b"of a forgotten profile")
    store.copy("bob", "ann")
    assert store.card("ann") == b"card"
    assert not (store.folder / "ann.card.json").exists()


def test_a_card_that_somebody_left_behind_is_not_that_of_a_new_profile(store: ProfileStore) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "bob.card.json").write_bytes(b"of a forgotten profile")
    store.save(BOB)
    assert (store.card("bob"), list(_tree(store.folder))) == (None, ["bob.toml"])


def test_a_new_profile_is_never_there_without_its_card(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[dict[str, bytes]] = []

    def write_new(path: Path, data: bytes) -> None:
        there.append(_tree(store.folder))
        files.write_new(path, data)

    monkeypatch.setattr(module, "write_new", write_new)
    store.save_with_card(BOB, b"card", "png")
    assert there == [{"bob.card.png": b"card"}]


@pytest.mark.parametrize("card", [None, b"card"])
def test_of_two_programs_that_make_one_profile_at_once_one_is_refused(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, card: bytes | None
) -> None:
    def make(greeting: str) -> None:
        profile = Profile(name="bob", greeting=greeting)
        store.save_with_card(profile, greeting.encode(), "json") if card else store.save(profile)

    failed = at_once(monkeypatch, ProfileStore, "check_free", lambda: make("1"), lambda: make("2"))
    assert [type(error) for error in failed if error] == [ProfileExistsError]
    said = store.load("bob").greeting
    assert (said, store.card("bob")) == ("12"[failed.index(None)], said.encode() if card else None)


def test_a_program_that_knows_no_lock_is_not_written_over(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(BOB)
    monkeypatch.setattr(ProfileStore, "check_free", lambda *_, **__: None)  # it was free a moment ago
    with pytest.raises(ProfileExistsError, match="another program has just made .*bob.toml. Choose another"):
        store.save(Profile(name="bob"))
    store.save(Profile(name="ann"))
    with pytest.raises(ProfileExistsError, match="another program has just made .*bob.toml. Choose another"):
        store.rename("ann", "bob")
    assert (store.load("bob"), store.load("ann")) == (BOB, Profile(name="ann"))


def test_of_two_saves_at_once_none_is_lost(store: ProfileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(BOB)
    both = [BOB.changed(greeting=greeting) for greeting in "12"]
    saves = [lambda profile=profile: store.save(profile, overwrite=True) for profile in both]
    assert at_once(monkeypatch, ProfileStore, "_keep", *saves) == [None, None]
    kept = [version.digest for version in versions.versions(store, "bob")]
    assert sorted(kept) == sorted(profile.digest() for profile in (BOB, *both))


def test_of_two_favourites_at_once_none_is_lost(store: ProfileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = [lambda name=name: store.favourites.set(name) for name in ("ann", "bob")]
    assert at_once(monkeypatch, Favourites, "names", *sets) == [None, None]
    assert sorted(store.favourites.names()) == ["ann", "bob"]


def test_a_rename_into_a_name_that_is_being_made_takes_nothing_away(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(BOB)
    renames = [lambda: store.rename("bob", "ann"), lambda: store.save(Profile(name="ann", greeting="new"))]
    failed = at_once(monkeypatch, ProfileStore, "check_free", *renames)
    assert [type(error) for error in failed if error] == [ProfileExistsError]
    left = {"ann": "Hi.\n\x1b[31m"} if failed[1] else {"ann": "new", "bob": "Hi.\n\x1b[31m"}
    assert {name: store.load(name).greeting for name in _names(store)} == left


@pytest.mark.parametrize(
    ("new", "kind", "step"),
    [("ann", module, "write_new"), ("Bob", module, "write_atomically")]
    + [(new, Path, "replace") for new in ("ann", "Bob")]
    + [(new, Favourites, "rename") for new in ("ann", "Bob")]
    + [(new, History, "move") for new in ("ann", "Bob")],
)
def test_a_rename_that_fails_halfway_changes_nothing(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, new: str, kind: Any, step: str
) -> None:
    store.save_with_card(BOB, b"card", "png")
    store.save(BOB.changed(greeting="2"), overwrite=True)
    store.favourites.set("bob")
    before, real = _tree(store.folder), getattr(kind, step)
    digests = [version.digest for version in versions.versions(store, "bob")]
    tries: list[Any] = []

    def full(*arguments: Any) -> Any:
        if step != "replace" or arguments[1].name == f"{new}.card.png":
            tries.append(arguments)
            if len(tries) == 1:
                raise OSError(28, "No space left on device")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(kind, step, full)
        with pytest.raises(ProfileAccessError, match="No space left on device"):
            store.rename("bob", new)
    assert tries
    assert _tree(store.folder) == before
    assert {version.digest for version in versions.versions(store, "bob")} == set(digests)
    store.rename("bob", new)
    assert (store.load(new).greeting, store.card(new), store.names()[0]) == ("2", b"card", new)


def test_a_lock_that_another_program_keeps_is_not_waited_for_for_ever(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(BOB)
    monkeypatch.setattr(files, "WAIT", 0.1)
    with ThreadPoolExecutor() as pool:
        other = FileLock(store.folder / ".lock", thread_local=False)
        pool.submit(other.acquire).result()
        with pytest.raises(ProfileAccessError) as caught:
            store.save(Profile(name="bob"), overwrite=True)
        other.release()
    assert str(caught.value) == (
        f"One program writes at a time, and another one keeps {store.folder / '.lock'} locked. "
        "Nothing was changed. Close the other program, or try again in a moment."
    )
    assert store.load("bob") == BOB


def test_a_file_system_without_locks_is_written_all_the_same(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    store.save(BOB)
    assert store.load("bob") == BOB


def test_a_link_stays_and_what_it_names_is_written(store: ProfileStore, tmp_path: Path) -> None:
    path, elsewhere = store.save(BOB), tmp_path / "elsewhere.toml"
    path.rename(elsewhere).chmod(0o640)
    path.symlink_to(elsewhere)
    store.save(Profile(name="bob"), overwrite=True)
    assert path.readlink() == elsewhere
    assert elsewhere.read_text("utf-8") == 'name = "bob"\n'
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o640


def test_a_file_system_without_hard_links_will_do(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    store.save(BOB)
    assert (store.load("bob"), list(_tree(store.folder))) == (BOB, ["bob.toml"])
