"""From settings to open parts: the one place that builds stores, engine and session for the commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.errors import UsageError
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from chatbot.config import Config
    from chatbot.engine import GenerationEngine
    from chatbot.sampling import Sampling
    from chatbot.session import ChatSession
    from profiles import Profile


def load_engine(config: Config) -> GenerationEngine:
    """Read the model from its folder; seconds, most of them for torch."""
    from chatbot.engine import GenerationEngine
    from chatbot.flow import FlowOptions

    return GenerationEngine.load(
        config.model_folder,
        device=config.model.device,
        dtype=config.model.dtype,
        flow=FlowOptions(**asdict(config.flow)),
    )


def sampling(config: Config) -> Sampling:
    from chatbot.sampling import Sampling

    seed = config.sampling.seed
    return Sampling(**{**asdict(config.sampling), "seed": None if seed == -1 else seed})


def dialled(profile: Profile, dials: Sequence[str]) -> Profile:
    """The profile with ATTRIBUTE=ASPECT[:WEIGHT] settings put over its own; ATTRIBUTE=off takes one away."""
    from profiles import Target

    attributes = dict(profile.attributes)
    for dial in dials:
        attribute, equals, value = dial.partition("=")
        if not equals or not attribute.strip() or not value.strip():
            raise UsageError(f"A dial is ATTRIBUTE=ASPECT[:WEIGHT], such as mind=critical:0.8; not {dial!r}.")
        if value.strip() == "off":
            attributes.pop(attribute.strip(), None)
        else:
            attributes[attribute.strip()] = Target.parse(value.strip())
    return profile.changed(attributes=attributes)


def open_session(config: Config, *, resume: str | None = None, dials: Sequence[str] = ()) -> ChatSession:
    """A session ready to talk, its model not yet read.

    With `resume` the persona of the stored conversation speaks on, unless another one was asked for by flag.
    """
    from chatbot.drift import Rule
    from chatbot.memory import MemoryRules
    from chatbot.session import ChatSession
    from profiles import Profile, ProfileStore, find
    from storage import ConversationManager

    if resume is not None and config.chat.incognito:
        raise UsageError("An incognito chat opens no stored conversation. Leave out --resume or --incognito.")
    manager = ConversationManager(config.database)
    other = config.sources.get("chat.profile") == "flag"
    if resume is not None and not other:
        profile = Profile.parse(manager.get(resume).profile)
    else:
        profile = find(ProfileStore(config.profiles_folder), config.chat.profile)
    session = ChatSession(
        engine=lambda: load_engine(config),
        manager=manager,
        profile=dialled(profile, dials),
        sampling=sampling(config),
        user_name=config.chat.user_name,
        model_name=config.model.path,
    )
    kept = config.memory.enabled
    session.memory = MemoryRules(
        notice=kept and not config.chat.incognito, know=kept, recall=config.memory.recall
    )
    session.user_facts = tuple(config.chat.user_facts)
    session.drift_rule, session.hold = Rule.of(config.measures), config.measures.hold
    if resume is not None:
        asked = session.profile
        session.resume(resume)
        if other or dials:
            session.use(asked)
    return session


def chat(
    config: Config,
    resume: str | None,
    dials: Sequence[str],
    *,
    plain: bool = False,
    inline: bool = False,
    once: str | None = None,
    as_json: bool = False,
) -> int:
    """Open the chat that fits the terminal; the exit code."""
    session = open_session(config, resume=resume, dials=dials)
    try:
        on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        if on_terminal and not plain and once is None and not as_json:
            from chatbot.tui.app import run

            run(session, config, inline=inline)
            return 0
        return _chat_by_lines(config, session, once, on_terminal, as_json)
    finally:
        session.manager.close()


def _chat_by_lines(
    config: Config, session: ChatSession, once: str | None, on_terminal: bool, as_json: bool
) -> int:
    from chatbot.plain import PlainChat
    from profiles import ProfileStore

    talk = PlainChat(
        session,
        ProfileStore(config.profiles_folder),
        out=sys.stdout,
        notes=sys.stderr,
        interactive=on_terminal and once is None,
        measures=config.chat.measures,
        as_json=as_json,
    )
    if once is not None:
        return talk.once(once)
    return talk.run(_prompt if talk.interactive else _line)


def _prompt() -> str:
    with suppress(ImportError):  # where it exists, it gives `input` editing and recall
        import readline  # noqa: F401
    return input("you: ")


def _line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def batch(config: Config, source: Path, output: Path, batch_size: int) -> int:
    """Reply to every line of `source`, with a progress bar on standard error; the exit code."""
    import typer

    from chatbot import batch
    from profiles import ProfileStore

    with ExitStack() as stack:

        def begin(total: int) -> Callable[[int], None]:
            bar = typer.progressbar(length=total, label="Replies", file=sys.stderr)
            return stack.enter_context(bar).update

        complete = batch.run(
            source,
            output,
            engine=load_engine(config),
            profiles=ProfileStore(config.profiles_folder),
            sampling=sampling(config),
            batch_size=batch_size,
            user_name=config.chat.user_name,
            bad_line=lambda bad: print(f"{source}:{bad.line}: {one_line(bad.reason)}", file=sys.stderr),
            begin=begin,
        )
    return 0 if complete else 1
