"""Drafts and tabs: kept over a restart, gone with their conversation, never written by a chat in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import ConversationManager, Tabs, UnknownConversationError

SECRET = "the cellar door is unlocked"


def begun(manager: ConversationManager) -> str:
    return manager.create(profile_name="poet", profile={}, model="").id


def test_drafts_outlive_the_program(tmp_path: Path) -> None:
    with ConversationManager(tmp_path / "chats.db") as manager:
        one, two = begun(manager), begun(manager)
        assert (manager.draft(one), manager.draft(7)) == ("", "")
        manager.save_draft(one, "first")
        manager.save_draft(one, " I was\n about to\ud800 ")
        manager.save_draft(two, "gone")
        manager.save_draft(two, " \n")
        manager.save_draft(7, "hello")
        manager.save_draft(7, "hello there")
        manager.save_draft(9, "another")
    with ConversationManager(tmp_path / "chats.db") as manager:
        assert manager.waiting() == [7, 9]
        assert [manager.draft(which) for which in (one, two, 7)] == [
            " I was\n about to\ufffd ",
            "",
            "hello there",
        ]


def test_a_draft_goes_with_its_conversation_for_good(tmp_path: Path) -> None:
    with ConversationManager(tmp_path / "chats.db") as manager:
        one = begun(manager)
        manager.save_draft(one, SECRET)
        manager.save_tabs([one], one)
        assert SECRET.encode() in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        manager.delete(one)
        assert SECRET.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert manager.tabs() == Tabs()
        assert manager.draft(one) == ""
        with pytest.raises(UnknownConversationError):
            manager.save_draft(one, "too late")


def test_tabs_outlive_the_program_in_their_order(tmp_path: Path) -> None:
    with ConversationManager(tmp_path / "chats.db") as manager:
        one, two, three = begun(manager), begun(manager), begun(manager)
        assert manager.save_tabs([three, one, three, "gone0000"], one) == Tabs((three, one), one)
        assert manager.save_tabs([two, three, one]) == Tabs((two, three, one), None)
        manager.save_tabs([two, three, one], three)
    with ConversationManager(tmp_path / "chats.db") as manager:
        assert manager.tabs() == Tabs((two, three, one), three)
        manager.delete(three)
        assert manager.tabs() == Tabs((two, one), None)
        manager.save_draft(two, "wait")
        manager.delete(two)
        assert manager.draft(manager.undelete().id) == "wait"
        manager.save_tabs([two, one])
        assert manager.save_tabs([]) == Tabs()


def test_nothing_of_a_chat_in_memory_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ConversationManager(None) as manager:
        one = begun(manager)
        manager.save_draft(one, SECRET)
        manager.save_tabs([one], one)
        assert (manager.draft(one), manager.tabs()) == (SECRET, Tabs((one,), one))
    assert list(tmp_path.iterdir()) == []
    with ConversationManager(None) as manager:
        assert manager.tabs() == Tabs()
