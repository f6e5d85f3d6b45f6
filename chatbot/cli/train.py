"""`chatbot train`: trains a model from a recipe, and goes on where a killed run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli.options import check_folder, check_judge, unwritable


def train(
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder to write.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="DIR", help="Other dialogue than the shipped corpus.")
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help="embedded, paper, or a path to a .toml file.")
    ] = "embedded",
    plain: Annotated[
        Path | None, typer.Option("--plain-text", help="Folder of plain dialogue for warm-up.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option("--work", help="Folder for checkpoints and train.jsonl; OUTPUT.work by default."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", help="A BERT for encoder and decoder: a hub id or a local folder."),
    ] = None,
    steps: Annotated[
        list[str] | None,
        typer.Option(
            "--steps",
            metavar="STAGE=N",
            help="Steps of pretrain, cvae, chats, preference or matcher; repeatable.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed than the recipe's.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, mps or auto.")] = "auto",
) -> None:
    """Train a model: tokenizer and language model, CVAE, heads, chats, preferences, matcher.

    Run the same command again to go on after an interruption. `chatbot eval --seal` then measures the model.
    """
    check_judge("train")
    from chatbot.errors import UsageError
    from chatbot.model.device import pick_device
    from chatbot.train import pipeline
    from chatbot.train import recipe as recipes
    from chatbot.train.corpus import WRITTEN

    if output.exists() and not output.is_dir():
        raise UsageError(f"A model is a folder, and {output} is a file. Name another.")
    if taken := unwritable(output.absolute()):  # known before the stages, not after them
        raise UsageError(f"--output is written into {str(taken)!r}, where nothing can be. Name another.")
    named = output if output.name else output.absolute()  # "." has no name
    work = work or named.with_name(f"{named.name}.work")
    check_folder("--work", work.absolute())
    chosen = recipes.adjust(recipes.load(recipe), base=base, steps=steps or [], seed=seed)
    place = str(pick_device(device))
    try:
        manifest = pipeline.train(chosen, corpus or WRITTEN, work, output, plain=plain, device=place)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. The same command goes on from what {work} holds.", err=True)
        raise
    print(f"Wrote {manifest.name} to {output}.")
