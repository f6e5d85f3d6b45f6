"""From settings to open parts: the one place that builds stores, engine and session for the commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.errors import UnknownNameError, UsageError, near_names
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from chatbot.config import Config
    from chatbot.decoding.sampling import Sampling
    from chatbot.engine import GenerationEngine
    from chatbot.plain.chat import PlainChat
    from chatbot.session import ChatSession
    from profiles import Profile
    from storage import ConversationManager


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


def sampling(config: Config, *profiles: Profile) -> Sampling:
    """The settings of [sampling], with those of a persona over them and what was given by flag over these."""
    from chatbot.decoding.sampling import Sampling
    from chatbot.tuning import of_persona, put_over

    return put_over(Sampling(**asdict(config.sampling)), *map(of_persona, profiles), by_flag(config))


def by_flag(config: Config) -> dict[str, Any]:
    """The settings of [sampling] that were given on the command line."""
    values = asdict(config.sampling).items()
    return {name: value for name, value in values if config.sources.get(f"sampling.{name}") == "flag"}


def dialled(profile: Profile, dials: Sequence[str]) -> Profile:
    """The profile with ATTRIBUTE=ASPECT[:WEIGHT] settings put over its own; ATTRIBUTE=off takes one away."""
    from profiles import Target

    attributes = dict(profile.attributes)
    for dial in dials:
        attribute, equals, value = dial.partition("=")
        if not equals or not attribute.strip() or not value.strip():
            raise UsageError(
                "A dial is ATTRIBUTE=ASPECT[:WEIGHT], such as mind=critical:0.8, or with a strength "
                f"mind=critical:90%; not {dial!r}."
            )
        if value.strip() == "off":
            if attributes.pop(attribute.strip(), None) is None and near_names(attribute.strip(), attributes):
                raise UnknownNameError("dial called", attribute.strip(), attributes)
        else:
            attributes[attribute.strip()] = Target.typed(value.strip())
            profile = profile.without_arc(attribute.strip())
    return profile.changed(attributes=attributes)


def persona(config: Config) -> Profile:
    """The persona or blend that is asked for, by flag or setting."""
    from profiles import ProfileStore, UnknownProfileError, find

    try:
        return find(ProfileStore(config.profiles_folder), config.chat.profile)
    except UnknownProfileError as error:
        if (source := config.sources.get("chat.profile")) == "flag":
            raise
        raise UnknownProfileError(f"{error} (chat.profile in {source})") from error


def open_session(
    config: Config,
    *,
    resume: str | None = None,
    dials: Sequence[str] = (),
    note: str | None = None,
    scenario: str | None = None,
) -> ChatSession:
    """A session ready to talk, its model not yet read.

    With `resume` the persona of the stored conversation speaks on, unless another one was asked for by flag.
    """
    from profiles import Profile
    from storage import ConversationManager

    if resume is not None and config.chat.incognito:
        raise UsageError("An incognito chat opens no stored conversation. Leave out --resume or --incognito.")
    other = config.sources.get("chat.profile") == "flag"
    with ExitStack() as closing:
        manager = closing.enter_context(ConversationManager(config.database))
        if resume is not None and not other:
            profile = Profile.parse(manager.get(resume).profile)
        else:
            profile = persona(config)
        session = session_of(config, manager, dialled(profile, dials))
        session.flagged = [dial.partition("=")[0].strip() for dial in dials]
        if resume is not None:
            asked = session.profile
            session.resume(resume)
            if other or dials:
                session.use(asked)
        if note is not None:
            session.set_note(note)
        if scenario is not None:
            session.set_scenario(scenario)
        closing.pop_all()
    return session


def session_of(config: Config, manager: ConversationManager, profile: Profile) -> ChatSession:
    """A session with this persona as the settings have it, its model not yet read."""
    from chatbot.measures.drift import Rule
    from chatbot.memory.memories import MemoryRules
    from chatbot.session import ChatSession

    kept = config.memory.enabled
    return ChatSession(
        engine=lambda: load_engine(config),
        manager=manager,
        profile=profile,
        sampling=sampling(config),
        presets=config.presets,
        preset=config.chat.preset,
        chosen=by_flag(config),
        user_name=config.chat.user_name,
        user_facts=config.chat.user_facts,
        memory=MemoryRules(notice=kept and not config.chat.incognito, know=kept, recall=config.memory.recall),
        drift_rule=Rule.of(config.measures),
        hold=config.measures.hold,
        model_name=config.model.path,
    )


def chat(
    config: Config,
    resume: str | None,
    dials: Sequence[str],
    *,
    note: str | None = None,
    scenario: str | None = None,
    plain: bool = False,
    inline: bool = False,
    once: str | None = None,
    start_with: str | None = None,
    as_json: bool = False,
) -> int:
    """Open the chat that fits the terminal; the exit code. `start_with` is how the reply of `once` begins."""
    if start_with is not None and once is None:
        raise UsageError("--start-with is for one reply. Give it --once TEXT too.")
    session = open_session(config, resume=resume, dials=dials, note=note, scenario=scenario)
    try:
        on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        plain = plain or os.environ.get("TERM") == "dumb"  # which cannot go back to draw over what it has
        if on_terminal and not plain and once is None and not as_json:
            from chatbot.tui.app import run

            return run(session, config, inline=inline, asked=bool(dials or note or scenario))
        talk = _by_lines(config, session, on_terminal and once is None, as_json)
        if once is not None:
            return talk.once(once, start_with or "")
        return talk.run(partial(typed, "you: ") if talk.interactive else _line)
    finally:
        session.manager.close()


def _by_lines(config: Config, session: ChatSession, interactive: bool, as_json: bool) -> PlainChat:
    from chatbot.plain.chat import PlainChat
    from profiles import ProfileStore

    return PlainChat(
        session,
        ProfileStore(config.profiles_folder),
        out=sys.stdout,
        notes=sys.stderr,
        interactive=interactive,
        measures=config.chat.measures,
        as_json=as_json,
    )


def typed(question: str) -> str:
    """The line that a person types behind the question."""
    with suppress(ImportError):  # where it exists, it gives `input` editing and recall
        import readline  # noqa: F401
    return input(question)


def _line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n").removeprefix("\ufeff")


def batch(config: Config, source: Path, output: Path, batch_size: int) -> int:
    """Reply to every line of `source`, with a progress bar on standard error; the exit code."""
    import typer

    from chatbot import batch
    from profiles import ProfileStore

    with ExitStack() as stack:

        def begin(total: int) -> Callable[[int], None]:
            if not total:
                print(f"There is nothing to reply to in {one_line(str(source))}.", file=sys.stderr)
                return lambda done: None
            bar = typer.progressbar(length=total, label="Replies", file=sys.stderr)
            return stack.enter_context(bar).update

        complete = batch.run(
            source,
            output,
            engine=lambda: load_engine(config),
            profiles=ProfileStore(config.profiles_folder),
            sampling=sampling(config),
            chosen=by_flag(config),
            batch_size=batch_size,
            user_name=config.chat.user_name,
            bad_line=lambda bad: print(f"{source}:{bad.line}: {one_line(bad.reason)}", file=sys.stderr),
            begin=begin,
        )
    return 0 if complete else 1
