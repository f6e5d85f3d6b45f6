"""Drift in the terminal interface: a curve in the top bar while measures are shown, one notice."""

from __future__ import annotations

from pathlib import Path

from chatbot.measures.drift import Rule
from tui_scripted import WatchedApp, open_session, ready, say

WARNING = (
    "The persona drifts: 0.12 over the last 2 replies, most of it in mind (0.25). "
    "Turn that dial up, or set measures.hold = true."
)


async def test_the_curve_and_one_notice(tmp_path: Path) -> None:
    session, _ = open_session(tmp_path / "chat.db")  # every reply is 0.03, 0.09 and 0.25 from what was asked
    session.drift_rule = Rule(threshold=0.1, window=2)
    app = WatchedApp(session)

    def curve() -> str:
        return str(app.chat.query_one("#drift").render()).rstrip()

    async with app.run_test(size=(120, 30)) as pilot:
        await ready(pilot)
        await say(pilot, "one")
        assert (curve(), app.notices) == ("", [])
        await say(pilot, "two")
        assert (curve(), app.notices) == ("drift ▁▁ 0.12", [WARNING])
        await pilot.press("f3")
        await pilot.pause()
        assert curve() == ""
        await say(pilot, "three")
        assert (curve(), app.notices) == ("", [WARNING])
        await pilot.press("f3")
        await pilot.pause()
        assert curve() == "drift ▁▁▁ 0.12"
    session.manager.close()
