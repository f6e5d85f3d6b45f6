"""Text to ids and back: case and spacing survive, messages are data, the budget holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from chatbot.model.text import BOT, END, MARKERS, Codec, Context, Turn
from chatbot.model.words import own_forms, worn_words
from chatbot.train.bases import build_tokenizer

EMBEDDED = Path(__file__).parent.parent / "chatbot" / "weights" / "embedded" / "tokenizer.json"

LINES = (
    "I don't think it's O'Hara's train - well-known, isn't it?",
    'My daughter Lucy has a TV. "Yes," she said, "I\'m OK!"',
    "Wait... what? It is 7.30, or 1,000 (really).",
    "I am in Paris. I'll see; you and I know.",
    "'Cause my friends' dogs' bones are James' (o'clock, s'mores).",
    "An old owl once had a use for a uniform of a USA ewe.",
    "An honest heir has an hour.",
)


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Codec:
    """An uncased word-piece codec over the letters, so that nearly every word is spelt."""
    folder = tmp_path_factory.mktemp("base")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    marks = list(".,!?;:'\"()-–…“”[]")
    words = ["the", "train", "daughter", "has", "yes", "she", "said", "in", "is"]
    words += ["owl", "old", "use", "ewe", "once", "uniform", "usa", "hour", "honest", "heir"]
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *marks,
        *words,
        *(f"##{x}" for x in letters),
    ]
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(folder)
    pruned, _ = build_tokenizer(str(folder), "main", 500, LINES)
    return Codec(pruned)


@pytest.mark.parametrize("line", LINES)
def test_case_and_spacing_survive(codec: Codec, line: str) -> None:
    assert codec.decode(codec.encode(line)) == line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I said 'yes' to him.", 'I said "yes" to him.'),
        ("He wrote ‘rain’ in it.", 'He wrote "rain" in it.'),
        ("'It's late.' (‘I know,’ I say.)", '"It\'s late." ("I know," I say.)'),
        ("'\"No\" is no,' she said.", '""No" is no," she said.'),
    ],
)
def test_single_quotes_around_words_are_read_as_double_ones(codec: Codec, written: str, read: str) -> None:
    assert codec.decode(codec.encode(written)) == read


def test_initials_and_rare_letters_are_read_as_plain_ones() -> None:
    codec = Codec.load(EMBEDDED)
    said = "At 5 p.m. She took the 7 a.m. train to Søren (£20) in the U.S."
    assert codec.decode(codec.encode(said)) == "At 5 pm. She took the 7 am train to Soren (£20) in the US."


def test_the_forms_that_tokens_lose() -> None:
    forms = own_forms(Context.of(["I am Zoë McKenzie, HeLLo."], ["Ask Jose\u0301 in a café."]))
    assert forms == {"Zoe": "Zoë", "Mckenzie": "McKenzie", "Jose": "José"}


@pytest.mark.parametrize("line", ["'Cause I'm sittin' here.", "Since '98, the dogs' way.", "Rock 'n' roll!"])
def test_apostrophes_are_no_quotes(codec: Codec, line: str) -> None:
    assert '"' not in codec.decode(codec.encode(line))


def test_reply_starts_with_a_capital_and_says_i_in_upper_case(codec: Codec) -> None:
    assert codec.decode(codec.encode("i saw it. so did i, in spring")) == "I saw it. So did I, in spring"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a owl in a old tree", "An owl in an old tree"),
        ("A Owl, a USA train and a OWL", "An Owl, a USA train and an OWL"),
        ("a use of plan a is a ewe, a once, a uniform", "A use of plan a is a ewe, a once, a uniform"),
        ("a hour, a honest man and a heir", "An hour, an honest man and an heir"),
        ("Plan A is old, an A is in", "Plan A is old, an A is in"),
        ("a", "A"),
        ("Ash and a, i", "Ash and a, I"),
    ],
)
def test_the_article_is_that_of_the_word(codec: Codec, said: str, read: str) -> None:
    assert codec.decode(codec.encode(said)) == read


@given(
    st.lists(
        st.sampled_from(["the", "Train", "in", "a", "A", "owl", "I", "i'm", "USA", "it's", "-", "o", "7"]),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_streamed_pieces_make_the_decoded_text(codec: Codec, words: list[str]) -> None:
    ids = codec.encode(" ".join(words))
    stream = codec.stream()
    assert ("".join(stream.push(i) for i in ids) + stream.finish()).strip() == codec.decode(ids)


def test_a_marker_in_a_message_is_text(codec: Codec) -> None:
    for marker in MARKERS:
        ids = codec.encode(f"hi {marker} there")
        assert not {codec.user, codec.bot, codec.fact, codec.end} & set(ids)


def test_context_keeps_facts_and_whole_newest_turns(codec: Codec) -> None:
    turns = tuple(Turn("user" if i % 2 == 0 else "bot", f"the train {i}") for i in range(9))
    context = Context(facts=("she has it",), turns=turns)
    full = codec.encode_context(context, 1000)
    fact = [codec.fact, *codec.encode("she has it")]
    newest = [i for turn in turns[-3:] for i in codec.encode_turn(turn)]
    assert full == fact + [i for turn in turns for i in codec.encode_turn(turn)]
    # One token short of a fourth turn: three come whole, the fourth not at all.
    room = len(fact) + len(newest) + len(codec.encode_turn(turns[-4])) - 1
    assert codec.encode_context(context, room) == fact + newest


def test_only_the_newest_turn_may_be_cut_and_its_end_stays(codec: Codec) -> None:
    long = Turn("user", "the " * 50 + "train")
    ids = codec.encode_context(Context(turns=(Turn("user", "yes"), long)), 10)
    assert len(ids) == 10
    assert ids[0] == codec.user
    assert ids[1:] == codec.encode_turn(long)[-9:]


def test_facts_leave_half_of_the_budget_to_the_newest_turn(codec: Codec) -> None:
    context = Context(("the train has the train",) * 9, (Turn("user", "the train " * 20),))
    ids = codec.encode_context(context, 40)
    assert (len(ids), ids.index(codec.user)) == (40, 20)


@given(
    st.integers(min_value=4, max_value=80), st.lists(st.text(max_size=30), max_size=6), st.text(max_size=40)
)
@settings(max_examples=60, deadline=None)
def test_budget_is_never_passed(codec: Codec, budget: int, lines: list[str], fact: str) -> None:
    context = Context.of([fact], [*lines, "yes"])
    assert len(codec.encode_context(context, budget)) <= budget


def test_alternating_lines_end_with_the_user() -> None:
    context = Context.of([], ["hello", "hi", "how are you"])
    assert [turn.role for turn in context.turns] == ["user", "bot", "user"]


def byte_codec() -> Codec:
    """A byte-level codec, as GPT-2's kind has it: no case markers."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocab = {letter: i for i, letter in enumerate(sorted(alphabet))}
    tokenizer = Tokenizer(models.BPE(vocab, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(MARKERS))
    return Codec(tokenizer)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_byte_codec_round_trip_over_token_borders(text: str) -> None:
    codec = byte_codec()
    stream = codec.stream()
    pieces = [stream.push(i) for i in codec.encode(text)]
    assert "".join(pieces) + stream.finish() == text
    assert all("\ufffd" not in piece for piece in pieces if "\ufffd" not in text)


def test_a_tokenizer_without_markers_is_refused() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    with pytest.raises(ValueError, match=r"\[FACT\]|\[BOT\]|\[END\]|\[USER\]"):
        Codec(tokenizer)


def test_a_reply_holds_no_special_token_of_any_base() -> None:
    tokenizer = byte_codec().tokenizer
    tokenizer.add_special_tokens(["<|endoftext|>", "<s>"])
    tokenizer.add_tokens([AddedToken("zebra", special=False)])
    codec = Codec(tokenizer)
    names = {tokenizer.id_to_token(i) for i in codec.banned}
    assert names == {"[FACT]", "[USER]", "[BOT]", "<|endoftext|>", "<s>"}


def test_the_embedded_model_may_say_its_end_and_its_case_markers() -> None:
    codec = Codec.load(EMBEDDED)
    names = [codec.tokenizer.id_to_token(i) for i in codec.banned]
    assert names == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[FACT]", "[USER]", "[BOT]"]


def test_loading_keeps_the_ids(codec: Codec, tmp_path: Path) -> None:
    codec.tokenizer.save(str(tmp_path / "tokenizer.json"))
    again = Codec.load(tmp_path / "tokenizer.json")
    assert again.encode(LINES[1]) == codec.encode(LINES[1])
    assert again.tokenizer.token_to_id(BOT) == codec.bot
    assert again.tokenizer.token_to_id(END) == codec.end


def test_a_context_is_read_back_as_the_model_sees_it(codec: Codec) -> None:
    turns = (Turn("bot", "The train is in."), Turn("narrator", "It rains."), Turn("user", "Is it?"))
    context = Context(("I am OK.", "She said yes."), turns)
    ids = codec.encode_context(context, 500)
    assert codec.read_back(ids) == context
    assert codec.read_back(codec.encode_context(context, 30)).turns == turns[1:]
    assert codec.read_back([]) == Context()


def test_worn_is_what_the_persona_told_before_less_its_facts_and_the_message() -> None:
    lines = ["hello", "I weep, and the bell weeps. Ash knows.", "what bell?"]
    assert worn_words(Context.of(["My dog is Ash."], lines)) == {"weep", "weeps", "knows"}
    assert worn_words(Context.of([], lines[:1])) == worn_words(Context()) == set()


def test_the_words_of_a_fact_are_worn_when_two_lines_had_them_but_not_where_it_is_asked_for() -> None:
    twice = Context.of(["My dog is Ash."], ["hello", "Ash sleeps, my Ash.", "where?", "Near Ash.", "why"])
    assert worn_words(twice) == {"sleeps", "ash", "near"}
    assert worn_words(twice, ("Ash",)) == {"sleeps", "near"}
    once = Context(twice.facts, (*twice.turns[:2], twice.turns[-1]))
    assert worn_words(once) == {"sleeps"}


@pytest.mark.parametrize("cased", [False, True])
def test_whole_tokens_are_those_that_are_a_word(codec: Codec, cased: bool) -> None:
    if cased:
        pieces = [*MARKERS, "the", "train", "She", "says", "sa", "d", "<unk>"]
        tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        codec = Codec(tokenizer)
    assert [codec.tokenizer.id_to_token(i) for i in codec.whole(["train", "trainwrecks"])] == ["train"]


def test_half_a_surrogate_pair_is_read_as_a_question_mark(codec: Codec) -> None:
    assert codec.encode("so \ud83d then") == codec.encode("so ? then")
