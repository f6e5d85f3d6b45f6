from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from chatbot.decoding.candidates import Candidate, earlier_ends
from chatbot.decoding.ranking import echo
from chatbot.decoding.reply import Reply, Row, Start
from chatbot.decoding.sampling import Sampling
from chatbot.engine import GenerationEngine
from chatbot.errors import ModelError, UnknownNameError, UsageError
from chatbot.flow import FlowOptions
from chatbot.model import artifact
from chatbot.model.choice import Choice, contrasted
from chatbot.model.reading import BATCH
from chatbot.model.text import Context, Turn
from chatbot.model.words import words, worn_words
from profiles import Target

RAIN = Context.of(["I have a cat."], ["I like the rain."])
GLOOM = {"attitude": Target.parse("pessimistic:4")}
SEEDED = Sampling(seed=3, max_tokens=20, candidates=1)


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> GenerationEngine:
    return GenerationEngine.load(tiny_model, device="cpu")


def test_a_word_of_several_pieces_is_one_of_the_context_or_learnt(tiny_model: Path) -> None:
    model = artifact.load(tiny_model)
    zebu = Context.of(["I have a zebu."], ["I like the rain."])
    for learnt, context, found in (
        ((), zebu, ""),  # a model that keeps no words is free
        (("elsewhere",), zebu, "zebu"),
        (("elsewhere", "zebra"), RAIN, "zebra"),
    ):
        said = (
            GenerationEngine(replace(model, words=learnt)).reply(context, {}, SEEDED, prefix="The zeb").text
        )
        assert (said.split()[1].strip(".,") == found) == bool(found), said


def test_it_says_what_it_is(engine: GenerationEngine, tiny_model: Path) -> None:
    manifest = artifact.read_manifest(tiny_model)
    assert engine.name == "tiny"
    assert manifest.weights_digest.startswith(engine.digest)
    assert len(engine.digest) == 16
    assert engine.attributes == {
        "attitude": ("optimistic", "pessimistic"),
        "style": ("lyrical", "plain"),
    }
    assert engine.context_budget == 64


def test_stream_gives_the_pieces_and_then_the_reply(engine: GenerationEngine) -> None:
    *pieces, reply = engine.stream(RAIN, GLOOM, SEEDED)
    assert isinstance(reply, Reply)
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert "".join(map(str, pieces)).strip() == reply.text != ""
    assert reply.text == engine.reply(RAIN, GLOOM, SEEDED).text


def test_trace_tells_the_whole_story_as_json(engine: GenerationEngine) -> None:
    trace = engine.reply(RAIN, GLOOM, SEEDED).trace
    assert json.loads(json.dumps(trace)) == trace
    assert trace["seed"] == 3
    assert trace["flow"] == "moved"
    assert trace["evaluations"] == 17
    assert trace["energy_after"] < trace["energy_before"]
    asked = trace["targets"]["attitude"]
    assert asked["aspects"] == {"pessimistic": 1.0}
    assert asked["weight"] == 4.0
    assert asked["probability_before"] < 0.95 <= asked["probability_after"]
    assert trace["energy_after"] == pytest.approx(-4.0 * math.log(asked["probability_after"]), rel=1e-3)
    assert trace["stopped"]
    assert not trace["limited"]
    assert {name: sum(p.values()) for name, p in trace["measured"].items()} == {
        "attitude": pytest.approx(1.0),
        "style": pytest.approx(1.0),
    }
    assert trace["finish"] in ("end", "length")
    assert 0 < trace["tokens"] <= 20
    assert trace["model"] == "tiny"
    assert trace["model_digest"] == engine.digest
    assert trace["sampling"]["temperature"] == SEEDED.temperature
    assert set(trace["times"]) == {"encode_ms", "flow_ms", "decode_ms", "measure_ms", "total_ms"}
    assert all(value >= 0 for value in trace["times"].values())


@pytest.mark.parametrize("candidates", [1, 3])
def test_a_reply_begins_with_the_words_that_it_is_given(engine: GenerationEngine, candidates: int) -> None:
    sampling = replace(SEEDED, candidates=candidates)
    *pieces, reply = engine.stream(RAIN, GLOOM, sampling, prefix=" The OLD sea ")
    assert isinstance(reply, Reply)
    assert reply.text.startswith("The OLD sea")
    assert len(reply.text) > len("The OLD sea")  # the end does not come at once
    assert (
        "".join(map(str, pieces))
        == reply.text
        == engine.reply(RAIN, GLOOM, sampling, prefix="The OLD sea").text
    )


def test_an_opening_that_leaves_no_room_is_refused(engine: GenerationEngine) -> None:
    with pytest.raises(UsageError, match=r"leave it no room: they have \d+ tokens, and \d+ fit"):
        engine.reply(RAIN, {}, SEEDED, prefix="rain " * 500)


@pytest.mark.parametrize("strength", [0.6, 0.9])
def test_a_strength_is_the_probability_that_the_flow_reaches(
    engine: GenerationEngine, strength: float
) -> None:
    asked = {"attitude": Target.parse({"aspect": "pessimistic", "strength": strength})}
    replies = engine.replies([RAIN] * 8, [asked] * 8, SEEDED)
    reached = [reply.trace["targets"]["attitude"]["probability_after"] for reply in replies]
    assert all(abs(p - strength) < 0.08 for p in reached), reached
    assert replies[0].trace["targets"]["attitude"]["strength"] == strength


def test_seed_decides_the_reply(engine: GenerationEngine) -> None:
    free = Sampling(candidates=1, temperature=2.0, top_p=1.0, contrast=0.0)
    texts = [engine.reply(RAIN, {}, replace(free, seed=seed)).text for seed in range(6)]
    assert texts == [engine.reply(RAIN, {}, replace(free, seed=seed)).text for seed in range(6)]
    assert len(set(texts)) > 1


def test_without_a_seed_each_reply_has_a_new_one_that_repeats_it(engine: GenerationEngine) -> None:
    first, second = (engine.reply(RAIN, {}, Sampling()) for _ in range(2))
    assert first.trace["seed"] != second.trace["seed"]
    assert engine.reply(RAIN, {}, Sampling(seed=first.trace["seed"])).text == first.text


CONTEXTS = [
    RAIN,
    Context.of([], ["Tell me of the sea."]),
    Context.of(["I have a dog.", "I like tea."], ["I like the sun.", "Yes. I know it.", "The moon again."]),
    Context((), (Turn("narrator", "The rain falls."), Turn("user", "What about the bread?"))),
]
TARGETS = [
    GLOOM,
    {},
    {"style": Target.parse("lyrical"), "attitude": Target.parse("optimistic:30")},
    {"style": Target.parse({"aspects": {"lyrical": 0.6, "plain": 0.4}, "weight": 3})},
]


def test_row_says_the_same_alone_and_in_a_batch(engine: GenerationEngine) -> None:
    seeds = [11, 12, 13, 14]
    together = engine.replies(CONTEXTS, TARGETS, SEEDED, seeds)
    for context, targets, seed, reply in zip(CONTEXTS, TARGETS, seeds, together, strict=True):
        alone = engine.replies([context], [targets], SEEDED, [seed])[0]
        assert alone.text == reply.text
        assert alone.trace["energy_after"] == pytest.approx(reply.trace["energy_after"], rel=1e-3, abs=1e-4)
        assert alone.trace["tokens"] == reply.trace["tokens"]
        assert alone.trace["finish"] == reply.trace["finish"]


def test_batch_without_seeds_counts_up_from_the_one_seed(engine: GenerationEngine) -> None:
    replies = engine.replies(CONTEXTS[:3], TARGETS[:3], SEEDED)
    assert [reply.trace["seed"] for reply in replies] == [3, 4, 5]
    assert engine.replies([], [], SEEDED) == []


def test_nothing_asked_is_the_prior(engine: GenerationEngine) -> None:
    free = engine.reply(RAIN, {}, SEEDED)
    off = engine.reply(RAIN, {"attitude": Target.parse("pessimistic:0")}, SEEDED)
    assert free.trace["flow"] == off.trace["flow"] == "prior"
    assert free.trace["evaluations"] == off.trace["evaluations"] == 0
    assert free.text == off.text
    asked = off.trace["targets"]["attitude"]
    assert asked["probability_before"] == asked["probability_after"] < 1


def test_a_target_without_weight_has_one(engine: GenerationEngine) -> None:
    trace = engine.reply(RAIN, {"style": Target.parse("plain")}, SEEDED).trace
    assert trace["targets"]["style"]["weight"] == 1.0


def test_guidance_shows_in_the_text(tiny_model: Path) -> None:
    """Judged by words that one aspect alone uses, not by the model's own heads."""
    engine = GenerationEngine.load(tiny_model, device="cpu", flow=FlowOptions(target_probability=0.99))
    glad, sad = {"good", "happy"}, {"bad", "sad"}
    for aspect, wanted, other in (("optimistic", glad, sad), ("pessimistic", sad, glad)):
        targets = {"attitude": Target.parse(f"{aspect}:20")}
        replies = engine.replies([RAIN] * 40, [targets] * 40, Sampling(seed=100))
        said = [set(words(reply.text)) for reply in replies]
        assert sum(bool(wanted & one) for one in said) > 2 * sum(bool(other & one) for one in said)


def test_failed_flow_costs_the_guidance_not_the_reply(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu", flow=FlowOptions(max_evaluations=2))
    reply = engine.reply(RAIN, GLOOM, SEEDED)
    assert reply.trace["flow"].startswith("failed: The flow may take 2 evaluations")
    assert reply.text == engine.reply(RAIN, {}, SEEDED).text
    assert reply.trace["energy_after"] == reply.trace["energy_before"]


def test_row_whose_flow_fails_spoils_no_other(tiny_model: Path) -> None:
    endless = FlowOptions(logits=True, trust_radius=math.inf, target_probability=1.0)
    engine = GenerationEngine.load(tiny_model, device="cpu", flow=endless)
    wild = {"attitude": Target.parse("pessimistic:1e6")}
    calm = {"attitude": Target.parse("pessimistic:0.1")}
    seeds = [1, 2, 3]
    replies = engine.replies([RAIN] * 3, [calm, wild, {}], SEEDED, seeds)
    flows = [reply.trace["flow"].partition(":")[0] for reply in replies]
    assert flows == ["moved", "failed", "prior"]
    assert replies[0].text == engine.replies([RAIN], [calm], SEEDED, [1])[0].text
    assert replies[1].text == engine.replies([RAIN], [{}], SEEDED, [2])[0].text


def test_best_of_several_candidates_is_given(engine: GenerationEngine) -> None:
    """Each candidate is the reply of a seed of its own, and no other than the best is given."""
    (best,) = engine.replies([RAIN], [GLOOM], Sampling(max_tokens=20, candidates=4), [3])
    alone = engine.replies([RAIN] * 4, [GLOOM] * 4, SEEDED, [3 + number * 1_000_003 for number in range(4)])
    assert best.trace["seed"] == 3
    assert best.text == alone[best.trace["candidate"]].text
    assert best.trace["likelihood"] < 0


def test_the_best_candidate_comes_word_by_word(engine: GenerationEngine) -> None:
    *pieces, reply = engine.stream(RAIN, GLOOM, Sampling(seed=3, candidates=3))
    assert isinstance(reply, Reply)
    assert "".join(str(piece) for piece in pieces) == reply.text
    assert len(pieces) == len(reply.text.split()) > 1


def test_longest_reply_is_cut_and_says_so(engine: GenerationEngine) -> None:
    reply = engine.reply(RAIN, GLOOM, Sampling(seed=3, max_tokens=2))
    assert reply.trace["tokens"] == 2
    assert reply.trace["finish"] == "length"
    assert engine.reply(RAIN, GLOOM, Sampling(seed=3, max_tokens=100_000)).trace["tokens"] <= 128


@pytest.mark.parametrize("candidates", [1, 3])
def test_a_reply_ends_before_a_stop_string(engine: GenerationEngine, candidates: int) -> None:
    sampling = replace(SEEDED, candidates=candidates)
    free = engine.reply(RAIN, GLOOM, sampling)
    middle = free.text[len(free.text) // 2 :][:3]  # as it is spelt in the reply, so that it comes again
    stopped = replace(sampling, stop=("no such words", middle))
    *pieces, reply = engine.stream(RAIN, GLOOM, stopped)
    assert isinstance(reply, Reply)
    assert "".join(map(str, pieces)).strip() == reply.text == engine.reply(RAIN, GLOOM, stopped).text
    assert middle not in reply.text
    if candidates == 1:
        assert reply.text == free.text[: free.text.index(middle)].strip()
        assert reply.trace["finish"] == "stop"
        assert reply.trace["tokens"] < free.trace["tokens"]
    assert reply.trace["sampling"]["stop"] == ["no such words", middle]
    assert "stop" not in free.trace["sampling"]


@pytest.mark.parametrize("candidates", [1, 3])
def test_what_was_held_back_for_a_stop_string_is_said_at_the_end(
    engine: GenerationEngine, candidates: int
) -> None:
    sampling = replace(SEEDED, candidates=candidates)
    free = engine.reply(RAIN, GLOOM, sampling).text
    *pieces, reply = engine.stream(RAIN, GLOOM, replace(sampling, stop=(free[-1] + "~",)))
    assert isinstance(reply, Reply)
    assert "".join(map(str, pieces)).strip() == reply.text == free


def test_every_rule_of_sampling_reaches_the_choice_of_tokens(
    engine: GenerationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {
        "temperature": 0.7,
        "top_p": 0.6,
        "repetition_penalty": 1.7,
        "no_repeat_ngram": 4,
        "presence_penalty": 1.5,
        "contrast": 0.25,
    }
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr("chatbot.engine.Choice", lambda **given: seen.append(given) or Choice(**given))
    engine.reply(RAIN, GLOOM, replace(SEEDED, **rules))
    assert {name: seen[0][name] for name in rules} == rules
    assert seen[0]["banned"].tolist() == list(engine.parts[2].banned)


def test_spread_is_the_distance_from_the_priors_mean_in_its_deviations(engine: GenerationEngine) -> None:
    prior = engine.parts[0].prior([RAIN])

    def away(spread: float) -> torch.Tensor:
        start = engine._begin([Row(RAIN, {}, 3)], replace(SEEDED, spread=spread))  # pyright: ignore[reportPrivateUsage]
        return (start.z - prior.mean) / prior.std

    assert float(away(0.0).abs().max()) < 1e-5
    torch.testing.assert_close(away(0.5), away(1.0) / 2, atol=1e-5, rtol=1e-4)
    assert float(away(1.0).abs().max()) > 0.1


def test_what_a_trace_tells_of_echoes_and_of_the_match(engine: GenerationEngine) -> None:
    said = " ".join(engine.reply(RAIN, GLOOM, replace(SEEDED, seed=seed)).text for seed in range(8))
    again = Context(RAIN.facts, (*RAIN.turns, Turn("bot", said), Turn("user", "Why?")))
    reply = engine.reply(again, GLOOM, replace(SEEDED, presence_penalty=0.0, candidates=2))
    assert reply.trace["echo"] == echo(worn_words(again), reply.text) > 0
    assert [reply.trace["match"]] == pytest.approx(engine.parts[0].matches([again], [reply.text]), abs=1e-4)


def test_what_is_weighed_has_an_end(engine: GenerationEngine) -> None:
    reader, _, codec = engine.parts
    z = engine._begin([Row(RAIN, GLOOM, 3)], SEEDED).z  # pyright: ignore[reportPrivateUsage]
    ids = [*codec.encode("The rain is good."), codec.end]
    (found,) = engine.weigh(RAIN, GLOOM, ["The rain is good."], SEEDED, [3])
    assert found == pytest.approx(
        reader.likelihood(reader.prefix([RAIN]), torch.tensor([0]), z, [ids]), abs=1e-5
    )


def test_the_window_is_what_the_model_sees(engine: GenerationEngine) -> None:
    window = engine.window(RAIN)
    assert window.context == RAIN
    assert (window.used, window.total) == (13, 64)
    assert engine.length("I am old.") == engine.window(Context(("I am old.",))).used
    assert engine.reply(RAIN, {}, SEEDED).trace["window"] == {"used": 13, "total": 64, "turns": 1}
    long = Context.of(["I have a cat."] * 50, ["I like the rain."] * 41)
    seen = engine.window(long)
    assert seen.used <= 64
    assert seen.context.facts[0] == "I have a cat."
    assert seen.context.turns == long.turns[-len(seen.context.turns) :] != ()


def test_closing_the_stream_stops_and_leaves_no_mode_behind(engine: GenerationEngine) -> None:
    stream = engine.stream(RAIN, GLOOM, SEEDED)
    assert next(stream)
    assert not torch.is_inference_mode_enabled()
    stream.close()  # type: ignore[attr-defined]
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()
    assert engine.reply(RAIN, GLOOM, SEEDED).text


def test_context_of_any_length_fits(engine: GenerationEngine) -> None:
    long = Context.of(["I have a cat."] * 50, ["I like the rain. " * 200] * 41)
    assert engine.reply(long, GLOOM, SEEDED).text


@pytest.mark.parametrize(
    ("targets", "hint"),
    [
        ({"atitude": Target.parse("pessimistic")}, "Did you mean 'attitude'"),
        ({"attitude": Target.parse("pesimistic")}, "Did you mean 'pessimistic'"),
    ],
)
def test_unknown_name_is_refused_with_the_near_one(
    engine: GenerationEngine, targets: dict[str, Target], hint: str
) -> None:
    with pytest.raises(UnknownNameError, match=hint):
        engine.check(targets)
    with pytest.raises(UnknownNameError, match=hint):
        engine.reply(RAIN, targets, SEEDED)


def test_context_without_a_message_is_refused(engine: GenerationEngine) -> None:
    with pytest.raises(UsageError, match="Give it a turn"):
        engine.reply(Context(("I have a cat.",)), {}, SEEDED)


def test_measure_reads_the_text(engine: GenerationEngine) -> None:
    glad = engine.measure(RAIN, "Good, the rain will be fine and happy.")
    sad = engine.measure(RAIN, "Bad, the rain will be lost and sad.")
    assert glad["attitude"]["optimistic"] > 0.5 > sad["attitude"]["optimistic"]
    assert engine.measure(RAIN, "")["style"].keys() == {"lyrical", "plain"}


def test_damaged_weights_are_a_model_error(tiny_model: Path) -> None:
    model = artifact.load(tiny_model)
    with torch.no_grad():
        model.model.prior_head.output.bias[0] = float("nan")
    with pytest.raises(ModelError, match="must be finite"):
        GenerationEngine(model).reply(RAIN, {}, SEEDED)


def test_half_precision_replies_too(tiny_model: Path) -> None:
    engine = GenerationEngine.load(tiny_model, device="cpu", dtype="bfloat16")
    assert engine.reply(RAIN, GLOOM, SEEDED).trace["flow"] == "moved"


def test_with_brevity_an_earlier_end_is_a_candidate_of_its_own(
    engine: GenerationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[Reply] = []

    def shortest(text: str, trace: dict[str, Any]) -> int:
        weighed.append(Reply(text, trace))
        return -len(text)

    monkeypatch.setattr("chatbot.engine.merit", shortest)
    monkeypatch.setattr(
        "chatbot.decoding.candidates.earlier_endings", lambda text, opening: text.split()[:-1][:1]
    )
    codec = engine.parts[2]
    two = ([RAIN, Context.of([], ["Hello."])], [GLOOM, {}], replace(SEEDED, candidates=3, brevity=1.0))
    chosen = engine.replies(*two)
    cut = [reply for reply in weighed if "cut" in reply.trace]
    whole = {(r.trace["seed"], r.trace["candidate"]): r for r in weighed if "cut" not in r.trace}
    assert len(whole) == 6
    assert len(cut) == sum(len(reply.text.split()) > 1 for reply in whole.values()) > 3
    for reply in cut:
        of = whole[reply.trace["seed"], reply.trace["candidate"]]
        assert reply.text == of.text.split()[0]
        assert reply.trace["cut"] == len(of.text.split()) - 1
        assert reply.trace["finish"] == "end"
        assert reply.trace["tokens"] == len(codec.encode(reply.text)) + 1
        assert reply.trace["targets"] == of.trace["targets"]  # the z is the same
        assert reply.trace["likelihood"] != of.trace["likelihood"]
        context = two[0][reply.trace["seed"] - 3]
        for name, found in engine.measure(context, reply.text).items():
            assert reply.trace["measured"][name] == pytest.approx(found, abs=1e-4)
    for reply, seed in zip(chosen, (3, 4), strict=True):
        assert reply.text == min((r.text for r in weighed if r.trace["seed"] == seed), key=len)
    weighed.clear()
    engine.replies(two[0], two[1], replace(two[2], brevity=0.0))
    assert [(r.text, r.trace["likelihood"]) for r in weighed] == [
        (r.text, pytest.approx(r.trace["likelihood"], abs=1e-4)) for r in whole.values()
    ]


@pytest.mark.parametrize("prefix", ["Well, I", "Well, i", "I"])
def test_the_last_word_of_what_a_reply_begins_with_is_not_said_twice(
    engine: GenerationEngine, prefix: str
) -> None:
    for candidates in (1, 2):
        text = engine.reply(RAIN, GLOOM, replace(SEEDED, candidates=candidates), prefix=prefix).text
        assert text.startswith(prefix)
        assert text[len(prefix) : len(prefix) + 1] not in ("I", "i")


def test_what_is_read_side_by_side_reads_as_it_does_alone(engine: GenerationEngine) -> None:
    reader, _, codec = engine.parts
    contexts = [RAIN, Context.of([], ["Do you like the old rain, or the cat?"])]
    texts = [" ".join(["The cat is good."] * (1 + 5 * n % 7)) for n in range(11)]
    assert len(texts) > BATCH
    ids = [[*codec.encode(text), codec.end] for text in texts]
    owner = torch.tensor([n % 2 for n in range(11)])
    asked = [contexts[n % 2] for n in range(11)]
    z = torch.randn(11, reader.prior([RAIN]).mean.shape[1], generator=torch.Generator().manual_seed(1))
    read, one = reader.prefix(contexts), torch.tensor([0])
    alone = [reader.likelihood(reader.prefix([asked[n]]), one, z[n : n + 1], [ids[n]])[0] for n in range(11)]
    assert reader.likelihood(read, owner, z, ids) == pytest.approx(alone, abs=1e-4)
    found = reader.posterior(asked, texts)
    for n in range(11):
        one_by_one = reader.posterior([asked[n]], [texts[n]])
        torch.testing.assert_close(found.mean[n : n + 1], one_by_one.mean, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found.log_var[n : n + 1], one_by_one.log_var, atol=1e-4, rtol=1e-4)


def test_an_opening_is_heard_and_does_not_count(engine: GenerationEngine) -> None:
    reader, decoder, codec = engine.parts
    opening, rest = codec.encode("The cat"), [*codec.encode("is good."), codec.end]
    z = engine._artifact.model.average_latent()  # pyright: ignore[reportPrivateUsage]
    whole = torch.tensor([[codec.bot, *opening, *rest]])
    with torch.inference_mode():
        logits = decoder.logits(reader.prefix([RAIN]), z, whole[:, :-1], torch.ones_like(whole[:, :-1]))
    said = logits.log_softmax(-1)[0].gather(-1, whole[0, 1:, None])[len(opening) :]
    assert len(said) == len(rest)
    found = reader.likelihood(reader.prefix([RAIN]), torch.tensor([0]), z, [rest], opening)
    assert found == [pytest.approx(float(said.mean()), abs=1e-5)]


def test_no_earlier_end_where_the_opening_ends_inside_a_word(engine: GenerationEngine) -> None:
    codec = engine.parts[2]
    text = "I like the rain. It is good."
    for prefix, ends in (("I like", ["I like the rain."]), ("I lik", [])):
        start = cast(Start, SimpleNamespace(prefix=prefix, opening=codec.encode(prefix)))
        found = earlier_ends([Candidate(0, text, [], "end")], start, codec)
        assert [one.text for one in found] == ends
        assert all(codec.decode([*start.opening, *one.ids]) == one.text for one in found)


def test_no_earlier_end_brings_a_stop_string_into_the_reply(
    engine: GenerationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []
    monkeypatch.setattr("chatbot.engine.merit", lambda text, trace: weighed.append(text) or 0)
    monkeypatch.setattr(
        "chatbot.decoding.candidates.earlier_endings",
        lambda text, opening: [opening + " well.", opening + " well!"],
    )
    two = replace(SEEDED, candidates=2, brevity=1.0, stop=(".",))
    engine.reply(RAIN, GLOOM, two, prefix="So.")  # what it begins with may hold one
    assert [text for text in weighed if text.startswith("So. well")] == ["So. well!"] * 2


@pytest.mark.parametrize("contrast", [0.0, 0.5])
def test_presence_penalty_keeps_what_was_said_from_coming_again(
    engine: GenerationEngine, contrast: float
) -> None:
    codec = engine.parts[2]
    free = replace(SEEDED, presence_penalty=0.0, contrast=contrast, temperature=0.0)
    first = engine.reply(RAIN, GLOOM, free).text
    lively = replace(free, temperature=1.0)
    said = " ".join(engine.reply(RAIN, GLOOM, replace(lively, seed=seed)).text for seed in range(8))
    again = Context(RAIN.facts, (*RAIN.turns, Turn("bot", said), Turn("user", "Why?")))
    worn = set(codec.whole(worn_words(again)))
    assert worn & set(codec.encode(engine.reply(again, GLOOM, free).text))  # it repeats itself when it may
    kept = replace(free, presence_penalty=100.0)
    together = engine.replies([again, RAIN], [GLOOM, GLOOM], kept, [3, 3])
    assert not worn & set(codec.encode(together[0].text))
    assert together[1].text == first  # a row with nothing behind it is left alone
    assert together[0].trace["sampling"]["presence_penalty"] == 100.0


def test_the_contrast_is_with_no_context_and_the_average_z(tiny_model: Path) -> None:
    model = artifact.load(tiny_model)
    engine, head = GenerationEngine(model), model.model.prior_head
    plain = Sampling(candidates=1, temperature=0.0, spread=0.0, repetition_penalty=1.0, no_repeat_ngram=0)
    reader, decoder, codec = engine.parts
    with torch.no_grad():
        average = head.output(torch.nn.functional.silu(head.hidden(torch.zeros(1, head.hidden.in_features))))
        average = average.chunk(2, dim=-1)[0]  # what the norm makes 0 of is the average context
        torch.testing.assert_close(model.model.average_latent(), average)
        z, end = reader.prior([RAIN]).mean, torch.tensor([[codec.end]])
        said = [codec.bot]
        while said[-1] != codec.end and len(said) < 30:
            line = torch.tensor([said])
            mask = torch.ones_like(line)
            own = decoder.logits(reader.prefix([RAIN]), z, line, mask)[:, -1]
            other = decoder.logits(decoder.prefill(end, torch.ones_like(end)), average, line, mask)[:, -1]
            own[:, [*codec.banned, *([codec.end] if len(said) == 1 else [])]] = -torch.inf
            said.append(int(contrasted(own, other, 1.5).argmax()))
    reply = engine.reply(RAIN, {}, replace(plain, contrast=1.5))
    assert reply.text == codec.decode(said)
    assert reply.trace["sampling"]["contrast"] == 1.5
