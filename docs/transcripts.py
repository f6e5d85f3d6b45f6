"""Writes docs/transcripts.md: a chat of twelve turns with every built-in persona, unedited.

    python docs/transcripts.py

What is said to a persona stands in docs/transcripts/NAME.txt, what a reader found wrong with the answers in
docs/transcripts/notes.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from chatbot import config
from chatbot.cli import start
from chatbot.events import ReplyFinished
from chatbot.session import ChatSession
from profiles import ProfileStore
from storage import ConversationManager

HERE = Path(__file__).parent
SEED = 7

HEAD = f"""# Transcripts

One chat of twelve turns with each built-in persona on the embedded model, unedited: what the user says was
written before, the replies are what came, with seed {SEED} and the settings that ship. Below each chat stands
what a reader finds wrong with it. `python docs/transcripts.py` writes this page again; with the same model,
program and processor the replies are the same.
"""


def main() -> None:
    settings = config.load({"chat.incognito": True, "sampling.seed": SEED})
    engine = start.load_engine(settings)
    notes = tomllib.loads((HERE / "transcripts" / "notes.toml").read_text("utf-8"))
    parts = [HEAD]
    for path in sorted((HERE / "transcripts").glob("*.txt")):
        parts.append(
            f"## {path.stem}\n\n{chat(engine, settings, path)}\n\n**What is wrong.** {notes[path.stem]}\n"
        )
    (HERE / "transcripts.md").write_text("\n".join(parts), "utf-8")


def chat(engine: object, settings: config.Config, path: Path) -> str:
    """The whole chat as a Markdown quotation."""
    with ConversationManager(None) as manager:
        session = ChatSession(
            engine=lambda: engine,  # type: ignore[arg-type, return-value]
            manager=manager,
            profile=ProfileStore(settings.profiles_folder).load(path.stem),
            sampling=start.sampling(settings),
        )
        lines = [f"> **{path.stem}:** {session.messages()[0].text}"]
        for said in path.read_text("utf-8").splitlines():
            lines.append(f"> **you:** {said}")
            finished = [event for event in session.reply(said) if isinstance(event, ReplyFinished)]
            lines.append(f"> **{path.stem}:** {finished[0].message.text}")
    return "  \n".join(lines)


if __name__ == "__main__":
    main()
