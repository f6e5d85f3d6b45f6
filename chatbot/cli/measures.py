"""What was measured: `message why` and `replay`, `conversation drift`, `profile test`, `quiz` and `infer`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.cli import options, stored
from chatbot.cli.message import Number
from chatbot.cli.printing import as_json as json_of
from chatbot.cli.profile import Name
from chatbot.terminal import one_line

if TYPE_CHECKING:
    from chatbot.config import Config
    from profiles import Profile

Runs = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed, the same figures.")]


def register(message: typer.Typer, conversation: typer.Typer, profile: typer.Typer) -> None:
    """Put the commands under their groups."""
    message.command()(why)
    message.command()(replay)
    conversation.command()(drift)
    profile.command("test")(check)
    profile.command()(quiz)
    profile.command()(infer)


def why(number: Number, as_json: options.AsJson = False) -> None:
    """Say how a reply came about: what was asked, what was measured, the flow, the seed, the times."""
    from chatbot.measures import why as reasons

    with stored.open_manager() as manager:
        message = reasons.reply(manager, number)
    print(json_of(reasons.fields(message)) if as_json else reasons.told(message))


def replay(
    number: Number,
    model: options.Model = None,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Find a reply again from the same messages, targets and seed.

    Exit code 0: the same text. 1: another one; then it says what is not as it was, and shows both.
    """
    from chatbot.cli import start
    from chatbot.measures import replay as replays

    settings = stored.settings(options.flags(model, device))
    with stored.open_manager(settings) as manager:
        then = replays.recorded(manager, number)  # a mistake in the number need not wait for the model
        found = replays.replay(
            manager,
            then,
            start.load_engine(settings),
            user_name=settings.chat.user_name,
            user_facts=settings.chat.user_facts,
        )
    print(json_of(replays.as_fields(found)) if as_json else replays.told(found))
    raise typer.Exit(0 if found.same else 1)


def drift(
    reference: options.Reference,
    plain: Annotated[bool, typer.Option("--plain", help="Words in place of the curve.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show how far each reply strayed from what was asked: 0 is as asked, 1 the opposite."""
    from chatbot.cli import drift_table

    settings = stored.settings()
    with stored.open_manager(settings) as manager:
        conversation = manager.get(reference)
        found = drift_table.of_path(manager.path(conversation.id), settings.measures)
    table = drift_table.told(conversation, found, plain=plain)
    print(json_of(drift_table.as_fields(conversation, found)) if as_json else table)


def check(
    name: Name,
    replies: Annotated[int, typer.Option("--replies", metavar="N", min=1, help="To each message.")] = 2,
    band: Annotated[
        float, typer.Option("--band", min=0.0, max=1.0, metavar="P", help="The least that passes.")
    ] = 0.7,
    seed: Runs = 1,
    model: options.Model = None,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Put 36 everyday messages to a persona and measure whether its replies are as asked.

    Exit code 1 when an attribute is out of its band. The measure is the model's own.
    """
    from chatbot.cli import start
    from chatbot.measures import probe

    settings = stored.settings(options.flags(model, device))
    persona = _persona(settings, name)
    probe.targets(persona)  # nothing to test need not wait for the model
    engine = start.load_engine(settings)
    with typer.progressbar(length=len(probe.messages()) * replies, label="Replies", file=sys.stderr) as bar:
        report = probe.run(
            engine,
            persona,
            start.sampling(settings, persona),
            replies=replies,
            seed=seed,
            band=band,
            advance=bar.update,
        )
    print(json_of(probe.as_fields(report)) if as_json else probe.told(report))
    raise typer.Exit(0 if report.passed else 1)


def quiz(
    name: Name,
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, help="For each question.")] = 4,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Also draw the scores as a picture.")
    ] = None,
    seed: Runs = 1,
    model: options.Model = None,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Score a persona on the Big Five by 50 statements: how much likelier it says each than its opposite."""
    from chatbot.cli import start
    from chatbot.config import expanded
    from chatbot.measures import quiz as quizzes
    from chatbot.measures import radar

    if png is not None:
        png = expanded(png)
        radar.check(png)
    settings = stored.settings(options.flags(model, device))
    persona = _persona(settings, name)
    engine = start.load_engine(settings)
    with typer.progressbar(length=quizzes.READINGS * samples, label="Readings", file=sys.stderr) as bar:
        result = quizzes.run(engine, persona, samples=samples, seed=seed, advance=bar.update)
    print(json_of(quizzes.as_fields(result)) if as_json else quizzes.told(result))
    if png is not None:
        radar.draw(result, png)
        print(f"Drawn to {one_line(str(png))}", file=sys.stderr)


def infer(
    facts: Annotated[
        list[str] | None,
        typer.Option("--fact", metavar="TEXT", help="Something about the persona; repeatable."),
    ] = None,
    text: Annotated[
        Path | None,
        typer.Option("--text", metavar="FILE", help="Something it wrote; - reads standard input."),
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="What you said in a conversation.")
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NEW", help="The name of the profile.")] = "inferred",
    save: Annotated[bool, typer.Option("--save", help="Keep it as a profile of yours.")] = False,
    model: options.Model = None,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a profile of what facts, a text or a person's lines show."""
    from chatbot.cli import inference

    settings = stored.settings(options.flags(model, device))
    source = inference.Source(tuple(facts or ()), text, conversation)
    print(inference.run(settings, source, name, save=save, as_json=as_json))


def _persona(settings: Config, name: str) -> Profile:
    from profiles import ProfileStore, find

    return find(ProfileStore(settings.profiles_folder), name)
