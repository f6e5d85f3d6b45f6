"""Training for real: the losses fall, z carries the aspect, the decoder uses z, and a killed run goes on."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import tiny
from chatbot.errors import ChatbotError, ConfigError, UsageError
from chatbot.model import artifact
from chatbot.train import corpus as corpora
from chatbot.train import fit_cvae, fit_heads, pipeline
from chatbot.train import recipe as recipes
from chatbot.train.fit_cvae import EncodedItem, epoch_batches
from chatbot.train.loop import Stage, learning_rate
from full_disk import no_room_for


def log(trained: Path, stage: str) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (trained / "work" / "train.jsonl").read_text().splitlines()]
    return [row for row in rows if row["stage"] == stage]


def test_the_losses_fall(trained: Path) -> None:
    for stage, term in (("pretrain", "loss"), ("cvae", "loss_reconstruction"), ("cvae", "loss_aspect")):
        values = [row[term] for row in log(trained, stage)]
        assert values[-1] < 0.7 * values[0], (term, values)


def test_z_carries_the_aspect_and_the_decoder_uses_z(trained: Path) -> None:
    last = [row for row in log(trained, "cvae") if "valid_ce" in row][-1]
    assert last["valid_heads"] > 0.9
    assert last["valid_ce_shuffled"] > 1.3 * last["valid_ce"]
    assert last["active_units"] >= 2
    heads = json.loads((trained / "work" / "heads.json").read_text())["heads"]
    assert min(row["accuracy"] for row in heads.values()) > 0.9


def test_every_loss_is_logged(trained: Path) -> None:
    losses = {f"loss_{name}" for name in ("reconstruction", "kl", "aspect", "distance", "bow")}
    assert all(losses | {"kl_nats", "beta", "noise"} <= row.keys() for row in log(trained, "cvae"))


def test_a_finished_run_is_not_trained_again(trained: Path, tmp_path: Path) -> None:
    work = Path(shutil.copytree(trained / "work", tmp_path / "work"))
    lines = len((work / "train.jsonl").read_text().splitlines())
    recipe = tiny.recipe(trained / "base")
    pipeline.train(recipe, trained / "corpus", work, tmp_path / "model", plain=None, device="cpu")
    assert len((work / "train.jsonl").read_text().splitlines()) == lines
    one, two = (
        artifact.load(folder).model.state_dict() for folder in (trained / "model", tmp_path / "model")
    )
    assert all(torch.equal(one[name], two[name]) for name in one)

    sealed = replace(artifact.read_manifest(tmp_path / "model"), stage="ready")
    artifact.write_manifest(tmp_path / "model", sealed)
    (tmp_path / "model" / "eval.json").write_text("{}")
    pipeline.train(recipe, trained / "corpus", work, tmp_path / "model", plain=None, device="cpu")
    assert (tmp_path / "model" / "eval.json").exists()  # an evaluation takes long
    assert artifact.load(tmp_path / "model").manifest == sealed

    other = replace(recipe, name="other", storage="fp32", threads=0)
    pipeline.train(other, trained / "corpus", work, tmp_path / "other", plain=None, device="cpu")
    assert len((work / "train.jsonl").read_text().splitlines()) == lines
    exact = artifact.load(tmp_path / "other")
    assert (exact.manifest.name, exact.manifest.storage) == ("other", "fp32")


def test_a_work_folder_is_of_one_run(trained: Path, tmp_path: Path) -> None:
    work = Path(shutil.copytree(trained / "work", tmp_path / "work"))
    before = {path: path.stat().st_mtime_ns for path in work.iterdir()}
    recipe = tiny.recipe(trained / "base")
    corpus = Path(shutil.copytree(trained / "corpus", tmp_path / "corpus"))
    more = {"facts": [], "turns": ["New words."], "replies": {"style/plain": "Yes. I know the zebra."}}
    (corpus / "more.jsonl").write_text(json.dumps(more) + "\n")
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.jsonl").write_text(json.dumps({"turns": ["Hello.", "Yes."]}) + "\n")
    steps = recipe.cvae.steps
    for changed, folder, text, difference in (
        (replace(recipe, seed=99), trained / "corpus", None, "seed was 17, now is 99"),
        (
            replace(recipe, cvae=replace(recipe.cvae, steps=5)),
            trained / "corpus",
            None,
            f"cvae.steps was {steps}, now is 5",
        ),
        (recipe, corpus, None, "corpus digest was '[0-9a-f]{16}', now is"),
        (recipe, trained / "corpus", plain, "plain text digest was '', now is"),
    ):
        with pytest.raises(UsageError, match=f"{difference}.*Give another --work, or delete"):
            pipeline.train(changed, folder, work, tmp_path / "model", plain=text, device="cpu")
    assert {path: path.stat().st_mtime_ns for path in work.iterdir()} == before
    assert not (tmp_path / "model").exists()


def test_what_a_run_is_survives_json_and_an_older_folder(trained: Path, tmp_path: Path) -> None:
    """10 and 10.0 are one value; a folder from before there was a run.json, or where none found room, goes on
    and has one then."""
    recipe = tiny.recipe(trained / "base")
    corpus = corpora.load(trained / "corpus")
    (tmp_path / "cvae.pt").touch()
    (tmp_path / "tokenizer.json").touch()
    for full in (tmp_path / "run.json", tmp_path / "run.part"):
        with no_room_for(full), suppress(OSError):
            pipeline.claim(tmp_path, recipe, corpus)
    pipeline.claim(tmp_path, recipe, corpus)
    assert (tmp_path / "tokenizer.json").exists()
    whole = replace(recipe, cvae=replace(recipe.cvae, aspect=int(recipe.cvae.aspect)))
    pipeline.claim(tmp_path, whole, corpus)
    with pytest.raises(UsageError, match="autocast was False, now is True. Give"):
        pipeline.claim(tmp_path, replace(recipe, autocast=True), corpus)


def test_a_start_that_was_refused_before_any_stage_binds_nobody(trained: Path, tmp_path: Path) -> None:
    recipe, corpus = tiny.recipe(trained / "base"), corpora.load(trained / "corpus")
    pipeline.claim(tmp_path, recipe, corpus)
    (tmp_path / "tokenizer.json").touch()
    pipeline.claim(tmp_path, replace(recipe, seed=3), corpus)
    assert not (tmp_path / "tokenizer.json").exists()  # it may have been another base's
    (tmp_path / "train.jsonl").touch()
    with pytest.raises(UsageError, match="seed was 3, now is 17"):
        pipeline.claim(tmp_path, recipe, corpus)


@pytest.mark.parametrize(
    ("left", "begun"),
    [("pretrain.pt", 1), ("heads.pt", 3), ("self-play.jsonl", 4), ("samples.jsonl", 5), ("matcher.pt", 6)],
)
def test_stages_that_have_not_begun_may_change(left: str, begun: int, trained: Path, tmp_path: Path) -> None:
    recipe, corpus = tiny.recipe(trained / "base"), corpora.load(trained / "corpus")
    for file in (left, "tokenizer.json"):
        (tmp_path / file).touch()
    assert pipeline.claim(tmp_path, recipe, corpus)
    for place, stage in enumerate(("pretrain", "cvae", "heads", "chats", "preference", "matcher")):
        changed = replace(recipe, **{stage: replace(getattr(recipe, stage), lr=0.5)})
        if place < begun:
            with pytest.raises(UsageError, match=f"may change; .* {stage}.lr was .*, now is 0.5. Give"):
                pipeline.claim(tmp_path, changed, corpus)
        else:
            assert [pipeline.claim(tmp_path, changed, corpus) for _ in range(2)] == [False, True]
            pipeline.claim(tmp_path, recipe, corpus)
    assert (tmp_path / "tokenizer.json").exists()


class Interrupted(Exception):
    pass


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """As in a terminal, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_a_killed_stage_ends_as_if_it_had_run_through(tmp_path: Path) -> None:
    """Noise in the step depends on the step's number alone, so all runs end in the same weights. Ctrl+C in a
    step loses none."""

    def run(folder: Path, stop_at: int | None, ctrl_c_at: int = -1, every: float = 0.0) -> torch.Tensor:
        folder.mkdir(exist_ok=True)
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 1)
        stage = Stage("toy", folder, {"layer": layer}, [(layer.parameters(), 0.1)], 20, save_every=every)

        def step(number: int) -> tuple[torch.Tensor, dict[str, float]]:
            taken.append(number)
            if number == stop_at:
                raise Interrupted
            if number == ctrl_c_at:
                signal.raise_signal(signal.SIGINT)
            loss = (layer(torch.randn(8, 3)) - 1).square().mean()
            return loss, {"loss": float(loss.detach())}

        stage.run(step)
        return layer.weight.detach().clone()

    taken: list[int] = []
    through = run(tmp_path / "a", None)
    with pytest.raises(Interrupted):
        run(tmp_path / "b", 11)
    torch.testing.assert_close(run(tmp_path / "b", None), through)
    taken.clear()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "c", None, ctrl_c_at=11, every=120.0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    torch.testing.assert_close(run(tmp_path / "c", None), through)
    assert taken == [*range(20)]


def test_the_log_has_each_step_once_and_a_full_disk_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer, log = torch.nn.Linear(3, 1), tmp_path / "train.jsonl"
    log.write_text('{"stage": "other", "step": 90}\n')
    stage = Stage("toy", tmp_path, {"layer": layer}, [(layer.parameters(), 0.1)], 20)
    reason = pytest.raises(ChatbotError, match=r"toy\.pt' cannot be written .*No space left.* Make room")
    with no_room_for(tmp_path / "toy.part"), reason:
        stage.run(lambda step: (layer.weight.sum(), {}))
    assert [*tmp_path.iterdir()] == [log]
    with log.open("a") as file:
        file.write('{"stage": "toy", "st')
    stage.step = 0  # as there is no checkpoint
    stage.run(lambda step: (layer.weight.sum(), {}))
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(row["stage"], row["step"]) for row in rows] == [("other", 90), ("toy", 10), ("toy", 20)]
    assert capsys.readouterr().out == ""


def test_a_run_that_was_killed_after_the_warm_up_ends_in_the_same_weights(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tiny.hurried(trained / "base", steps=2)
    preference, matcher = replace(full.preference, steps=1, self_play=0), replace(full.matcher, layers=0)
    short = replace(full, preference=preference, matcher=matcher, storage="fp32")

    def run(work: Path) -> dict[str, torch.Tensor]:
        output = work.with_suffix(".model")
        pipeline.train(short, trained / "corpus", work, output, plain=None, device="cpu")
        return artifact.load(output).model.state_dict()

    through = run(tmp_path / "a")
    shutil.copytree(
        tmp_path / "a", tmp_path / "b", ignore=shutil.ignore_patterns("cvae.pt", "heads.*", "pref*")
    )
    resumed = run(tmp_path / "b")
    assert all(torch.equal(through[name], resumed[name]) for name in through)
    begun = re.findall("Stage .*", capsys.readouterr().err)
    stages = ["1: language-model warm-up", "2: CVAE", "3: heads", "4: preferences"]  # of those there are
    assert begun == [f"Stage {stage}" for stage in stages] * 2


def test_what_was_trained_without_a_posterior_has_heads_on_its_prior(trained: Path) -> None:
    model = artifact.load(trained / "model")
    recipe, items = tiny.recipe(trained / "base"), corpora.load(trained / "corpus").parts["valid"]
    recipe = replace(recipe, cvae=replace(recipe.cvae, posterior=False))
    encoder = fit_cvae.Encoder(model.codec, model.encoder_codec, recipe.text, model.manifest.attributes)
    found = fit_heads.latents(model.model, encoder, items, recipe, torch.device("cpu"))
    assert torch.equal(found.posterior.mean, found.prior.mean)


def test_a_gradient_that_is_not_finite_ends_the_stage(tmp_path: Path) -> None:
    layer = torch.nn.Linear(1, 1)
    stage = Stage("toy", tmp_path, {"layer": layer}, [(layer.parameters(), 0.1)], 5)
    with pytest.raises(ChatbotError, match="Lower the rate"):
        stage.run(lambda step: (layer(torch.full((1, 1), float("nan"))).sum(), {}))


def test_learning_rate_warms_up_and_comes_down() -> None:
    assert learning_rate(0, 100, 10) == pytest.approx(0.1)
    assert learning_rate(10, 100, 10) == pytest.approx(1.0)
    assert learning_rate(100, 100, 10) == pytest.approx(0.05)


@pytest.mark.parametrize("name", ["embedded", "paper"])
def test_shipped_recipes_load(name: str) -> None:
    assert recipes.load(name).name == name


def test_recipe_errors_name_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    for text, reason in (
        (b"[cvae]\nstepz = 3\n", "unknown key 'stepz'. Did you mean 'steps'"),
        (b'[cvae]\nsteps = "3"\n', "steps must be int"),
        (b"[cvae\n", "not valid TOML"),
        (b'name = "caf\xe9"\n', "not valid TOML: .*utf-8"),
    ):
        path.write_bytes(text)
        with pytest.raises(ConfigError, match=reason):
            recipes.load(str(path))
    with pytest.raises(ConfigError, match="embedded, paper"):
        recipes.load("nope")
    path.write_text('name = "mine"\n[base]\nencoder = "~/bert"\n', encoding="utf-8-sig")
    monkeypatch.setenv("HOME", str(tmp_path))
    mine = recipes.load(str(path))
    assert (mine.name, mine.base.encoder) == ("mine", f"{tmp_path}/bert")
    assert recipes.adjust(mine, base="~/gpt", steps=[], seed=None).base.decoder == f"{tmp_path}/gpt"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('storage = "int9"', "storage must be one of fp32, bf16, int8; got 'int9'"),
        ("name.x = 1", "name must be str; got {'x': 1}"),
        ("seed = -1", "seed must be a number of 0 to 4294967295; got -1"),
        ("cvae.steps = -6", "steps must be a number of 0 or more; got -6"),
        ("cvae.replies = 0", "replies must be a number of 1 or more; got 0"),
        ("text.context_tokens = 2", "context_tokens must be a number of 3 or more; got 2"),
        ("text.reply_tokens = 1", "reply_tokens must be a number of 2 or more; got 1"),
        ("model.latent_dim = 0", "latent_dim must be a number of 1 or more; got 0"),
        ("cvae.lr = nan", "lr must be a number of 0 or more; got nan"),
        ("cvae.lr = inf", "lr must be a number of 0 or more; got inf"),
        ("pretrain.written_first = 1.5", "written_first must be a number of 0 to 1; got 1.5"),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{line}\n")
    with pytest.raises(ConfigError, match=re.escape(reason)):
        recipes.load(str(path))


def test_flags_change_a_recipe() -> None:
    recipe = recipes.load("embedded")
    changed = recipes.adjust(recipe, base="folder", steps=["cvae=7"], seed=3)
    assert (changed.base.encoder, changed.base.decoder) == ("folder", "folder")
    assert (changed.cvae.steps, changed.seed) == (7, 3)
    assert changed.pretrain == recipe.pretrain
    for steps in ("cvae", "cvae=²"):
        with pytest.raises(UsageError, match="--steps must be"):
            recipes.adjust(recipe, base=None, steps=[steps], seed=None)
    for seed in (-1, 2**32):
        with pytest.raises(UsageError, match=f"seed must be a number of 0 to 4294967295; got {seed}"):
            recipes.adjust(recipe, base=None, steps=[], seed=seed)


def test_two_bases_give_two_encoders_and_two_tokenizers(tmp_path: Path, trained: Path) -> None:
    """The paper's layout at toy size: separate encoders, and a tokenizer for each base."""
    recipe = tiny.recipe(trained / "base")
    other = Path(shutil.copytree(trained / "base", tmp_path / "other"))
    recipe = replace(
        recipe,
        base=replace(recipe.base, encoder=str(other), share_encoder=False, encoder_layers=0),
        text=replace(recipe.text, vocabulary=0, positions=0),
        pretrain=replace(recipe.pretrain, steps=2),
        cvae=replace(recipe.cvae, steps=2),
        heads=replace(recipe.heads, epochs=1),
        storage="bf16",
    )
    pipeline.train(
        recipe, trained / "corpus", tmp_path / "work", tmp_path / "model", plain=None, device="cpu"
    )
    loaded = artifact.load(tmp_path / "model")
    assert loaded.model.posterior_encoder is not None
    assert loaded.codec.cased


def items(*replies: int) -> list[EncodedItem]:
    """Items of alike lengths with so many replies each."""
    return [
        EncodedItem([1] * 5, [1] * 5, [[1] * 5] * n, [[1] * 5] * n, [[0]] * n, "parallel") for n in replies
    ]


@pytest.mark.parametrize("replies", [1, 8, 16, 31])
def test_batches_for_less_than_two_items_have_two_each(replies: int) -> None:
    batches = epoch_batches(items(*[16] * 101), replies, seed=17, epoch=0)
    assert sorted(map(len, batches)) == [*[2] * 49, 3]
    assert sorted(i for batch in batches for i in batch) == list(range(101))


@pytest.mark.parametrize("numbers", [(1, 4, 4), (4, 4, 1), (1, 1, 4), (1, 4), (4, 1, 1, 1, 1)])
def test_no_context_stands_alone_in_a_batch(numbers: tuple[int, ...]) -> None:
    for share in (1.0, 0.0):
        batches = epoch_batches(items(*numbers), 4, seed=17, epoch=0, single_share=share)
        assert min(map(len, batches)) > 1


def test_a_leftover_context_joins_the_batch_before_it() -> None:
    batches = epoch_batches(items(*[16] * 17), 128, seed=17, epoch=0)
    assert sorted(map(len, batches)) == [8, 9]


def test_a_corpus_without_labelled_replies_in_a_part_is_refused_before_any_stage(
    tmp_path: Path, trained: Path
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [
        {"facts": [], "turns": [f"hi {i}"], "replies": {"style/plain": f"Yes, it is number {i}."}}
        for i in range(8)
    ]
    (folder / "x.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    parts = {name: len(items) for name, items in corpora.load(folder).parts.items()}
    assert parts == {"train": 8, "valid": 0, "test": 0}
    with pytest.raises(UsageError, match="has 8 in the train part and 0 in the valid part"):
        pipeline.train(
            tiny.recipe(trained / "base"), folder, tmp_path / "w", tmp_path / "m", plain=None, device="cpu"
        )
    assert not (tmp_path / "w" / "train.jsonl").exists()


def test_what_is_left_out_is_told_and_a_base_that_is_no_folder_is_refused(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tiny.recipe(trained / "base")
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "[b]x.jsonl").write_text('{"turns": ["hi"], "reply": "Yes."}\n' * 3)
    with pytest.raises(UsageError, match="has 0 in the train part"):
        pipeline.train(recipe, folder, tmp_path / "w", tmp_path / "m", plain=None, device="cpu")
    unasked = "`chatbot eval` will not be able to measure this model on its corpus. An evaluation asks"
    told = "Left out, 3 lines of [b]x.jsonl: not a known form (line 1: there is no 'facts_a')"
    shown = capsys.readouterr().err
    assert told in shown
    assert unasked in shown
    lost = replace(recipe, base=replace(recipe.base, decoder=str(tmp_path / "lost")))
    with pytest.raises(UsageError, match="a hub id within reach, or a folder .* '.*lost' cannot be read"):
        pipeline.train(lost, trained / "corpus", tmp_path / "v", tmp_path / "m", plain=None, device="cpu")


@pytest.mark.parametrize(
    ("aspect", "reply", "told", "reason"),
    [
        (
            "laid back",
            "Well, that is fine with me.",
            "Replies that show mood: kind 8, laid back 8",
            "named by one word each, .* 'mood/laid back'",
        ),
        ("off", "Well, that is fine with me.", "", "turns a dial off; .* 'mood/off'"),
        (
            "curt",
            "Not that again!",
            "Left out, 8 x filter: reply under 5 words",
            "all of mood/curt were left out",
        ),
    ],
)
def test_an_aspect_that_nobody_could_ask_for_is_told_before_any_stage(
    aspect: str,
    reply: str,
    told: str,
    reason: str,
    tmp_path: Path,
    trained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    replies = {"mood/kind": "Dear friend, take my hand.", f"mood/{aspect}": reply}
    rows = [{"facts": [], "turns": [f"hi {i}"], "replies": replies} for i in range(8)]
    (folder / "x.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with pytest.raises(UsageError, match=reason):
        pipeline.train(
            tiny.recipe(trained / "base"), folder, tmp_path / "w", tmp_path / "m", plain=None, device="cpu"
        )
    assert told in capsys.readouterr().err
    assert not (tmp_path / "w" / "train.jsonl").exists()


@pytest.mark.parametrize("stage", ["pretrain", "cvae"])
def test_half_a_checkpoint_is_named(trained: Path, tmp_path: Path, stage: str) -> None:
    work = Path(shutil.copytree(trained / "work", tmp_path / "work"))
    path = work / f"{stage}.pt"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(
        UsageError, match=rf"must be whole; '.*{stage}\.pt' cannot be read .* Give another --work"
    ):
        pipeline.train(
            tiny.recipe(trained / "base"), trained / "corpus", work, tmp_path / "m", plain=None, device="cpu"
        )


@pytest.mark.parametrize("stage", ["pretrain", "cvae"])
def test_a_checkpoint_of_another_shape_is_refused(trained: Path, tmp_path: Path, stage: str) -> None:
    """As of a work folder from before there was a run.json."""
    work = Path(shutil.copytree(trained / "work", tmp_path / "work"))
    (work / "run.json").unlink()
    state = torch.load(work / f"{stage}.pt", weights_only=True)
    parts = state["modules"]["lm" if stage == "pretrain" else "model"]
    name = next(name for name, value in parts.items() if value.ndim == 2)
    parts[name] = parts[name][:-1]
    torch.save(state, work / f"{stage}.pt")
    recipe = tiny.recipe(trained / "base")
    with pytest.raises(
        UsageError, match=rf"{stage}\.pt' is of a model of another shape. Give another --work"
    ):
        pipeline.train(recipe, trained / "corpus", work, tmp_path / "m", plain=None, device="cpu")
