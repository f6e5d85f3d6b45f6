"""What every test gets: a home of its own, no network."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from storage import ConversationManager
    from tui_scripted import Opened

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core: torch must not start more


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes name a test by their length: every process must name it alike, and bytes may hold the time."""
    return f"{argname}-of-{len(val)}" if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no test can read or touch the settings, profiles and conversations of a person."""
    folder = tmp_path_factory.mktemp("home")
    for variable in [name for name in os.environ if name.startswith("CHATBOT_")]:
        monkeypatch.delenv(variable)
    for variable, place in (("HOME", ""), ("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")):
        monkeypatch.setenv(variable, str(folder / place))
    monkeypatch.setenv("COLORTERM", "truecolor")  # wherever the tests run, screens are drawn alike
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test tried to reach {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are told in UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def manager() -> Iterator[ConversationManager]:
    """A store of conversations in memory."""
    from storage import ConversationManager  # sqlalchemy comes with it

    with ConversationManager(None) as manager:
        yield manager


@pytest.fixture
def kept() -> Iterator[ConversationManager]:
    """The store that the commands use."""
    from chatbot import config
    from storage import ConversationManager

    with ConversationManager(config.load().database) as manager:
        yield manager


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """The terminal interface over a fresh database and an engine of fixed lines; for tests/test_tui_*."""
    from tui_scripted import WatchedApp, open_session  # Textual comes with it

    session, engine = open_session(tmp_path / "chat.db")
    yield WatchedApp(session), session, engine
    session.manager.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model`, `work`, `corpus` and `base`: the tiny model, trained once for the whole run."""
    import tiny  # torch and transformers come with it

    folder = tmp_path_factory.mktemp("tiny")
    tiny.train(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(trained: Path) -> Path:
    """The tiny model's folder."""
    return trained / "model"
