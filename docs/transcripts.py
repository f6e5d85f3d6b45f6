"""Writes docs/transcripts.md: a chat of twelve turns with every built-in persona, unedited.

    python docs/transcripts.py

What is said to a persona stands in docs/transcripts/NAME.txt, what a reader found wrong with the answers in
docs/transcripts/notes.toml.
"""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

from chatbot import config
from chatbot.cli import start
from chatbot.events import ReplyFinished
from chatbot.model.text import Turn
from chatbot.model.words import telling_words, words
from chatbot.session import ChatSession
from chatbot.settings import SamplingConfig
from profiles import ProfileStore
from storage import ConversationManager

HERE = Path(__file__).parent
SEED = 7

HEAD = """# Transcripts

One chat of twelve turns with each built-in persona on the embedded model, unedited: what the user says was
written before, the replies are what came, with seed {seed} and the settings that ship. Below each chat stands
what a reader finds wrong with it. `python docs/transcripts.py` writes this page again; with the same model,
program and processor the replies are the same.

Of the words that tell something in a reply, {worn:.0%} had come in an earlier reply of the same chat (words
of its facts and of the line that it answers do not count).
"""


def main() -> None:
    settings = config.Config(sampling=SamplingConfig(seed=SEED))
    engine = start.load_engine(settings)
    notes = tomllib.loads((HERE / "transcripts" / "notes.toml").read_text("utf-8"))
    parts: list[str] = []
    again: list[bool] = []
    for path in sorted((HERE / "transcripts").glob("*.txt")):
        talk, facts = chat(engine, settings, path)
        again += repeated(facts, talk)
        names = {"bot": path.stem, "user": "you"}
        lines = "  \n".join(f"> **{names[turn.role]}:** {turn.text}" for turn in talk)
        parts.append(f"## {path.stem}\n\n{lines}\n\n**What is wrong.** {notes[path.stem]}\n")
    head = HEAD.format(seed=SEED, worn=sum(again) / len(again))
    (HERE / "transcripts.md").write_text("\n".join([head, *parts]), "utf-8")


def chat(engine: object, settings: config.Config, path: Path) -> tuple[list[Turn], tuple[str, ...]]:
    """The turns of the whole chat, the persona's greeting first, and the persona's facts."""
    profile = ProfileStore(settings.profiles_folder).load(path.stem)
    with ConversationManager(None) as manager:
        session = ChatSession(
            engine=lambda: engine,  # type: ignore[arg-type, return-value]
            manager=manager,
            profile=profile,
            sampling=start.sampling(settings),
        )
        talk = [Turn("bot", session.messages()[0].text)]
        for said in path.read_text("utf-8").splitlines():
            finished = [event for event in session.reply(said) if isinstance(event, ReplyFinished)]
            talk += [Turn("user", said), Turn("bot", finished[0].message.text)]
    return talk, profile.facts


def repeated(facts: tuple[str, ...], talk: list[Turn]) -> list[bool]:
    """For each telling word of the replies whether an earlier one had it; less words that are free to come
    again."""
    again: list[bool] = []
    own, said = {word for fact in facts for word in words(fact)}, set(telling_words(talk[0].text))
    for before, turn in itertools.pairwise(talk):
        told = list(telling_words(turn.text))
        if turn.role == "bot":
            free = own | set(words(before.text))
            again += [word in said for word in told if word not in free]
            said.update(told)
    return again


if __name__ == "__main__":
    main()
