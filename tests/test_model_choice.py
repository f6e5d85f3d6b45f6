from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from chatbot.model.choice import Choice, Wanted, contrasted

END = 9


def choice(chance: Tensor | None = None, **changes: Any) -> Choice:
    plain = {
        "temperature": 1.0,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "no_repeat_ngram": 0,
        "banned": torch.tensor([], dtype=torch.long),
        "end": END,
        "chance": torch.full((1, 50), 0.5) if chance is None else chance,
    }
    return Choice(**{**plain, **changes})


def history(*said: int) -> Tensor:
    return torch.tensor([[7, *said]])


def probabilities(picker: Choice, logits: Tensor, said: Tensor, draws: int = 20_000) -> Tensor:
    """How often each token comes, over an even grid of chances."""
    chance = ((torch.arange(draws) + 0.5) / draws).unsqueeze(1).expand(-1, said.shape[1])
    picks = choice(**{**picker.__dict__, "chance": chance})(logits.expand(draws, -1), said.expand(draws, -1))
    return picks.bincount(minlength=logits.shape[-1]) / draws


def test_draws_follow_the_softmax_at_the_temperature() -> None:
    logits = torch.randn(1, 10, generator=torch.Generator().manual_seed(0))
    found = probabilities(choice(temperature=0.7), logits, history(0))
    assert torch.allclose(found, (logits[0] / 0.7).softmax(-1), atol=2e-4)


def test_top_p_keeps_the_fewest_likeliest_that_reach_it_in_proportion() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    found = probabilities(choice(top_p=0.75), logits, history(3))
    assert torch.allclose(found, torch.tensor([0.625, 0.375, 0.0, 0.0]), atol=2e-4)
    only = probabilities(choice(top_p=0.0), logits, history(3))
    assert only.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_temperature_zero_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.1, 2.0, 1.9]])
    assert choice(temperature=0.0)(logits, history(0)).tolist() == [1]


def test_repetition_penalty_divides_the_probability_of_what_was_said() -> None:
    logits = torch.tensor([[0.4, 0.4, 0.2]]).log()
    found = probabilities(choice(repetition_penalty=2.0), logits, history(1))
    assert torch.allclose(found, torch.tensor([0.5, 0.25, 0.25]), atol=2e-4)


@pytest.mark.parametrize(
    ("said", "next_ids"),
    [
        ((3,), [1, 1, 0, 0]),  # each word may begin
        ((0,), [0, 0, 1, 0]),  # one has begun and goes on
        ((0, 2), [0, 0, 0, 0]),  # said, and none is wanted any more
        ((0, 3), [0, 0, 0, 0]),  # broken off, nor here
        ((3, 1), [0, 0, 0, 0]),
    ],
)
def test_wanted_words_come_one_id_after_the_other(said: tuple[int, ...], next_ids: list[int]) -> None:
    wanted = Wanted.of([[[0, 2], [1]]], 4, 2.0, torch.device("cpu"))
    assert wanted.next(torch.tensor([said])).tolist() == [next_ids]


def test_wanted_words_gain_their_nats() -> None:
    logits = torch.tensor([[0.2, 0.3, 0.5]]).log()
    for bonus, likeliest in ((math.log(2.4), 2), (math.log(2.6), 0)):
        wanted = Wanted.of([[[0]]], 3, bonus, torch.device("cpu"))
        assert choice(temperature=0.0, wanted=wanted)(logits, history(1)).tolist() == [likeliest]
    begun = Wanted.of([[[0, 1]]], 3, 9.0, torch.device("cpu"))
    assert choice(temperature=0.0, wanted=begun)(logits, history(0)).tolist() == [1]
    assert choice(temperature=0.0, wanted=begun)(logits, history(0, 1)).tolist() == [2]


def test_wanted_words_are_those_of_a_row() -> None:
    wanted = Wanted.of([[], [[2, 0], [1]], [[0]]], 3, 1.0, torch.device("cpu"))
    assert wanted.next(torch.empty(3, 0, dtype=torch.long)).tolist() == [[0, 0, 0], [0, 1, 1], [1, 0, 0]]
    assert wanted.next(torch.tensor([[2], [2], [2]])).tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_presence_penalty_takes_its_nats_from_worn_tokens_and_from_the_one_just_said() -> None:
    logits = torch.tensor([[0.4, 0.4, 0.2]]).log()
    worn = torch.tensor([[0.0, 1.0, 0.0]])
    thinned = torch.tensor([0.4, 0.4 / math.e**2, 0.2])
    for said in (history(1), history(0, 1)):  # twice worn is worn
        found = probabilities(choice(worn=worn, presence_penalty=2.0), logits, said)
        assert torch.allclose(found, thinned / thinned.sum(), atol=2e-4)
    just = torch.tensor([0.4 / math.e**2, 0.4, 0.2])
    found = probabilities(choice(presence_penalty=2.0), logits, history(1, 0))
    assert torch.allclose(found, just / just.sum(), atol=2e-4)


def test_no_run_of_n_comes_twice() -> None:
    logits = torch.zeros(1, 10)
    logits[0, 3] = 9.0
    pick = choice(temperature=0.0, no_repeat_ngram=3)
    assert pick(logits, history(1, 2, 3, 5, 1, 2)).item() != 3  # 1 2 3 stands there
    assert pick(logits, history(1, 2, 4, 5, 1, 2)).item() == 3
    assert pick(logits, history(2, 3, 5, 1, 2)).item() == 3
    assert pick(logits, history(1, 2)).item() == 3
    assert choice(temperature=0.0, no_repeat_ngram=1)(logits, history(3)).item() != 3


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_one_token_that_may_come_comes_though_it_ends_a_run(temperature: float) -> None:
    logits = torch.zeros(1, 10)
    pick = choice(
        temperature=temperature, no_repeat_ngram=1, banned=torch.tensor([0, 1, 2, 4, 5, 6, 7, 8, 9])
    )
    assert pick(logits, history(3)).item() == 3


@pytest.mark.parametrize("temperature", [1e-40, 1e-38, 1e-10])
def test_the_coldest_temperatures_take_the_likeliest(temperature: float) -> None:
    logits = torch.tensor([[0.1, 20.0, 19.0, -20.0]])
    assert choice(temperature=temperature)(logits, history(0)).tolist() == [1]


def test_marker_that_starts_the_reply_is_not_part_of_it() -> None:
    logits = torch.zeros(1, 10)
    logits[0, 7] = 1.0
    assert choice(temperature=0.0, no_repeat_ngram=1, repetition_penalty=9.0)(logits, history(1)).item() == 7


def test_banned_never_comes_and_the_end_not_first() -> None:
    logits = torch.zeros(1, 10)
    logits[0, 2], logits[0, END] = 20.0, 30.0
    pick = choice(banned=torch.tensor([2]), temperature=0.0)
    assert pick(logits, history()).item() not in (2, END)
    assert pick(logits, history(1)).item() == END
    opened = choice(banned=torch.tensor([2]), temperature=0.0, opening=2)
    assert opened(logits, history(1, 3)).item() not in (2, END)
    assert opened(logits, history(1, 3, 4)).item() == END


@pytest.mark.parametrize("value", [0.0, 1.0 - 2**-24])
def test_extreme_chances_stay_among_the_possible(value: float) -> None:
    logits = torch.tensor([[5.0, 4.0, -torch.inf, 1.0]])
    picked = choice(torch.full((1, 3), value), top_p=0.9)(logits, history(1)).item()
    assert picked in (0, 1)


def test_every_token_has_a_chance_of_its_own_from_the_opening_on() -> None:
    logits, chance = torch.zeros(1, 10), torch.tensor([[0.05, 0.65, 0.95]])
    for opening in ((), (1, 2)):
        pick = choice(chance, opening=len(opening))
        assert [pick(logits, history(*opening, *[3] * n)).item() for n in range(3)] == [0, 6, 9]


def test_rows_are_independent() -> None:
    generator = torch.Generator().manual_seed(1)
    logits, chance = torch.randn(6, 10, generator=generator), torch.rand(6, 4, generator=generator)
    said = torch.randint(0, 9, (6, 4), generator=generator)
    settings: dict[str, Any] = {"top_p": 0.8, "repetition_penalty": 1.3, "no_repeat_ngram": 1}
    together = choice(chance, **settings)(logits, said)
    for row in range(6):
        index = slice(row, row + 1)
        assert choice(chance[index], **settings)(logits[index], said[index]).item() == together[row].item()


@pytest.mark.parametrize("top_p", [0.3, 0.9, 1.0])
@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_look_at_the_likeliest_alone_draws_what_a_sorted_vocabulary_would(
    top_p: float, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(64, 2000, generator=generator)
    chance = torch.rand(64, 1, generator=generator)
    picker = choice(chance, top_p=top_p, temperature=temperature, banned=torch.arange(5))
    said = torch.full((64, 1), 7)
    quick = picker(logits, said)
    monkeypatch.setattr("chatbot.model.choice.FEW", 2000)
    assert quick.tolist() == picker(logits, said).tolist()


def test_a_contrast_is_the_power_of_a_ratio() -> None:
    own, other = torch.tensor([[0.5, 0.3, 0.2]]), torch.tensor([[0.25, 0.6, 0.15]])
    mixed = contrasted(own.log() + 7, other.log() - 3, 1.0).softmax(-1)
    expected = own**2 / other
    torch.testing.assert_close(mixed, expected / expected.sum())


def test_a_contrast_never_brings_in_what_is_far_less_likely() -> None:
    own, other = torch.tensor([[0.9, 0.095, 0.005]]), torch.tensor([[0.9, 0.0999, 0.0001]])
    mixed = contrasted(own.log(), other.log(), 3.0)
    assert torch.isinf(mixed).tolist() == [[False, False, True]]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_must_not_come_does_not_come_under_a_contrast(temperature: float) -> None:
    """The likeliest token by far is banned, would repeat a run, or is a first END: another one comes."""
    own = torch.tensor([[0.97, *[0.03 / 9] * 9]]).log()
    other = torch.full((1, 10), 0.1).log()
    logits = torch.cat([own, other])
    banned = choice(contrast=0.5, temperature=temperature, banned=torch.tensor([0]))
    assert banned(logits, history(3)).item() != 0
    run = choice(contrast=0.5, temperature=temperature, no_repeat_ngram=2)
    assert run(logits, history(4, 0, 4)).item() != 0
    ends = choice(contrast=0.5, temperature=temperature, end=0)
    assert ends(logits, history()).item() != 0


def test_of_tokens_as_likely_the_lower_id_comes_first_whatever_stands_beside() -> None:
    tied = torch.zeros(1, 1000)
    tied[0, 500:] = 4.0  # 500 tokens as likely as each other: more than are looked at first
    peaked = 9.0 * torch.eye(1000)[:1]
    chance = torch.tensor([[0.0], [0.3]])
    both = choice(chance, top_p=0.9)(torch.cat([peaked, tied]), torch.full((2, 1), 7))
    alone = choice(chance[1:], top_p=0.9)(tied, torch.full((1, 1), 7))
    assert both.tolist() == [0, alone.item()]
    assert choice(torch.zeros(1, 1), top_p=0.9)(tied, torch.full((1, 1), 7)).item() == 500
    tied[0, 700:] = -20.0  # of 200, those that are looked at first are enough for this top_p
    assert choice(torch.full((1, 1), 0.999), top_p=0.6)(tied, torch.full((1, 1), 7)).item() in range(620, 628)
