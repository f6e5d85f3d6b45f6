"""A session on real storage whose engine speaks fixed lines, for the tests of the terminal interface."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from textual.pilot import Pilot

from chatbot.decoding.sampling import Sampling
from chatbot.errors import UnknownNameError
from chatbot.session import ChatSession
from chatbot.tui.app import ChatApp
from profiles.profile import Profile
from storage.conversations import ConversationManager

ATTRIBUTES = {
    "style": ("lyrical", "plain"),
    "attitude": ("optimistic", "pessimistic"),
    "mind": ("critical", "emotional"),
    "openness": ("high", "low"),
    "conscientiousness": ("high", "low"),
    "extraversion": ("high", "low"),
    "agreeableness": ("high", "low"),
    "neuroticism": ("high", "low"),
}
LINES = (
    "Keys go where the light goes. I have stopped looking for either.",
    "The rain keeps them now, and it gives nothing back.",
    "Sit down a while. Doors open for those who no longer need them.",
)


class ScriptedEngine:
    """Says LINES one after the other, word by word. `gate` holds back every word while it is clear."""

    name, digest, context_budget = "scripted", "0" * 16, 512

    def __init__(self) -> None:
        self.attributes = ATTRIBUTES
        self.gate = threading.Event()
        self.gate.set()
        self.words_before_gate = 0
        self.error: Exception | None = None
        self.asked: list[dict[str, Any]] = []
        self.lines: list[str] = list(LINES)

    def check(self, targets: Mapping[str, Any]) -> None:
        for name, target in targets.items():
            if name not in self.attributes:
                raise UnknownNameError("attribute", name, self.attributes)
            for aspect in target.aspects:
                if aspect not in self.attributes[name]:
                    raise UnknownNameError("aspect", aspect, self.attributes[name])

    def answering(self, message: str, facts: Any) -> dict[int, float]:
        return {}

    def length(self, fact: str) -> int:
        return len(fact.split())

    def stream(
        self, context: Any, targets: Mapping[str, Any], sampling: Any, *, prefix: str = ""
    ) -> Iterator[Any]:
        if self.error:
            raise self.error
        line = self.lines[len(self.asked) % len(self.lines)]
        line = f"{prefix} {line}" if prefix else line
        self.asked.append({"context": context, "targets": dict(targets)})
        for number, word in enumerate(line.split(" ")):
            if number >= self.words_before_gate:
                self.gate.wait(60)
            yield word if number == 0 else f" {word}"
        yield SimpleNamespace(text=line, trace=trace(targets))

    def replies(self, contexts: Any, targets: Any, sampling: Any) -> list[Any]:
        self.gate.wait(60)
        self.asked.append({"context": contexts[0], "targets": dict(targets[0])})
        return [SimpleNamespace(text=f"I hear you, {len(self.asked)}.")]

    def window(self, context: Any) -> Any:
        """Ten tokens a turn."""
        used = 10 * len(context.turns)
        return SimpleNamespace(context=context, used=used, total=144)


def trace(targets: Mapping[str, Any]) -> dict[str, Any]:
    """What an engine measures: 0.97, 0.94, ... for what was asked, the rest for the other aspect."""
    measured = {}
    for number, (name, target) in enumerate(targets.items()):
        asked = max(target.aspects, key=lambda aspect: target.aspects[aspect])
        share = (0.97, 0.91, 0.55, 0.32)[number % 4]
        measured[name] = {a: share if a == asked else round(1 - share, 2) for a in ATTRIBUTES[name]}
    asked = {name: {"aspects": dict(t.aspects), "weight": t.weight} for name, t in targets.items()}
    return {"seed": 1, "flow": "moved", "targets": asked, "measured": measured, "finish": "end"}


POET = Profile.parse(
    {
        "name": "gloomy-poet",
        "description": "Writes at night, above a closed bookshop, and expects rain.",
        "facts": ["I live above a closed bookshop."],
        "greeting": "You are late. So is the spring.",
        "attributes": {
            "style": {"aspect": "lyrical", "weight": 1.0},
            "attitude": {"aspect": "pessimistic", "weight": 1.2},
            "mind": {"aspects": {"emotional": 0.8, "critical": 0.2}, "weight": 0.7},
        },
    }
)


def open_session(
    path: Path | None = None, *, engine: Any = None, profile: Profile = POET
) -> tuple[ChatSession, ScriptedEngine]:
    """A session on the database at `path` (None: in memory). `engine` may be a function that gives one."""
    scripted = ScriptedEngine()
    session = ChatSession(
        engine=cast(Any, engine or (lambda: scripted)),
        manager=ConversationManager(path),
        profile=profile,
        sampling=Sampling(),
        model_name="scripted",
    )
    return session, scripted


class WatchedApp(ChatApp):
    """The application with every notice kept: on the screen they go after some seconds."""

    def __init__(self, session: ChatSession, **options: Any) -> None:
        super().__init__(session, model="scripted", animations=False, **options)
        self.notices: list[str] = []

    def notify(self, message: str, **options: Any) -> None:
        self.notices.append(message)
        super().notify(message, **options)

    @property
    def texts(self) -> list[str]:
        """What stands in the conversation, message by message."""
        return [str(view.render()) for view in self.chat.conversation.views]


Opened = tuple[WatchedApp, ChatSession, ScriptedEngine]


async def until(pilot: Pilot[Any], holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `holds()` is true; fail after `seconds`."""
    for _ in range(int(seconds / 0.02)):
        await pilot.pause(0.02)
        if holds():
            await pilot.pause()
            return
    raise AssertionError(f"never came true: {holds}")


async def ready(pilot: Pilot[Any]) -> None:
    """Wait until the model is loaded and shown."""
    chat = cast(ChatApp, pilot.app).chat
    await until(pilot, lambda: chat.session.loaded and not chat.query_one("#loading").display)


def deleted_elsewhere(session: ChatSession) -> None:
    """Another program deletes the conversation that is open."""
    with ConversationManager(session.manager.path_of_database) as elsewhere:
        elsewhere.delete(elsewhere.get("last").id)


async def half_said(pilot: Pilot[Any], engine: ScriptedEngine, words: int) -> None:
    """Say hi, and wait until so many words of the reply stand there; the gate holds back the rest."""
    engine.words_before_gate = words
    engine.gate.clear()
    await pilot.press(*"hi", "enter")
    begun = " ".join(LINES[0].split()[:words])
    await until(pilot, lambda: cast(WatchedApp, pilot.app).texts[-1].endswith(f"{begun}▍"))


async def say(pilot: Pilot[Any], text: str) -> None:
    """Send `text` and wait for the whole reply."""
    chat = cast(ChatApp, pilot.app).chat
    chat.composer.focus()
    chat.composer.put(text)
    await pilot.press("enter")
    await until(pilot, lambda: not chat.composer.text and chat.turn is None)
