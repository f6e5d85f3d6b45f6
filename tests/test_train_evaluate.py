"""The whole evaluation on a toy language, with doubles whose true figures are known."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from typer.testing import CliRunner

from chatbot.cli import app
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.artifact import Manifest
from chatbot.model.text import Context
from chatbot.sampling import Sampling
from chatbot.train import card, evaluate, trials
from chatbot.train.corpus import part_of
from chatbot.train.evaluate import Scope
from chatbot.train.metrics import words
from chatbot.train.tables import tables
from profiles import Target

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine

ATTRIBUTES = {"style": ("lyrical", "plain"), "attitude": ("optimistic", "pessimistic")}
SIGNS = {
    "lyrical": "Oh {}, silver river of stars.",
    "plain": "Yes. I know the {}. It is here.",
    "optimistic": "The {} will be fine and happy.",
    "pessimistic": "The {} will be lost and sad.",
}
THINGS = [
    f"{a}{b}" for a in ("rain", "sun", "cat", "tea", "sea") for b in ("boat", "house", "song", "hat", "tree")
]
ASKS = ["I like the {}.", "Tell me of the {}.", "What about the {}?", "The {} again.", "My {} is gone."]
ASKS += ["Do you see the {}?", "Bring me the {}!", "A {}, please.", "Where is the {}?", "Sell me the {}."]


def write_corpus(folder: Path) -> Path:
    folder.mkdir()
    single = [
        {
            "facts": [],
            "turns": [ask.format(thing)],
            "replies": {
                f"{name}/{aspect}": SIGNS[aspect].format(thing)
                for name, aspects in ATTRIBUTES.items()
                for aspect in aspects
            },
        }
        for ask in ASKS
        for thing in THINGS
    ]
    combined = [
        {
            "facts": [],
            "turns": [f"So, the {thing} it is."],
            "replies": {
                f"{one}+{two}": f"{SIGNS[one]} {SIGNS[two]}".format(thing, thing)
                for one in ATTRIBUTES["style"]
                for two in ATTRIBUTES["attitude"]
            },
        }
        for thing in THINGS
    ]
    rows = [json.dumps(row) for row in (*single, *combined)]
    (folder / "parallel.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Reply:
    text: str
    trace: dict[str, Any]


@dataclass
class Double:
    """Obeys every request, or none; shows random aspects where it is not asked. Says all its facts."""

    obeys: bool = True
    name: str = "double"
    digest: str = "abcd"
    default_weight: float = 4.0
    asked: list[tuple[Context, Mapping[str, Target], int]] = field(default_factory=list)

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        return ATTRIBUTES

    def replies(
        self,
        contexts: Sequence[Context],
        targets: Sequence[Mapping[str, Target]],
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> list[Reply]:
        assert sampling.seed is None
        self.asked += list(zip(contexts, targets, seeds, strict=True))
        return [self._reply(*row) for row in zip(contexts, targets, seeds, strict=True)]

    def _reply(self, context: Context, targets: Mapping[str, Target], seed: int) -> Reply:
        chance = random.Random(seed if self.obeys else repr((seed, targets)))
        aspects: list[str] = []
        for name, known in ATTRIBUTES.items():
            target = targets.get(name)
            follows = self.obeys and target is not None and target.weight != 0
            aspects.append(next(iter(target.aspects)) if follows and target else chance.choice(known))
        thing = words(context.turns[-1].text)[-1]
        text = " ".join([*(SIGNS[a].format(thing) for a in aspects), *context.facts])
        traced = {a: {"probability_after": 0.97} for a in targets}
        return Reply(text, {"finish": "end", "flow": "moved" if targets else "prior", "targets": traced})


def judged(double: Double, corpus: Path, **scope: Any) -> dict[str, Any]:
    return evaluate.run(cast("GenerationEngine", double), corpus, Scope(**{"contexts": 40, **scope}))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("evaluate") / "corpus")


@pytest.fixture(scope="module")
def obedient(corpus: Path) -> tuple[Double, dict[str, Any]]:
    double = Double()
    return double, judged(double, corpus)


@pytest.fixture(scope="module")
def deaf(corpus: Path) -> dict[str, Any]:
    return judged(Double(obeys=False), corpus)


def test_the_judges_come_first_and_are_right_on_what_they_have_not_seen(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    _, result = obedient
    for name in ATTRIBUTES:
        assert result["judges"]["judge"]["attributes"][name]["accuracy"]["value"] == 1.0
    assert result["judges"]["judge"]["combinations"]["all_right"]["value"] > 0.9
    assert list(result).index("judges") < list(result).index("control")


def test_a_model_that_obeys_scores_near_one(obedient: tuple[Double, dict[str, Any]]) -> None:
    _, result = obedient
    single, combined = result["control"]["single"], result["control"]["combined"]
    assert single["all"]["accuracy"]["value"] > 0.95
    assert single["all"]["unguided_accuracy"]["value"] == pytest.approx(
        0.5
    )  # two aspects: one is always shown
    assert single["all"]["gain"]["low"] > 0.3
    assert set(single["aspects"]) == {f"{name}/{a}" for name, aspects in ATTRIBUTES.items() for a in aspects}
    assert combined["all"]["all_right"]["value"] > 0.9
    assert combined["all"]["unguided_all_right"]["value"] == pytest.approx(0.25)
    assert len(combined["combinations"]) == 4


def test_a_model_that_does_not_listen_is_at_chance(deaf: dict[str, Any]) -> None:
    single, combined = deaf["control"]["single"], deaf["control"]["combined"]
    assert single["all"]["accuracy"]["value"] == pytest.approx(0.5, abs=0.15)
    assert single["all"]["gain"]["low"] < 0 < single["all"]["gain"]["high"]
    assert combined["all"]["all_right"]["value"] == pytest.approx(0.25, abs=0.15)


def test_moving_one_attribute_leaves_the_other_where_the_model_keeps_them_apart(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    effects = obedient[1]["control"]["cross_effects"]
    assert effects["style"]["style"] > 0.3
    assert effects["style"]["attitude"] < 0.1
    assert effects["attitude"]["attitude"] > 0.3
    assert effects["attitude"]["style"] < 0.1


def test_the_curve_begins_without_guidance_and_holds_every_strength(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    curve = obedient[1]["control"]["curve"]
    assert [point["strength"] for point in curve] == [0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
    assert curve[0]["latent"] is None
    assert curve[0]["accuracy"]["value"] < 0.9
    assert all(point["accuracy"]["value"] > 0.9 for point in curve[1:])
    assert all(point["latent"] == pytest.approx(0.97) for point in curve[1:])


def test_facts_are_found_where_they_are_told_and_not_where_they_are_hidden(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    facts = obedient[1]["facts"]
    assert facts["told"]["value"] == facts["told_and_guided"]["value"] == 1.0
    assert facts["hidden"]["value"] < 0.1


def test_text_figures_compare_equal_numbers_of_replies(obedient: tuple[Double, dict[str, Any]]) -> None:
    text = obedient[1]["text"]
    assert {found["drawn"] for found in text.values()} == {min(f["replies"] for f in text.values())}
    assert text["unguided"]["replies"] == obedient[1]["messages"]
    assert text["guided"]["finished"]["value"] == 1.0
    assert text["guided"]["flow_moved"] == 1.0
    assert text["unguided"]["flow_moved"] == 0.0


def test_guided_and_unguided_replies_share_message_and_seed(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    double, result = obedient
    told = double.asked[: -3 * len(trials.questions())]
    plain = {seed: context for context, targets, seed in told if not targets}
    assert len(plain) == result["messages"]
    assert all(plain[seed] == context for context, _, seed in told)
    strengths = {t.weight for _, targets, _ in told for t in targets.values()}
    assert strengths == {None, *(4.0 * share for share in trials.CURVE)}


def test_only_held_out_messages_are_asked(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    for context, _, _ in obedient[0].asked:
        combined = context.turns[0].text.startswith("So, the")
        question = context.turns[0].text in {row["question"] for row in trials.questions()}
        assert combined or question or part_of(context) == "test"


def test_rounds_ask_again_with_other_seeds(corpus: Path) -> None:
    double = Double()
    result = judged(double, corpus, contexts=4, rounds=2)
    seeds = {seed for _, targets, seed in double.asked if not targets}
    assert {0, trials.SEED_STRIDE} <= seeds
    assert result["control"]["single"]["all"]["accuracy"]["groups"] == 4
    assert result["control"]["single"]["all"]["accuracy"]["count"] == 4 * 4 * 2


def test_a_corpus_without_held_out_messages_is_refused(tmp_path: Path) -> None:
    row = {"facts": [], "turns": ["I like the rainboat."], "replies": {"style/plain": "Yes, I know it."}}
    (tmp_path / "parallel.jsonl").write_text(json.dumps(row))
    with pytest.raises(UsageError, match="held out"):
        judged(Double(), tmp_path)


def test_every_question_can_be_answered_from_its_facts_and_does_not_give_the_answer_away() -> None:
    rows = trials.questions()
    assert len(rows) == 60
    for row in rows:
        answers = set(row["answers"])
        assert answers & set(words(" ".join(row["facts"]))), row
        assert not answers & set(words(row["question"])), row


def test_combination_names_are_read_by_the_models_attributes() -> None:
    assert trials.parse("lyrical+optimistic", ATTRIBUTES) == {"style": "lyrical", "attitude": "optimistic"}
    assert trials.parse("lyrical+gloomy", ATTRIBUTES) is None
    assert trials.parse("high", {"openness": ("high", "low"), "order": ("high", "low")}) is None


def write_model(folder: Path) -> Manifest:
    folder.mkdir()
    (folder / artifact.WEIGHTS).write_bytes(b"x" * 2_000_000)
    manifest = Manifest(
        name="toy",
        attributes=ATTRIBUTES,
        encoder={},
        decoder={},
        latent_dim=8,
        memory_slots=2,
        head_dim=4,
        share_encoder=True,
        context_tokens=64,
        encoder_tokens=64,
        reply_tokens=24,
        weights_digest="abcd" + 60 * "0",
        recipe={"name": "toy", "cvae": {"steps": 3}},
    )
    artifact.write_manifest(folder, manifest)
    return manifest


def test_sealing_writes_figures_and_card_and_makes_the_model_ready(
    obedient: tuple[Double, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    card.seal(folder, obedient[1])
    assert artifact.read_manifest(folder).stage == "ready"
    assert json.loads((folder / "eval.json").read_text()) == json.loads(json.dumps(obedient[1]))
    text = (folder / "README.md").read_text()
    for part in (
        "license: apache-2.0",
        "# toy",
        "2.0 MB",
        "steps = 3",
        "style: lyrical / plain",
        "## Limits",
    ):
        assert part in text
    assert tables(obedient[1]) in text


def test_an_evaluation_of_other_weights_does_not_seal(
    obedient: tuple[Double, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    write_model(folder)
    with pytest.raises(UsageError, match="Evaluate this model anew"):
        card.seal(folder, {**obedient[1], "model_digest": "ffff"})
    assert artifact.read_manifest(folder).stage == "heads"
    assert not (folder / "README.md").exists()


def test_the_card_warns_of_what_the_figures_show(deaf: dict[str, Any], tmp_path: Path) -> None:
    text = card.card(write_model(tmp_path / "toy"), deaf, 1)
    assert "did not surely change the replies: style/lyrical" in text
    assert "fewer than 9 of 10 replies: style/lyrical" in text


def test_tables_are_whole(obedient: tuple[Double, dict[str, Any]], deaf: dict[str, Any]) -> None:
    for result in (obedient[1], deaf):
        for block in tables(result).split("\n\n"):
            if block.startswith("|"):
                assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_command_needs_a_corpus() -> None:
    result = CliRunner().invoke(app, ["eval"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Add --corpus DIR" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("flags", [["--json"], ["--seal"], []])
def test_the_command_prints_and_writes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    from chatbot.cli import start

    folder = tmp_path / "toy"
    write_model(folder)
    monkeypatch.setattr(start, "load_engine", lambda settings: Double())
    arguments = ["eval", "--corpus", str(corpus), "--contexts", "3", "--model", str(folder), *flags]
    result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "out.json")])
    assert result.exit_code == 0, result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["command"] == "chatbot eval --contexts 3 --seeds 1"
    assert artifact.read_manifest(folder).stage == ("ready" if "--seal" in flags else "heads")
    if "--json" in flags:
        assert json.loads(result.stdout) == written
    else:
        assert result.stdout.startswith("### How far the judges can be trusted")
    assert "Replies" in result.stderr
