"""Measures of text against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chatbot.train import metrics
from chatbot.train.metrics import KnownText, bleu, calibration_error, figure


def test_words_keep_contractions_whole_and_leave_marks_out() -> None:
    assert metrics.words("Don't go -- it's 5 o’clock!") == ["don't", "go", "it's", "5", "o'clock"]
    assert metrics.tokens("No, no.") == ["no", ",", "no", "."]


@pytest.mark.parametrize(
    ("candidate", "reference", "score"),
    [
        ("a b c d", "a b c d", 1.0),
        ("a b c d", "w x y z", 0.0),
        # 3/4, 2/3 and 1/2 match; no 4-gram does, which smoothing counts as 0.1 of 1. Same length: no penalty.
        ("a b c d", "a b c e", (3 / 4 * 2 / 3 * 1 / 2 * 0.1 / 1) ** 0.25),
        # Half the length costs exp(1 - 4/2); there are no 3- and 4-grams to match.
        ("a b", "a b c d", math.exp(-1) * (1 * 1 * 0.1 * 0.1) ** 0.25),
        # A word counts as often as the reference has it: 1 of 3.
        ("a a a", "a b c", (1 / 3 * 0.1 / 2 * 0.1 / 1 * 0.1 / 1) ** 0.25),
    ],
)
def test_bleu_by_hand(candidate: str, reference: str, score: float) -> None:
    assert bleu(candidate.split(), [reference.split()]) == pytest.approx(score)


def test_bleu_takes_the_best_reference_for_each_item_and_the_nearest_length() -> None:
    references = [list("abxxxx"), list("xxcd")]
    assert bleu(list("abcd"), references, (0.5, 0.5)) == pytest.approx((1 * 2 / 3) ** 0.5)


def test_the_papers_bleu_counts_characters() -> None:
    # 2 of 3 letters, 1 of 2 pairs, no triple and nothing longer: the mean of BLEU-1 to BLEU-4.
    two = (2 / 3 * 1 / 2) ** 0.5
    three, four = (2 / 3 * 1 / 2 * 0.1) ** 0.33, (2 / 3 * 1 / 2 * 0.1 * 0.1) ** 0.25
    assert metrics.paper_bleu(["abd"], ["abc"]) == pytest.approx((2 / 3 + two + three + four) / 4)
    unrelated = metrics.paper_bleu(["I sold my bike to a man."], ["The soup is too hot today."])
    assert metrics.corpus_bleu(["I sold my bike to a man."], ["The soup is too hot today."]) == 0.0
    assert unrelated > 0.15  # why this column is not to be read as quality


def test_corpus_bleu_pools_counts_before_dividing() -> None:
    texts, references = ["a b c d e", "a b"], ["a b c d f", "a c"]
    # 1-grams 4+1 of 7, 2-grams 3+0 of 5, 3-grams 2 of 3, 4-grams 1 of 2; equal lengths.
    expected = (5 / 7 * 3 / 5 * 2 / 3 * 1 / 2) ** 0.25
    assert metrics.corpus_bleu(texts, references) == pytest.approx(expected)


def test_the_papers_self_bleu_splits_at_blanks_alone() -> None:
    texts = ["Yes.", "yes"]
    assert metrics.paper_self_bleu(texts) == 0.0  # to it they have nothing in common
    assert metrics.self_bleu(texts) > 0.0
    assert metrics.paper_self_bleu(["a b c d", "a b c d"]) == pytest.approx(1.0)


def test_the_papers_rouge_is_the_mean_of_three() -> None:
    # 2 of 3 and 3 words, 1 of 2 and 2 pairs, and the words in one order.
    assert metrics.paper_rouge(["the cat sat"], ["The cat ran"]) == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)
    assert metrics.paper_rouge(["a"], ["b"]) == 0.0


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    assert metrics.rouge_l("The cat sat.", "the cat ran") == pytest.approx(2 * 2 / 6)
    assert metrics.rouge_l("a x b y c", "a b c") == pytest.approx(2 * 3 / 8)
    assert metrics.rouge_l("a", "b") == 0.0


def test_distinct_divides_by_ngrams_and_the_papers_by_words() -> None:
    assert metrics.distinct(["a b a", "b a"], 1) == pytest.approx(2 / 5)
    assert metrics.distinct(["a b a", "b a"], 2) == pytest.approx(2 / 3)
    assert metrics.distinct([], 2) == 0.0
    # The whole: 2, 1 and 0 different n-grams over 4 words. One text: 2, 1 and 0 over 2 words.
    whole, single = (2 / 4 + 1 / 4 + 0) / 3, (2 / 2 + 1 / 2 + 0) / 3
    assert metrics.paper_distinct(["a b", "a b"]) == pytest.approx((whole + single) / 2)


def test_mtld_by_hand() -> None:
    # Three words in two kinds are .67, under .72: one run; the fourth word is fresh and adds no part of one.
    assert metrics.mtld(list("abab")) == pytest.approx(4.0)
    # 3 kinds in 4 words are .75: (1 - .75) / (1 - .72) of a run, either way round.
    assert metrics.mtld(list("abca")) == pytest.approx(4 / (0.25 / 0.28))
    # Forwards "a a" ends at once and "b c" is fresh: 1 run. Backwards "c b a a" is 3 kinds in 4: .893 runs.
    assert metrics.mtld(list("aabc")) == pytest.approx((4 / 1 + 4 / (0.25 / 0.28)) / 2)
    assert metrics.mtld(list("abcd")) is None
    assert metrics.mtld([]) is None


def test_mtld_does_not_depend_on_the_number_of_texts_as_distinct_does() -> None:
    text = "the old cat sat on the warm mat and the old dog lay by the cold door"
    one = metrics.words(text)
    assert metrics.mtld(one * 20) == pytest.approx(metrics.mtld(one * 5), rel=0.1)
    assert metrics.distinct([text] * 20, 1) < 0.3 * metrics.distinct([text] * 5, 1)


def test_self_bleu_is_one_for_copies_and_zero_for_strangers() -> None:
    assert metrics.self_bleu(["the same five words here"] * 4) == pytest.approx(1.0)
    assert metrics.self_bleu(["a b c", "d e f", "g h i"]) == 0.0
    texts = [f"word{i % 7} and word{i % 5} again" for i in range(30)]
    assert metrics.self_bleu(texts, references=5, seed=1) == metrics.self_bleu(texts, references=5, seed=1)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 8 + [1] * 2)) == pytest.approx(0.0)
    assert calibration_error(probabilities, np.zeros(10, dtype=int)) == pytest.approx(0.2)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(1.0)


def test_reliability_has_confidence_accuracy_and_count_of_each_bin() -> None:
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6]])
    found = metrics.reliability(probabilities, np.array([0, 1, 1]))
    assert found == [(pytest.approx(0.6), 1.0, 1), (pytest.approx(0.91), 0.5, 2)]


def test_a_figure_has_the_interval_of_the_normal_approximation() -> None:
    found = figure([0, 1] * 200)
    assert found is not None
    assert found["value"] == 0.5
    half = 1.96 * math.sqrt(0.25 / 400)
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.15)


def test_values_of_one_group_are_one_observation() -> None:
    alone, repeated = figure([0, 1] * 50), figure([0, 0, 0, 0, 1, 1, 1, 1] * 50, [i // 4 for i in range(400)])
    assert alone is not None
    assert repeated is not None
    assert repeated["count"] == 400
    assert repeated["groups"] == 100
    assert repeated["high"] - repeated["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.15)


def test_a_figure_of_equal_values_is_sure_and_one_of_none_is_none() -> None:
    assert figure([0.25] * 9) == {"value": 0.25, "low": 0.25, "high": 0.25, "count": 9, "groups": 9}
    assert figure([]) is None


def test_known_text_finds_copies_whatever_their_case_and_marks() -> None:
    known = KnownText(["The rain falls on the old tin roof tonight.", "I like tea."])
    assert known.holds("the rain falls, on the old tin roof")
    assert not known.holds("the rain falls on the old tin roof again")
    assert not known.holds("like te")  # words, not letters
    assert not known.holds("old tin roof tonight i like tea")  # not across lines
    # Of the 5-grams "a rain falls on the", "rain falls on the old" and "falls on the old dog" one is known.
    assert known.overlap("A rain falls on the old dog") == pytest.approx(1 / 3)
    assert known.overlap("I like tea") is None
