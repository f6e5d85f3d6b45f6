"""What `chatbot duet` and `chatbot sweep` do: open the parts, and print what is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chatbot.cli import printing, start
from chatbot.errors import UsageError
from chatbot.terminal import clean

if TYPE_CHECKING:
    from chatbot.config import Config


def duet(config: Config, names: tuple[str, str], *, turns: int, topic: str, as_json: bool) -> None:
    """Print each line of a duet when it is stored. Ctrl+C passes through."""
    from chatbot import duet
    from chatbot.conversing import Conversing
    from profiles import ProfileStore, find
    from storage import ConversationManager

    duet.check(turns)
    topic = Conversing.checked(topic) if topic.strip() else ""
    store = ProfileStore(config.profiles_folder)
    pair = find(store, names[0]), find(store, names[1])
    with ConversationManager(config.database) as manager:
        engine = start.load_engine(config)
        rules, chosen = start.sampling(config), start.by_flag(config)
        lines = duet.duet(engine, manager, pair, rules, turns=turns, topic=topic, chosen=chosen)
        for name, message in lines:
            if as_json:
                fields = {"id": message.id, "conversation": message.conversation_id, "speaker": name}
                print(json.dumps({**fields, "text": message.text, "trace": message.generation}), flush=True)
            else:
                print(clean(f"{name}: {message.text}"), flush=True)


def sweep(
    config: Config,
    text: str,
    *,
    dial: str | None,
    values: str | None,
    names: str | None,
    as_json: bool,
) -> None:
    """Print the replies to one message side by side; nothing is stored."""
    from chatbot.measures import sweep
    from profiles import Profile, ProfileStore, find
    from storage import ConversationManager

    if (names is None) == (dial is None and values is None) or (dial is None) != (values is None):
        raise UsageError("Compare strengths with --dial and --strengths, or personas with --profiles.")
    if names is not None and config.sources.get("chat.profile") == "flag":
        raise UsageError("All who reply are named with --profiles. Leave out --profile.")
    store = ProfileStore(config.profiles_folder)
    # Several answer where nobody has greeted.
    asked = start.persona(config) if names is None else Profile(name="nobody")
    with ConversationManager(None) as manager:
        session = start.session_of(config, manager, asked)
        if names is not None:
            settings = sweep.personas([find(store, name) for name in _named(names)])
        else:
            chosen = [value.strip() for value in (values or "").split(",")]
            settings = sweep.strengths(session, dial or "", chosen)
        session.ask(text)
        outcomes = sweep.sweep(session, settings)
    if as_json:
        print(printing.as_json([sweep.as_fields(outcome) for outcome in outcomes]))
    else:
        print(sweep.table(outcomes, sweep.width_shown()))


def _named(names: str) -> list[str]:
    """The names of those who are to reply, which commas separate; a blend has commas of its own, and beside
    one it is semicolons."""
    if ":" in names and ";" not in names:
        raise UsageError("Beside a blend, semicolons separate the names: 'ann:0.2,bea:0.8; cy'.")
    return [name.strip() for name in names.split(";" if ";" in names else ",")]
