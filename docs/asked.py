"""Asks every built-in persona who it is, and for its facts in the middle of a chat; counts right answers.

    python docs/asked.py

The questions stand in FIRST and in docs/asked.toml. Before the first ones comes the greeting, before the
others also the first two exchanges of docs/transcripts.md; the weights are those of the profile, the settings
those that ship, the seeds 1000 and up. Asked once as it ships and once with `sampling.fact_bonus` 0.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from chatbot import config
from chatbot.cli import start
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.model.text import Turn
from chatbot.model.words import new_words
from chatbot.scene import Sight, scene
from profiles import Profile, ProfileStore
from storage import ConversationManager

HERE = Path(__file__).parent
LINES = 5  # the greeting and two exchanges
FIRST = {  # question -> what of a persona a right answer has
    "who are you?": ("who", "name"),
    "what is your name?": ("name",),
    "hi, what's your name": ("name",),
    "how old are you?": ("age",),
    "tell me about yourself": ("facts",),
    "are you a robot?": ("no",),
}


def main() -> None:
    settings = config.Config()
    engine, sampling = start.load_engine(settings), start.sampling(settings)
    store = ProfileStore(settings.profiles_folder)
    questions = tomllib.loads((HERE / "asked.toml").read_text("utf-8"))
    first = questions.pop("first")
    for bonus in (sampling.fact_bonus, 0.0):
        ways = replace(sampling, fact_bonus=bonus)
        for when, asked in (("first", first), ("in the middle", questions)):
            right: list[bool] = []
            for name, answers in asked.items():
                profile, before = store.load(name), talk(name)
                if when == "first":
                    facts = [word for fact in profile.facts for word in new_words(fact, "")]
                    known = {"no": ["no"], "facts": facts, **answers}
                    answers = {
                        q: [word for part in parts for word in known[part]] for q, parts in FIRST.items()
                    }
                    before = before[:1]
                right += answered(engine, profile, before[:LINES], answers.items(), ways)
            share = sum(right) / len(right)
            sys.stdout.write(
                f"fact_bonus {bonus}, {when}: {sum(right)} of {len(right)} right ({share:.0%})\n"
            )
            sys.stdout.flush()


def answered(
    engine: GenerationEngine,
    profile: Profile,
    before: Sequence[Turn],
    asked: Iterable[tuple[str, Sequence[str]]],
    sampling: Sampling,
) -> list[bool]:
    """Whether each question, asked after the turns `before`, is answered with a word that begins rightly."""
    right = []
    for seed, (question, answers) in enumerate(asked, 1000):
        with ConversationManager(None) as manager:
            talk = manager.create(profile_name=profile.name, profile={}, model="").id
            for turn in (*before, Turn("user", question)):
                manager.add_message(talk, role=turn.role, text=turn.text)
            path = manager.path(talk)
        seen = scene(profile, path, Sight(engine.context_budget, engine.answering))
        reply = engine.reply(seen.context, profile.attributes, replace(sampling, seed=seed))
        right.append(bool(re.search(rf"\b(?:{'|'.join(answers)})", reply.text, re.IGNORECASE)))
    return right


def talk(name: str) -> list[Turn]:
    """The lines of a persona's chat in docs/transcripts.md."""
    page = (HERE / "transcripts.md").read_text("utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^> \*\*(.+?):\*\* (.*?) *$", page, re.MULTILINE)
    return [Turn("user" if speaker == "you" else "bot", line) for speaker, line in lines]


if __name__ == "__main__":
    main()
