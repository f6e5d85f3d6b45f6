"""The model's own replies to the written corpus: kept, gone on with, drawn as they were asked for."""

from __future__ import annotations

from pathlib import Path

import tiny
from chatbot.model import artifact
from chatbot.train import corpus as corpora
from chatbot.train import samples


def test_samples_are_drawn_once_and_a_line_cut_short_again(tmp_path: Path, tiny_model: Path) -> None:
    model = artifact.load(tiny_model)
    items = corpora.load(tiny.write_corpus(tmp_path / "corpus")).parts["train"]
    path = tmp_path / "samples.jsonl"
    first = samples.draw(model, items, 30, 5, path)
    written = path.read_text()
    assert samples.draw(model, items, 30, 5, path) == first
    assert path.read_text() == written
    path.write_text(written[:-20])
    assert samples.draw(model, items, 30, 5, path) == first
    assert path.read_text() == written


def test_a_killed_run_draws_what_an_unbroken_one_does(tmp_path: Path, tiny_model: Path) -> None:
    """After a whole batch, and with a part of the next one written."""
    model = artifact.load(tiny_model)
    items = corpora.load(tiny.write_corpus(tmp_path / "corpus")).parts["train"]
    path = tmp_path / "samples.jsonl"
    samples.draw(model, items, 60, 5, path)
    written = path.read_text()
    lines = written.splitlines(keepends=True)
    for kept in (24, 37):
        path.write_text("".join(lines[:kept]))
        samples.draw(model, items, 60, 5, path)
        assert path.read_text() == written


def test_a_sample_answers_a_message_of_the_corpus_and_is_asked_what_was_written_or_nothing(
    tmp_path: Path, tiny_model: Path
) -> None:
    model = artifact.load(tiny_model)
    items = corpora.load(tiny.write_corpus(tmp_path / "corpus")).parts["train"]
    found = samples.draw(model, items, 60, 5, tmp_path / "samples.jsonl")
    written = {(item.context, reply.text): reply.labels for item in items for reply in item.replies}
    assert all(one.said and one.said != one.written for one in found)
    assert all(one.asked in ((), written[one.context, one.written]) for one in found)
    assert 0.5 < sum(bool(one.asked) for one in found) / len(found) < 0.95
