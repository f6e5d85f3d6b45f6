"""The whole evaluation on a toy language, with doubles whose true figures are known."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from chatbot.decoding.sampling import Sampling
from chatbot.errors import UsageError
from chatbot.model.text import Context
from chatbot.train import evaluate, interview, trials
from chatbot.train.corpus import Corpus, part_of
from chatbot.train.forms import Item, Labelled, Marked
from chatbot.train.interview import Scope
from chatbot.train.metrics import words
from chatbot.train.trials import Trial
from toy_language import ATTRIBUTES, Double, judged, write_corpus

if TYPE_CHECKING:
    from chatbot.engine import GenerationEngine


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


def test_numbers_have_five_digits(obedient: tuple[Double, dict[str, Any]]) -> None:
    loose = {"a": [0.1234567, 3, "1.234567"], "b": (True, None, {"c": 123456.7})}
    assert evaluate.rounded(loose) == {"a": [0.12346, 3, "1.234567"], "b": [True, None, {"c": 123460.0}]}
    assert evaluate.rounded(obedient[1]) == obedient[1]


def test_every_reply_that_is_timed_moves_the_bar() -> None:
    double, done = cast("GenerationEngine", Double()), list[int]()
    asked = [Trial("base", 0, 0, Context.of([], ["Hi."]), {})] * 9
    interview.seconds_a_reply(double, asked, Scope(timed=3), 8, lambda *_: nullcontext(done.append))
    assert done == [1, 1, 1, 1]


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
    assert [point["strength"] for point in curve] == [0.0, *trials.CURVE, 1.0]
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
    assert facts["contradicted"]["value"] == facts["contradicted_and_guided"]["value"] == 0.0
    assert facts["leaked"]["value"] == 0.0  # it says its own facts, never the user's


def test_strengths_are_asked_for_as_probabilities_too(obedient: tuple[Double, dict[str, Any]]) -> None:
    points = obedient[1]["control"]["asked_probability"]
    assert [point["strength"] for point in points] == list(trials.STRENGTHS)
    asked = {t.probability for _, targets, _ in obedient[0].asked for t in targets.values()}
    assert asked == {None, *trials.STRENGTHS}


def test_alone_and_together_cost_nothing_where_the_model_keeps_attributes_apart(
    obedient: tuple[Double, dict[str, Any]], deaf: dict[str, Any]
) -> None:
    table = obedient[1]["control"]["alone_and_together"]
    assert set(table) == set(ATTRIBUTES)
    for found in table.values():
        assert found["alone"]["value"] > 0.9
        assert found["together"]["value"] > 0.9
        assert abs(found["cost"]["value"]) < 0.1
    assert deaf["control"]["alone_and_together"]["style"]["together"]["value"] == pytest.approx(0.5, abs=0.15)


def test_other_judges_read_the_same_replies_and_their_agreement_is_told(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    result = obedient[1]
    assert set(result["other_judges"]) == set(result["agreement"]) <= {"second"}
    for found in result["agreement"].values():
        assert found["same"]["value"] > 0.9
        assert found["kappa"] > 0.8


def test_telling_words_and_places_in_the_latent_space_are_found(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    result = obedient[1]
    words_of = {gram for gram, _ in result["wording"]["style"]["model"]["lyrical"]}
    assert words_of & {"oh", "silver", "river", "stars", "silver river", "of stars"}
    assert result["latent"]["style"]["separated"] > 0.9  # the double's first number says it


def test_single_replies_are_timed_after_one_that_warms_up(obedient: tuple[Double, dict[str, Any]]) -> None:
    assert set(obedient[1]["latency"]) == {"of_four", "as_set"}
    for latency in obedient[1]["latency"].values():
        assert latency["replies"] == 3
        assert 0 < latency["median"] <= latency["slowest"]


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
    told = double.asked[: -3 * len(trials.questions()) - 2 * len(trials.leaks())]
    plain = {seed: context for context, targets, seed in told if not targets}
    assert len(plain) == result["messages"]
    assert all(plain[seed] == context for context, _, seed in told)
    strengths = {t.weight for _, targets, _ in told for t in targets.values()}
    assert strengths == {None, *trials.CURVE}


def test_only_held_out_messages_are_asked(
    obedient: tuple[Double, dict[str, Any]],
) -> None:
    for context, _, _ in obedient[0].asked:
        combined = context.turns[0].text.startswith("So, the")
        question = context.turns[0].text in {
            *(row["question"] for row in trials.questions()),
            *(row[key] for row in trials.leaks() for key in ("told", "hidden")),
        }
        assert combined or question or part_of(context) == "test"


def test_rounds_ask_again_with_other_seeds(corpus: Path) -> None:
    double = Double()
    result = judged(double, corpus, contexts=4, rounds=2)
    seeds = {seed for _, targets, seed in double.asked if not targets}
    assert {0, trials.SEED_STRIDE} <= seeds
    assert result["control"]["single"]["all"]["accuracy"]["groups"] == 4
    assert result["control"]["single"]["all"]["accuracy"]["count"] == 4 * 4 * 2
    assert {len(values) for values in result["rounds_apart"].values()} == {2}
    mean = sum(result["rounds_apart"]["one at a time"]) / 2
    assert result["control"]["single"]["all"]["accuracy"]["value"] == pytest.approx(mean)


def test_variety_is_measured_over_further_replies(corpus: Path) -> None:
    double = Double()
    result = judged(double, corpus, contexts=4, variety=30)
    paper = result["control"]["paper"]
    assert (paper["replies"], paper["candidates"]) == (30, 1)
    assert paper["messages"] == 8  # four combinations are asked of each
    plain = judged(Double(), corpus, contexts=4, sampling=Sampling(candidates=3))["control"]
    assert plain["paper"]["replies"] == plain["combined"]["all"]["all_right"]["count"]
    assert (plain["paper"]["messages"], plain["paper"]["candidates"]) == (2, 3)


def test_variety_is_measured_over_the_only_candidate() -> None:
    class Listener(Double):
        def replies(self, contexts: Any, targets: Any, sampling: Sampling, seeds: Any) -> Any:
            heard.append((sampling.candidates, len(contexts)))
            return super().replies(contexts, targets, sampling, seeds)

    heard: list[tuple[int, int]] = []
    asked = [Trial("variety", i, 0, Context.of([], ["A tree."])) for i in range(30)]
    scope = Scope(batch=3, sampling=Sampling(candidates=8))
    said = interview.say_variety(cast("GenerationEngine", Listener()), asked, scope)
    assert [reply.trial for reply in said] == asked
    assert heard == [(1, 24), (1, 6)]


def test_no_message_is_asked_that_training_ends_or_begins_with(tmp_path: Path) -> None:
    """Whatever its letters' case; preferences are trained on marked replies."""

    def item(*turns: str) -> Item:
        reply = Labelled("Yes. I know it.", (("style", "plain"),))
        return Item(Context.of([], turns), (reply,), "parallel")

    corpus = Corpus()
    corpus.parts["train"] = [item("Any news?", "None.", "Oh dear.")]
    corpus.marked["train"] = [Marked(Context.of([], ["Hello you.", "Hi.", "Tea?"]), (), ())]
    corpus.marked["test"] = [Marked(Context.of([], ["A hat."]), (), ())]
    messages = ["ANY NEWS?", "oh dear.", "hello you.", "tea?", "None.", "A hat."]
    corpus.parts["test"] = [item(message) for message in messages]
    both = {"facts": [], "turns": ["Tea?"], "replies": {"plain+optimistic": "Yes. It will be fine."}}
    (tmp_path / "combined.jsonl").write_text(json.dumps(both))
    found = [message.context.turns[-1].text for message in trials.messages(corpus, tmp_path)]
    assert found == ["None.", "A hat."]


def test_where_all_is_talk_what_was_said_there_is_asked(tmp_path: Path) -> None:
    """First messages before later ones, of which one is known to training."""
    labels = (("style", "plain"), ("attitude", "optimistic"))
    said = (Labelled("Yes. It will be fine.", labels),)

    def talk(*turns: str) -> Item:
        return Item(Context.of([], turns), said, "role")

    corpus = Corpus()
    corpus.parts["train"] = [talk("Hi.", "Yes.", "Why?")]
    corpus.parts["test"] = [
        talk("Hello."), talk("Hello.", "Yes.", "How so?"), talk("Hello.", "Yes.", "How so?", "So.", "Why?"),
        Item(Context.of([], ["Ah."]), (Labelled("No.", labels[:1]),), "dialogue"),
    ]  # fmt: skip
    found = trials.messages(corpus, tmp_path)
    assert [message.context.turns[-1].text for message in found] == ["Hello.", "Ah.", "How so?"]
    assert found[0].combined == {"plain+optimistic": "Yes. It will be fine."}
    assert found[1].single == {("style", "plain"): "No."}
    corpus.parts["test"].append(Item(Context.of([], ["Tea?"]), said, "together"))
    assert [message.context.turns[-1].text for message in trials.messages(corpus, tmp_path)] == ["Tea?"]


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


def test_attributes_with_the_same_aspects_are_asked_together_too(tmp_path: Path) -> None:
    attributes = {"mood": ("high", "low"), "warmth": ("high", "low")}
    labels = (("mood", "high"), ("warmth", "low"))
    item = Item(Context.of([], ["Oh."]), (Labelled("Yes.", labels),), "together")
    held_out = trials.messages(Corpus({"train": [], "test": [item]}), tmp_path)
    asked = [t for t in trials.plan(held_out, attributes, rounds=1) if t.kind == "combination"]
    found = [(t.name, t.asked, t.written) for t in (*asked, *trials.variety(held_out, attributes, 9))]
    assert found == [("mood/high+warmth/low", dict(labels), "Yes.")] * 2
