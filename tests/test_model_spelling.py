"""Words of several pieces are those of the language and of the context; the rest is free."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from chatbot.model.choice import Choice, Spell
from chatbot.model.spelling import Spelling, Words
from chatbot.model.text import MARKERS, Codec
from chatbot.model.typesetting import CASE_MARKERS

PIECES = ("pip", "##pa", "##s", "bak", "##er", "##ing", "ud", "##o", "##ie", "18", "##20", "the", ".", "x")


@pytest.fixture(scope="module")
def codec() -> Codec:
    names = ["[PAD]", "[UNK]", *MARKERS, *CASE_MARKERS, *PIECES]
    tokenizer = Tokenizer(models.WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([*MARKERS, *CASE_MARKERS])
    return Codec(tokenizer)


def id_of(codec: Codec, name: str) -> int:
    found = codec.tokenizer.token_to_id(name)
    assert found is not None
    return found


def may_follow(codec: Codec, language: list[str], context: str, said: str) -> set[str]:
    """Which of PIECES and [END] the rule lets follow the pieces `said`, a word or mark each."""
    spelling = Spelling(codec, language)
    own = spelling.words(codec.encode(context))
    refused = spelling.refused([id_of(codec, name) for name in said.split()], own)
    return {name for name in (*PIECES, "[END]") if not refused[id_of(codec, name)]}


BEGIN = {name for name in PIECES if not name.startswith("##")} | {"[END]"}


@pytest.mark.parametrize(
    ("context", "said", "found"),
    [
        ("", "", BEGIN),
        ("", "the", BEGIN),
        ("", "pip", BEGIN),  # a piece is a word by itself
        ("", "bak", BEGIN | {"##er"}),  # or goes on as one of the language
        ("", "bak ##er", BEGIN | {"##s"}),
        ("", "bak ##er ##s", BEGIN),
        ("", "bak ##ing", BEGIN),  # begun by force, and whole as far as the rule can tell
        ("Udo.", "ud", {"##o"}),  # no word but the beginning of a name in the context
        ("Pippa.", "pip", BEGIN | {"##pa"}),
        ("Udo.", "ud ##o", BEGIN),
        ("Udoie.", "ud ##o", {"##ie"}),  # no word yet
        ("Udo and Udoie.", "ud ##o", BEGIN | {"##ie"}),
        ("Udo.", "[CAP]", BEGIN),
        ("", "18", set(PIECES) | {"[END]"}),  # numbers are free
        ("", "18 ##20", set(PIECES) | {"[END]"}),
    ],
)
def test_which_pieces_may_follow(codec: Codec, context: str, said: str, found: set[str]) -> None:
    assert may_follow(codec, ["baker", "bakers"], context, said) == found


def test_each_row_of_a_batch_may_say_the_names_of_its_own_context(codec: Codec) -> None:
    spelling = Spelling(codec, [])
    spell = Spell(spelling, [spelling.words(codec.encode("Udo.")), Words.of([])])
    choice = Choice(
        temperature=0.0,
        top_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram=0,
        banned=torch.tensor(codec.banned),
        end=codec.end,
        chance=torch.zeros(2, 4),
        spell=spell,
    )
    logits = torch.full((2, codec.size), -5.0)
    logits[:, id_of(codec, "##o")], logits[:, id_of(codec, "the")] = 2.0, 1.0
    history = torch.tensor([[codec.bot, id_of(codec, "ud")]] * 2)
    assert choice(logits, history).tolist() == [id_of(codec, "##o"), id_of(codec, "the")]
    free = replace(choice, spell=None)
    assert free(logits, history).tolist() == [id_of(codec, "##o")] * 2
