"""The corpus: every form is read, every drop is counted, no first message stands in two parts."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

import tiny
from chatbot.errors import UsageError
from chatbot.train import corpus as corpora
from chatbot.train import trials
from chatbot.train.corpus import PARTS, part_of
from chatbot.train.forms import Item, Labelled


def write(path: Path, *rows: Any) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


def all_items(corpus: corpora.Corpus) -> list[Item]:
    return [item for part in PARTS for item in corpus.parts[part]]


def test_parallel_in_both_forms_is_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    write(
        tmp_path / "a" / "x.jsonl",
        {
            "facts": ["I bake."],
            "turns": ["hi", "hello", "tell me"],
            "replies": {"style/lyrical": "Like a slow river."},
        },
    )
    write(
        tmp_path / "b" / "x.jsonl",
        {"f": ["I bake."], "c": ["hi", "hello"], "u": "tell me", "r": {"ly": "Like a slow river."}},
    )
    one, two = (all_items(corpora.load(tmp_path / name)) for name in ("a", "b"))
    assert one == two
    assert [turn.role for turn in one[0].context.turns] == ["user", "bot", "user"]
    assert one[0].replies == (Labelled("Like a slow river.", (("style", "lyrical"),)),)


def test_a_reply_with_several_aspects_has_a_label_for_each(tmp_path: Path) -> None:
    names = "lyrical+pessimistic+warmth/high"  # the last of an attribute of one's own
    row = {"facts": [], "turns": ["hi"], "together": {names: "Rain is my oldest friend."}}
    write(tmp_path / "t.jsonl", row)
    corpus = corpora.load(tmp_path)
    (item,) = all_items(corpus)
    shown = (("style", "lyrical"), ("attitude", "pessimistic"), ("warmth", "high"))
    assert item.replies[0].labels == shown
    assert (item.replies[0].attribute, item.replies[0].aspect) == ("", "")
    part = part_of(item.context)
    assert corpus.report()["replies"] == {name: int(name == part) for name in PARTS}


def test_dialogue_gives_one_item_for_each_reply(tmp_path: Path) -> None:
    write(
        tmp_path / "d.jsonl",
        {"attribute": "mind", "aspect": "critical", "facts": [], "turns": ["a b", "c d e", "f g", "h i j"]},
    )
    items = all_items(corpora.load(tmp_path))
    assert [(len(item.context.turns), item.replies[0].text) for item in items] == [(1, "c d e"), (3, "h i j")]


def test_a_chat_in_character_shows_its_aspects_in_every_longer_line(tmp_path: Path) -> None:
    row = {
        "l": ["pe", "n+"],
        "f": ["My dog is called Bean."],
        "t": ["hi", "Hello, and mind the wet floor.", "what's your dog called?", "Bean. Why?"],
    }
    write(tmp_path / "r.jsonl", row)
    first, second = all_items(corpora.load(tmp_path))
    shown = (("attitude", "pessimistic"), ("neuroticism", "high"))
    assert (first.kind, first.replies) == ("role", (Labelled("Hello, and mind the wet floor.", shown),))
    assert second.replies == (Labelled("Bean. Why?"),)  # the right answer, and shows nothing
    assert second.context.facts == ("My dog is called Bean.",)
    assert [turn.role for turn in second.context.turns] == ["user", "bot", "user"]


def test_chat_takes_the_facts_of_the_side_that_speaks(tmp_path: Path) -> None:
    write(
        tmp_path / "c.jsonl",
        {"facts_a": ["I am A."], "facts_b": ["I am B."], "turns": ["hey you", "oh hi", "so"]},
    )
    items = sorted(all_items(corpora.load(tmp_path)), key=lambda item: len(item.context.turns))
    assert [(item.context.facts, item.replies[0]) for item in items] == [
        (("I am B.",), Labelled("oh hi")),
        (("I am A.",), Labelled("so")),
    ]


def test_drops_are_counted_by_reason(tmp_path: Path) -> None:
    replies = {
        "style/lyrical": "Like a slow river.",
        "style/plain": "No.",
        "mind/critical": "Why would you do it?",
    }
    odd = {"facts": [], "turns": ["hi"], "replies": {"styleplain": "No."}}
    write(tmp_path / "x.jsonl", {"facts": [], "turns": ["hi"], "replies": replies}, odd)
    write(
        tmp_path / "y.jsonl",
        {"facts": [], "turns": ["hi"], "replies": {"style/lyrical": "like a slow river."}},
    )
    corpus = corpora.load(tmp_path)
    assert corpus.report()["dropped"] == {
        "reply under 3 words": 1,
        "question in a labelled reply": 1,
        "x.jsonl: not a known form": 1,
        "duplicate message and reply": 1,
    }
    assert corpus.strange == {
        "x.jsonl: not a known form": "line 2: a label is ATTRIBUTE/ASPECT, not 'styleplain'"
    }


def test_a_line_of_no_known_form_is_dropped_and_asks_for_no_reply(tmp_path: Path) -> None:
    strange: list[Any] = [
        ["a", "b"],
        "replies",
        None,
        {"facts": [], "turns": ["hi"], "replies": ["x"]},
        {"facts": [], "turns": ["hi"], "replies": None},
        {"facts": [], "turns": [], "replies": {"style/lyrical": "Like a slow river."}},
        {"facts": [], "turns": [], "replies": {"lyrical+optimistic": "A new day sings."}},
        {"turns": ["hi"], "replies": {"lyrical+optimistic": "A new day sings."}},
        {"facts": [], "turns": ["hi"], "replies": {"style/lyrical": 5}},
        {"facts": [], "turns": [5], "replies": {"lyrical+optimistic": "A new day sings."}},
        {"facts": [], "turns": ["\ud800"], "replies": {"style/lyrical": "Like a slow river."}},
        {"facts": [3], "turns": ["hi"], "labels": ["style/plain"], "marked": [["Yes.", "y"]]},
        {"facts": [], "turns": [], "labels": ["style/plain"], "marked": [["Yes.", "y"]]},
        {"attribute": ["style"], "aspect": "plain", "facts": [], "turns": ["hi", "Yes. I know it."]},
        {"facts_a": [], "facts_b": []},
        {"facts": "I have a cat.", "turns": ["hi"], "replies": {"style/lyrical": "Like a slow river."}},
        {"facts": [], "turns": "hi you", "replies": {"style/lyrical": "Like a slow river."}},
        {"facts_a": "I bake.", "facts_b": [], "turns": ["hi", "Hello there, you."]},
        {"facts": [], "turns": ["hi"], "labels": ["style/plain"], "marked": [[None, "y"]]},
        {"facts": [], "turns": ["hi"], "reply": {"style/lyrical": "Like a slow river."}},
    ]
    good = {"facts": [], "turns": ["hi"], "replies": {"lyrical+optimistic": "A new day sings."}}
    write(tmp_path / "x.jsonl", *strange, good)
    corpus = corpora.load(tmp_path)
    assert corpus.dropped == {"x.jsonl: not a known form": len(strange)}
    assert corpus.strange == {"x.jsonl: not a known form": "line 1: it is no JSON object"}
    assert all_items(corpus) == []
    assert not any(corpus.marked.values())
    assert [message.combined for message in trials.combinations(tmp_path)] == [good["replies"]]
    assert len(trials.messages(corpus, tmp_path)) == 1


@pytest.mark.parametrize("line", [b"not json", b'{"turns": ["caf\xe9"]}'])
def test_a_line_that_is_no_json_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"odd": 1}\n\n' + line + b"\n")
    with pytest.raises(UsageError, match=r"must be JSON in UTF-8; .*x\.jsonl:3 is not"):
        corpora.load(tmp_path)


@pytest.mark.parametrize("ending", ["xz", "gz", "bz2"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_file_that_cannot_be_unpacked_is_named(tmp_path: Path, ending: str, whole: bool) -> None:
    pack = {"xz": lzma.compress, "gz": gzip.compress, "bz2": bz2.compress}[ending]
    content = b"this is no archive" * 9 if whole else pack(b'{"odd": 1}\n')[:-9]
    (tmp_path / f"x.jsonl.{ending}").write_bytes(content)
    with pytest.raises(UsageError, match=rf"packed as its ending says; .*x\.jsonl\.{ending} cannot be read"):
        corpora.load(tmp_path)


def test_plain_text_of_no_known_form_is_dropped_and_counted(tmp_path: Path) -> None:
    corpus, plain = tiny.write_corpus(tmp_path / "c"), tmp_path / "plain"
    plain.mkdir()
    strange: list[Any] = [
        *({"turns": 3}, {"turns": "hello"}, {"turns": []}, {"turns": ["a", 5]}, {"paragraphs": "Prose."}),
        *({"odd": 1}, ["turns"], "turns", None, {"turns": ["\ud800"]}),
    ]
    write(plain / "p.jsonl", *strange, {"turns": ["a", "b"]})
    found = corpora.load(corpus, plain_folder=plain)
    assert [text.lines for text in found.plain] == [("a", "b")]
    assert found.dropped == {"p.jsonl: not a known form": len(strange)}


def test_plain_text_that_is_not_there_is_refused(tmp_path: Path) -> None:
    corpus, empty, strange = tiny.write_corpus(tmp_path / "c"), tmp_path / "empty", tmp_path / "strange"
    empty.mkdir()
    strange.mkdir()
    write(strange / "p.jsonl", {"turns": 3})
    for folder in (tmp_path / "nowhere", empty, strange):
        with pytest.raises(UsageError, match=f"Plain text must be a folder .*{folder.name}' holds none"):
            corpora.load(corpus, plain_folder=folder)


def test_the_digest_is_of_the_words_and_not_of_the_files(tmp_path: Path) -> None:
    tiny.write_corpus(tmp_path / "a")
    (tmp_path / "b").mkdir()
    for path in (tmp_path / "a").iterdir():
        with bz2.open(tmp_path / "b" / f"{path.name}.bz2", "wb") as packed:
            packed.write(path.read_bytes())
    found = [corpora.load(tmp_path / name) for name in ("a", "b")]
    assert {corpus.digest for corpus in found} == {corpora.digest(tmp_path / "a")}
    assert {corpus.plain_digest for corpus in found} == {""}
    read = corpora.load(tmp_path / "a", plain_folder=tmp_path / "b")
    assert read.digest == found[0].digest
    assert read.plain_digest


def test_combinations_are_never_trained_on(tmp_path: Path) -> None:
    write(
        tmp_path / "x.jsonl",
        {"facts": [], "turns": ["hi"], "replies": {"lyrical+optimistic": "A new day sings."}},
    )
    assert all_items(corpora.load(tmp_path)) == []


def test_no_first_message_stands_in_two_parts(tmp_path: Path) -> None:
    corpus = corpora.load(tiny.write_corpus(tmp_path))
    first = {part: {item.context.turns[0].text.lower() for item in corpus.parts[part]} for part in PARTS}
    assert not first["train"] & (first["valid"] | first["test"])
    assert not first["valid"] & first["test"]
    for part in PARTS:
        assert all(part_of(item.context) == part for item in corpus.parts[part])


def test_compressed_files_and_plain_text(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    with lzma.open(plain / "a.jsonl.xz", "wt") as file:
        file.write(json.dumps({"turns": ["a", "b"]}) + "\n")
    with gzip.open(plain / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps({"paragraphs": [str(i) for i in range(20)]}) + "\n")
    with bz2.open(plain / "c.jsonl.bz2", "wt") as file:
        file.write(json.dumps({"turns": ["c", "d", "e"]}) + "\n")
    (plain / "d.jsonl.bak").write_text("no corpus file")
    corpus = corpora.load(tiny.write_corpus(tmp_path / "c"), plain_folder=plain)
    assert [(len(text.lines), text.dialogue) for text in corpus.plain] == [
        (2, True),
        (8, False),
        (8, False),
        (4, False),
        (3, True),
    ]
    capped = corpora.load(tmp_path / "c", plain_folder=plain, plain_each=2)
    assert [text.lines[0] for text in capped.plain] == ["a", "0", "16", "c"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds none"):
        corpora.load(tmp_path)


def test_attributes_come_from_the_data(tmp_path: Path) -> None:
    corpus = corpora.load(tiny.write_corpus(tmp_path))
    assert corpus.attributes == {"attitude": ("optimistic", "pessimistic"), "style": ("lyrical", "plain")}


def test_marked_replies_stand_apart_and_what_a_reader_wrote_is_trained_on(tmp_path: Path) -> None:
    marked = [["Soup again.", "y"], ["Soup is a drum.", "n"], ["We have leek soup tonight, as ever.", "w"]]
    row = {"f": ["I cook."], "t": ["hi", "Hello.", "what's for dinner?"], "l": ["pe"], "marked": marked}
    write(tmp_path / "m.jsonl", row, {**row, "marked": [["Soup.", "good"]]})
    corpus = corpora.load(tmp_path)
    (found,) = [one for part in PARTS for one in corpus.marked[part]]
    assert found.replies == tuple((text, mark) for text, mark in marked)
    assert found.asked == (("attitude", "pessimistic"),)
    (item,) = all_items(corpus)
    assert item.replies == (Labelled("We have leek soup tonight, as ever.", (("attitude", "pessimistic"),)),)
    assert (item.kind, item.context) == ("role", found.context)
    assert corpus.dropped == {"m.jsonl: not a known form": 1}  # of a mark that there is none of
    assert corpus.report()["marked"][part_of(found.context)] == {"y": 1, "n": 1, "w": 1}
