"""The tables and the card of an evaluation, and the command that makes them."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chatbot.cli import app, start
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.train import ablate, card
from chatbot.train import corpus as corpora
from chatbot.train.tables import tables
from toy_language import Double, judged, write_corpus, write_model


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("card") / "corpus")


@pytest.fixture(scope="module")
def obedient(corpus: Path) -> dict[str, Any]:
    return judged(Double(), corpus, contexts=12)


@pytest.fixture(scope="module")
def deaf(corpus: Path) -> dict[str, Any]:
    return judged(Double(obeys=False), corpus, contexts=12)


def test_sealing_writes_figures_and_card_and_makes_the_model_ready(
    obedient: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    card.seal(folder, obedient)
    assert artifact.read_manifest(folder).stage == "ready"
    assert json.loads((folder / "eval.json").read_text()) == json.loads(json.dumps(obedient))
    text = (folder / "README.md").read_text()
    for part in (
        "license: other",
        "# toy",
        "2.0 MB",
        "steps = 3",
        "style: lyrical / plain",
        "## Limits",
    ):
        assert part in text
    assert tables(obedient) in text


def test_the_maker_s_notes_are_the_card_s_last_part(obedient: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    card.seal(folder, obedient)
    without = (folder / "README.md").read_text()
    (folder / "NOTES.md").write_text("\n## How it went\n\nIn two parts.\n\n")
    card.seal(folder, obedient)
    assert (folder / "README.md").read_text() == without.rstrip() + "\n\n## How it went\n\nIn two parts.\n"


def test_the_card_tells_of_a_matcher_where_there_is_one(obedient: dict[str, Any], tmp_path: Path) -> None:
    write_model(tmp_path / "toy")
    manifest = artifact.read_manifest(tmp_path / "toy")
    assert "dual encoder" not in card.card(manifest, obedient, 1)
    text = card.card(replace(manifest, matcher_shared=2, matcher_layers=1), obedient, 1)
    assert "A dual encoder of 3 layers, which shares the embeddings and 2 layers with the" in text
    text = card.card(replace(manifest, matcher_layers=1), obedient, 1)
    assert "A dual encoder of 1 layer, which shares the embeddings and 0 layers with the" in text


def test_the_card_tells_of_preferences_where_they_were_learnt(
    obedient: dict[str, Any], tmp_path: Path
) -> None:
    manifest = write_model(tmp_path / "toy")
    assert "learnt from marks" not in card.card(manifest, obedient, 1)
    recipe = {**manifest.recipe, "preference": {"steps": 20}}
    assert "learnt from marks which of its replies" in card.card(
        replace(manifest, recipe=recipe), obedient, 1
    )


def test_the_card_tells_of_the_shipped_data_where_they_were_used(
    obedient: dict[str, Any], tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the recipe is called: by the corpus and the bases."""
    monkeypatch.setattr(corpora, "WRITTEN", corpus)
    bases = dict.fromkeys(("encoder", "decoder"), "all-MiniLM-L6-v2@main")
    shipped = replace(
        write_model(tmp_path / "toy"),
        bases=bases,
        corpus_digest=corpora.load(corpus).digest,
        recipe={"name": "embedded"},
    )
    ours = card.card(shipped, obedient, 1)
    assert "made for this project" in ours
    assert ours.count("icense: apache-2.0") + ours.count("Licence: Apache-2.0.") == 2
    assert "--recipe RECIPE.toml --plain-text PLAIN" in ours
    others = (
        replace(shipped, corpus_digest="f" * 64),
        replace(shipped, bases={**bases, "decoder": "prajjwal1/bert-tiny@main"}),
        replace(shipped, bases={}),
    )
    for other in others:
        text = card.card(other, obedient, 1)
        assert "made for this project" not in text
        assert "given by whoever trained the model" in text
        assert "license: other" in text
        assert "Licence: for whoever trained it to state." in text
        assert "[--plain-text PLAIN]" in text  # the manifest does not say whether there was any
        another = other.corpus_digest == "f" * 64
        assert ("--corpus CORPUS" in text) == another
        assert ("language: en" in text) == ("English" in text) == (not another)


@pytest.mark.parametrize("base", ["all-MiniLM-L6-v2@main", "sentence-transformers/all-MiniLM-L6-v2@c9745ed"])
def test_the_card_names_a_known_base(obedient: dict[str, Any], tmp_path: Path, base: str) -> None:
    manifest = write_model(tmp_path / "toy")
    assert "base_model" not in card.card(manifest, obedient, 1)
    text = card.card(replace(manifest, bases={"encoder": base, "decoder": base}), obedient, 1)
    front = text.split("---")[1].splitlines()
    assert front.count("base_model: sentence-transformers/all-MiniLM-L6-v2") == 1


def test_the_embedded_model_is_of_the_shipped_corpus() -> None:
    folder = Path(card.__file__).parents[1] / "weights" / "embedded"
    written = corpora.digest(corpora.WRITTEN)
    assert artifact.read_manifest(folder).corpus_digest == written  # else its card would not name its data


def test_an_evaluation_of_other_weights_does_not_seal(obedient: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    with pytest.raises(UsageError, match="Evaluate this model anew"):
        card.seal(folder, {**obedient, "model_digest": "ffff"})
    assert artifact.read_manifest(folder).stage == "heads"
    assert not (folder / "README.md").exists()


def test_the_card_warns_of_what_the_figures_show(deaf: dict[str, Any], tmp_path: Path) -> None:
    text = card.card(write_model(tmp_path / "toy"), deaf, 1)
    assert "did not surely change the replies: style/lyrical" in text
    assert "fewer than 9 of 10 replies: style/lyrical" in text


def test_the_card_says_who_read_the_replies(obedient: dict[str, Any], tmp_path: Path) -> None:
    manifest = write_model(tmp_path / "toy")
    assert "The judges are n-gram classifiers that learned" in card.card(manifest, obedient, 1)
    judges = {**obedient["judges"], "transformer": obedient["judges"]["judge"]}
    text = card.card(manifest, {**obedient, "judges": judges}, 1)
    assert "The judges are n-gram classifiers and a small transformer that learned" in text


def test_names_in_the_card_are_never_markup(obedient: dict[str, Any], tmp_path: Path) -> None:
    bad = "\x1b[31m\n# **a** | <b>"
    manifest = replace(
        write_model(tmp_path / "toy"), name=bad, attributes={bad: (bad,)}, bases={"encoder": bad}
    )
    text = card.card(manifest, {**obedient, "command": bad}, 1)
    assert "\x1b" not in text
    assert "\n# **" not in text
    assert text.count(r"\[31m # \*\*a\*\* \| &lt;b&gt;") == 5  # title, attribute, aspect, base, conditions


def test_every_section_says_how_much_it_rests_on(obedient: dict[str, Any]) -> None:
    """Twelve messages, of which six were written to for four combinations; every eighth has a curve."""
    sections = {part.split("\n")[0]: part for part in tables(obedient).split("### ")}
    rests = {
        "One attribute at a time": "\n\n48 replies to 12 messages.",
        "Several attributes at once": "\n\n24 replies to 6 messages. By attribute",
        "Alone and together, on the same messages": "\n\n6 messages.",
        "Text": "| combined (24, to 6 messages) ",
        "Strength": "At each point 4 replies to 2 messages.",
        "Facts": "\n\n60 replies to 60 questions, with one set of seeds.",
        "By the definitions of arXiv 2310.18342": "answer 6 messages and are each chosen among 8 candidates.",
    }
    for title, note in rests.items():
        assert note in sections[title], title
    assert " Contradictions can be told in 50 of them. " in sections["Facts"]
    assert " claimed for itself, over 24 replies each: " in sections["Facts"]
    bare = copy.deepcopy(obedient)
    bare["facts"] |= {"contradicted": None, "leaked": None}
    facts = tables(bare).split("### Facts")[1]
    assert "set of seeds. The user's own facts claimed for itself: - % after" in facts
    older = copy.deepcopy(obedient)
    del older["control"]["paper"]["candidates"], older["control"]["paper"]["messages"]
    assert "\n\nPersonalization is" in tables(older)


def test_tables_are_whole(obedient: dict[str, Any], deaf: dict[str, Any]) -> None:
    for result in (obedient, deaf):
        for block in tables(result).split("\n\n"):
            if block.startswith("|"):
                assert len({line.count("|") for line in block.splitlines()}) == 1
    assert " - %" not in tables({**obedient, "coherence": {"first": None, "beaten": None}})


def test_a_folder_without_dialogue_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    result = CliRunner().invoke(app, ["eval", "--corpus", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "holds none" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("flags", [["--json"], ["--seal"], []])
def test_the_command_prints_and_writes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    arguments = ["eval", "--corpus", str(corpus), "--contexts", "3", "--model", str(folder), *flags]
    arguments += ["--judges", "ngram"]
    result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "out.json")])
    assert result.exit_code == 0, result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["command"] == "chatbot eval --contexts 3 --seeds 1 --judges ngram --corpus corpus"
    assert artifact.read_manifest(folder).stage == ("ready" if "--seal" in flags else "heads")
    if "--json" in flags:
        assert json.loads(result.stdout) == written
    else:
        assert result.stdout.startswith("### How far the judges can be trusted")
    assert "Replies" in result.stderr


def test_a_sealed_model_agrees_with_its_own_figures_and_a_deaf_one_does_not(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    arguments = ["eval", "--corpus", str(corpus), "--contexts", "3", "--model", str(folder)]
    arguments += ["--judges", "ngram", "--compare"]
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    missing = CliRunner().invoke(app, arguments)
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "Write it first with: chatbot eval --seal" in missing.stderr

    sealed = CliRunner().invoke(app, [*arguments[:-1], "--seal", "--report", str(tmp_path / "report")])
    assert sealed.exit_code == 0, sealed.stderr
    assert (tmp_path / "report" / "report.html").read_text().startswith("<!doctype html>")
    same = CliRunner().invoke(app, arguments)
    assert same.exit_code == 0, same.stderr
    assert "DIFFERS" not in same.stdout
    monkeypatch.setattr(start, "load_engine", lambda settings: Double(obeys=False))
    other = CliRunner().invoke(app, arguments)
    assert other.exit_code == 1
    assert "DIFFERS       several at once, average" in other.stdout


def test_versus_prints_its_table(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    arguments = ["eval", "versus", "one", "two", "--corpus", str(corpus), "--contexts", "2"]
    found = CliRunner().invoke(app, [*arguments, "--judges", "ngram", "--output", str(tmp_path / "out.json")])
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("### Head to head\n\nA: double abcd. B: double abcd. 2 messages")
    assert json.loads((tmp_path / "out.json").read_text())["messages"] == 2


def test_training_for_ablations_needs_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    found = CliRunner().invoke(app, ["eval", "ablate", "--train-steps", "5"])
    assert found.exit_code == 2
    assert "name a folder with --work DIR" in found.stderr
    for flags in (["--work", "w"], ["--base", "b"], ["--train-steps", "2", "--models", "m"]):
        assert "go with --train-steps" in CliRunner().invoke(app, ["eval", "ablate", *flags]).stderr


def test_the_device_of_ablations_is_the_training_s_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def run_trained(*_: object, **options: Any) -> dict[str, Any]:
        asked.update(options)
        row = {"model": "", "way": "x", "failed": 0.0, "measures": {}, "differences": {}}
        return {"messages": 0, "rounds": 1, "rows": [row]}

    monkeypatch.setattr(ablate, "run_trained", run_trained)
    arguments = ["eval", "ablate", "--train-steps", "5", "--work", str(tmp_path), "--device"]
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert CliRunner().invoke(app, [*arguments, "cuda"]).exit_code == 0
    assert asked["device"] == "cuda"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    missing = CliRunner().invoke(app, [*arguments, "cuda"])
    assert missing.exit_code == 2
    assert "one that this machine has" in missing.stderr
