"""Asks every built-in persona for its facts in the middle of a chat, and counts the right answers.

    python docs/asked.py

The questions stand in docs/asked.toml. Before each come the greeting and the first two exchanges of
docs/transcripts.md; the weights are those of the profile, the settings those that ship, the seeds 1000 and
up. Asked once as it ships and once with `sampling.fact_bonus` 0.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from chatbot import config, persona
from chatbot.cli import start
from chatbot.model.text import Context, Turn
from profiles import ProfileStore

HERE = Path(__file__).parent
LINES = 5  # the greeting and two exchanges


def main() -> None:
    settings = config.load()
    engine, sampling = start.load_engine(settings), start.sampling(settings)
    store = ProfileStore(settings.profiles_folder)
    for bonus in (sampling.fact_bonus, 0.0):
        right = []
        for name, questions in tomllib.loads((HERE / "asked.toml").read_text("utf-8")).items():
            profile, before = store.load(name), talk(name)[:LINES]
            for seed, (question, answers) in enumerate(questions.items(), 1000):
                ways = replace(sampling, fact_bonus=bonus, seed=seed)
                context = Context(persona.facts(profile, ""), (*before, Turn("user", question)))
                reply = engine.reply(context, profile.attributes, ways)
                right.append(bool(re.search(rf"\b(?:{'|'.join(answers)})", reply.text, re.IGNORECASE)))
        share = sum(right) / len(right)
        sys.stdout.write(f"fact_bonus {bonus}: {sum(right)} of {len(right)} right ({share:.0%})\n")
        sys.stdout.flush()


def talk(name: str) -> list[Turn]:
    """The lines of a persona's chat in docs/transcripts.md."""
    page = (HERE / "transcripts.md").read_text("utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^> \*\*(.+?):\*\* (.*?) *$", page, re.MULTILINE)
    return [Turn("user" if speaker == "you" else "bot", line) for speaker, line in lines]


if __name__ == "__main__":
    main()
