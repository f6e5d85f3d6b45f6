"""Learning from marks: the loss by hand, what a pair is, z as in a chat, what the stage does to a model."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from chatbot.decoding.sampling import Sampling
from chatbot.errors import UsageError
from chatbot.model import artifact
from chatbot.model.reading import Reader
from chatbot.model.text import Context
from chatbot.train import corpus as corpora
from chatbot.train import fit_preference, pipeline
from chatbot.train.corpus import Corpus
from chatbot.train.fit_preference import RIVALS, Choices, Pairs, draw, preference_loss
from chatbot.train.forms import Marked
from chatbot.train.recipe import Preference

SHAPE = Preference(steps=30, contexts=4, rivals=2, lr=2e-3, beta=0.5, likely=0.25, told=2.0)


def pairs(won: list[int], lost: list[int], kinds: list[int]) -> Pairs:
    alike = torch.zeros(3, dtype=torch.long)
    return Pairs([], [], [[1]] * 3, alike, alike, *map(torch.tensor, (won, lost, kinds)))


def test_the_loss_by_hand() -> None:
    now, before = torch.tensor([-2.0, -5.0, -9.0]), torch.tensor([-4.0, -4.0, -8.5])
    given = pairs([0, 0, 0], [1, 2, 2], [0, 0, 1])
    loss, terms = preference_loss(now, before, torch.tensor([2, 1, 3]), given, SHAPE)
    gained = (2.0 - -1.0, 2.0 - -0.5)
    preferred = sum(math.log1p(math.exp(-0.5 * gap)) for gap in gained) / 2
    assert terms["loss_preferred"] == pytest.approx(preferred)
    good_once = 2.0 / 2  # however many it is better than
    assert terms["loss_likely"] == pytest.approx(good_once)
    told = math.log1p(math.exp(-(9.0 - 2.0)))  # whatever it was before
    assert terms["loss_told"] == pytest.approx(told)
    assert float(loss) == pytest.approx(preferred + 0.25 * good_once + 2.0 * told)


def test_before_the_first_step_nothing_is_preferred() -> None:
    same = torch.tensor([-2.0, -5.0, -9.0])
    _, terms = preference_loss(same, same, torch.ones(3), pairs([0], [1], [0]), SHAPE)
    assert terms["loss_preferred"] == pytest.approx(math.log(2))


def test_the_kinds_of_rivals_are_told_apart() -> None:
    now, before = torch.tensor([-3.0, -5.0, -2.0]), torch.tensor([-4.0, -4.0, -9.0])
    _, terms = preference_loss(now, before, torch.ones(3), pairs([0, 0], [1, 2], [0, 2]), SHAPE)
    assert terms["right"] == 1.0  # gained 1 against -1
    assert terms["grounded"] == 0.0  # likelier with another's facts
    assert "meant" not in terms


def choices() -> list[Choices]:
    """Each reply's only id says its context and its mark: 10 * context + mark. Every second context asks for
    something; the replies marked 2 tell the one fact that there is."""
    return [
        Choices(
            Context.of([f"I know {c}."], [str(c)]),
            (("mind", "critical"),) * (c % 2),
            [[10 * c + mark] for mark in (0, 2, 1, 0)],
            [0, 2, 1, 0],
            [False, True, False, False],
        )
        for c in range(1, 6)
    ]


def test_the_better_of_a_pair_has_its_own_context_and_z_and_the_worse_differs_in_one_thing() -> None:
    for seed in range(20):
        found = draw(choices(), SHAPE, np.random.default_rng(seed))
        count = len(found.choices)
        assert count == SHAPE.contexts
        assert found.contexts[:count] == [one.context for one in found.choices]
        for won, lost, kind in zip(*(t.tolist() for t in (found.won, found.lost, found.kind)), strict=True):
            i = int(found.context[won])
            own, other = found.contexts[i], found.contexts[int(found.context[lost])]
            (better,), (worse,) = found.replies[won], found.replies[lost]
            assert own.turns[0].text == str(better // 10)
            assert own.turns == other.turns
            assert found.latent[won] == i
            assert found.latent[lost] == (i + count if RIVALS[kind] == "meant" else i)
            if RIVALS[kind] == "right":
                assert better // 10 == worse // 10
                assert better % 10 > worse % 10
            else:
                assert better == worse
            if RIVALS[kind] == "grounded":
                assert other.facts in {one.context.facts for one in found.choices} - {own.facts}
            else:
                assert own == other


def test_a_reply_stands_against_itself_only_where_something_is_asked_or_told() -> None:
    seen = set()
    for seed in range(20):
        found = draw(choices(), SHAPE, np.random.default_rng(seed))
        for i, one in enumerate(found.choices):
            mine = [k for w, k in zip(found.won, found.kind.tolist(), strict=True) if found.context[w] == i]
            won = next(int(w) for w in found.won if found.context[w] == i)
            told = found.replies[won][0] % 10 == 2
            assert mine.count(RIVALS.index("meant")) == len(one.asked)
            assert mine.count(RIVALS.index("grounded")) == told
            seen.add((bool(one.asked), told))
    assert len(seen) == 4


def marked(things: tuple[str, ...]) -> list[Marked]:
    """Of two replies that the tiny model knows, the plain one is wanted, and plain is asked for."""
    return [
        Marked(
            Context.of([], [f"Tell me of the {thing}."]),
            (("style", "plain"),),
            (
                (f"Yes. I know the {thing}. It is here.", "y"),
                (f"Oh {thing}, a soft silver river of stars.", "n"),
            ),
        )
        for thing in things
    ]


def test_z_is_that_of_a_chat_and_its_opposite_of_the_same_draw(trained: Path) -> None:
    model = artifact.load(trained / "model")
    asks = Choices(Context.of([], ["hi"]), (("attitude", "optimistic"),), [], [], [])
    free = Choices(Context.of([], ["hi"]), (), [], [], [])
    z = fit_preference.latents(model, [asks, free], torch.Generator().manual_seed(5))
    assert z.shape == (4, 8)
    place = model.manifest.attributes["attitude"].index("optimistic")
    p = model.model.heads(z)["attitude"].softmax(-1)[:, place]
    assert p[0] > 0.95
    assert p[2] < 0.05
    torch.testing.assert_close(z[1], z[3])  # where nothing is asked there is no opposite
    again = fit_preference.latents(model, [asks, free], torch.Generator().manual_seed(6))
    assert not torch.equal(z[1], again[1])


def test_what_makes_sense_is_the_better_one_three_times_as_often_as_what_nearly_does() -> None:
    one = Choices(Context.of([], ["hi"]), (), [[0], [1], [2], [3]], [0, 1, 2, 3], [False] * 4)
    drawn = [draw([one], SHAPE, np.random.default_rng(seed)) for seed in range(700)]
    counts = np.bincount([found.replies[int(found.won[0])][0] for found in drawn], minlength=4)
    assert counts[0] == 0
    assert (abs(counts[1:] - [100, 300, 300]) < 50).all()


def test_a_rival_of_like_length_is_likelier_so_that_less_is_not_the_lesson() -> None:
    better, like, long = [1] * 6, [2] * 7, [3] * 25  # of tokens: 1 and 19 away, so 1/2 against 1/20
    one = Choices(Context.of((), ["hi"]), (), [better, like, long], [2, 0, 0], [False] * 3)
    shape = replace(SHAPE, rivals=1)
    drawn = [draw([one], shape, np.random.default_rng(seed)) for seed in range(1100)]
    long_ones = sum(found.replies[int(found.lost[0])] == long for found in drawn)
    assert 65 < long_ones < 140  # 1100 / 11 = 100, standard deviation 9.5


def test_z_starts_where_it_does_in_a_chat(trained: Path) -> None:
    model = artifact.load(trained / "model")
    free = Choices(Context.of([], ["hi"]), (), [], [], [])
    z = fit_preference.latents(model, [free], torch.Generator().manual_seed(5))
    prior = Reader(model).prior([free.context])
    noise = torch.randn(prior.mean.shape, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(z[:1], prior.sample(Sampling().spread * noise))


def test_what_was_likely_before_is_found_for_the_compared_replies_alone(trained: Path) -> None:
    model = artifact.load(trained / "model")
    choices = fit_preference.encode(model, marked(tiny.THINGS))
    found = draw(choices, SHAPE, np.random.default_rng(3))
    z = fit_preference.latents(model, found.choices, torch.Generator().manual_seed(5))
    contexts = [model.codec.encode_context(context, 64) for context in found.contexts]
    decoder = model.model.decoder
    with torch.no_grad():
        everything, _ = fit_preference.log_probabilities(decoder, contexts, found, z)
        some, _ = fit_preference.log_probabilities(decoder, contexts, found.only(found.compared), z)
    pairs = list(zip(found.won.tolist(), found.lost.tolist(), found.kind.tolist(), strict=True))
    places = sorted({place for won, lost, kind in pairs if RIVALS[kind] == "right" for place in (won, lost)})
    assert found.compared.tolist() == places
    assert len(places) < len(everything)
    torch.testing.assert_close(some, everything[places])


def test_a_reply_is_grounded_when_it_says_a_word_of_the_facts_that_nobody_said(trained: Path) -> None:
    context = Context.of(["I live in Oslo.", "My dog is Max."], ["Where do you live, is Max there?"])
    row = Marked(context, (), (("In Oslo.", "y"), ("Max is here.", "m"), ("I live in it.", "n")))
    (one,) = fit_preference.encode(artifact.load(trained / "model"), [row])
    assert one.grounded == [True, False, False]


def test_a_reply_without_what_was_asked_counts_as_the_worst(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(_: Reader, contexts: list[Context], replies: list[str]) -> list[dict[str, dict[str, float]]]:
        assert len(contexts) == len(replies)
        found = [0.9 if "stars" in reply else 0.2 for reply in replies]
        return [{"attitude": {"optimistic": p, "pessimistic": 1 - p}} for p in found]

    monkeypatch.setattr(fit_preference.Reader, "measure", measure)
    asked, context = (("attitude", "optimistic"),), Context.of([], ["hi"])
    shows, hides = ("Oh rain, a soft silver river of stars.", "y"), ("Yes. I know the rain.", "w")
    bad, twice = ("It is here.", "n"), ("It is here.", "n")
    model = artifact.load(trained / "model")
    rows = [
        Marked(context, asked, (bad, hides, shows, twice)),
        Marked(context, (), (bad, hides)),
        Marked(context, asked, (bad, hides)),  # all alike once the persona counts
        Marked(context, (), (("Yes.", "m"), ("No.", "m"))),
    ]
    first, second = fit_preference.encode(model, rows)
    assert [model.codec.decode(ids) for ids in first.replies] == [bad[0], hides[0], shows[0]]
    assert first.better == [2]
    assert first.worse(2) == [0, 1]
    assert second.better == [1]
    corpus, recipe = (
        Corpus(marked={"train": rows[2:3], "valid": [], "test": []}),
        tiny.recipe(trained / "base"),
    )
    off = replace(recipe, preference=SHAPE)
    assert fit_preference.fit(model, corpus, off, tmp_path, torch.device("cpu")) == {"contexts": 0}


def test_what_was_marked_better_becomes_likelier_and_only_the_decoder_changes(
    trained: Path, tmp_path: Path
) -> None:
    model = artifact.load(trained / "model")
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    corpus = Corpus()
    corpus.marked["train"], corpus.marked["valid"] = marked(tiny.THINGS[:9]), marked(tiny.THINGS[9:])
    recipe = replace(tiny.recipe(trained / "base"), preference=SHAPE)
    figures = fit_preference.fit(model, corpus, recipe, tmp_path, torch.device("cpu"))
    assert figures["held_out_right"] == 1.0
    assert figures["contexts"] == 9
    assert json.loads((tmp_path / "preference.json").read_text()) == figures
    changed = {
        name for name, value in model.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_its_own_reply_to_the_written_corpus_loses_to_what_was_written(trained: Path, tmp_path: Path) -> None:
    model = artifact.load(trained / "model")
    corpus = corpora.load(trained / "corpus")
    recipe = replace(tiny.recipe(trained / "base"), preference=replace(SHAPE, self_play=20))
    found = fit_preference.self_play(model, corpus, recipe, tmp_path)
    written = {
        (item.context, reply.text, asked)
        for item in corpus.parts["train"]
        for reply in item.replies
        for asked in (reply.labels, ())
    }
    assert 10 < len(found) <= 20
    for row in found:
        (better, won), (worse, lost) = row.replies
        assert (won, lost) == ("w", "n")
        assert (row.context, better, row.asked) in written
        assert worse != better
    off = replace(recipe, preference=SHAPE)
    assert fit_preference.self_play(model, corpus, off, tmp_path) == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "holds none to train on"),
        ([("style/plain", "y", "y")], "holds none to train on"),
        ([("style/plain", "y", "n"), ("mood/sour", "y", "n")], "mood/sour is none of them"),
    ],
)
def test_marks_that_teach_nothing_are_refused_before_any_stage(
    trained: Path, tmp_path: Path, rows: list[tuple[str, str, str]], reason: str
) -> None:
    recipe = replace(tiny.recipe(trained / "base"), preference=SHAPE)
    corpus = Path(shutil.copytree(trained / "corpus", tmp_path / "corpus"))
    lines = [
        {"facts": [], "turns": ["My rain."], "labels": [label], "marked": [["Yes.", one], ["No.", two]]}
        for label, one, two in rows
    ]
    (corpus / "marked.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(UsageError, match=reason):
        pipeline.train(recipe, corpus, tmp_path / "w", tmp_path / "m", plain=None, device="cpu")
    assert not (tmp_path / "w" / "train.jsonl").exists()


def test_the_pipeline_takes_the_stage_in(trained: Path) -> None:
    figures = json.loads((trained / "work" / "preference.json").read_text())
    assert figures["contexts"] > 8
    rows = [json.loads(line) for line in (trained / "work" / "train.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["stage"] == "preference"] == [8]
