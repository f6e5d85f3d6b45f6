"""Decoding: the cached path equals recomputation from nothing, for every kind of language model."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    RobertaConfig,
)

from chatbot.model.decoder import LatentDecoder, Prefix

BOT, END, V, D = 1, 2, 40, 6
CONFIGS: dict[str, PretrainedConfig] = {
    "bert": BertConfig(
        vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, is_decoder=True,
    ),
    "gpt2": GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=2, n_positions=64),
    "llama": LlamaConfig(
        vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    ),
    "roberta": RobertaConfig(
        vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, is_decoder=True, pad_token_id=1,
    ),
}  # fmt: skip


def greedy(logits: Tensor, history: Tensor) -> Tensor:
    return logits.argmax(-1)


@pytest.fixture(params=sorted(CONFIGS))
def decoder(request: pytest.FixtureRequest) -> LatentDecoder:
    torch.manual_seed(3)
    decoder = LatentDecoder(AutoModelForCausalLM.from_config(CONFIGS[request.param]), D, 3).eval()
    with torch.no_grad():  # make z matter and the text vary
        for parameter in decoder.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return decoder


def contexts() -> tuple[Tensor, Tensor]:
    """Two contexts of lengths 7 and 4, padded on the right."""
    ids = torch.randint(3, V, (2, 7), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    return ids, mask


@torch.no_grad()
def recomputed(decoder: LatentDecoder, ids: Tensor, z: Tensor, limit: int) -> list[int]:
    """Greedy decoding of one unpadded context (1, T) with the whole prefix run again for every token."""
    reply = [BOT]
    while len(reply) <= limit:
        prefix = decoder.prefill(ids, torch.ones_like(ids))
        row = torch.tensor([reply])
        token = int(decoder.logits(prefix, z, row, torch.ones_like(row))[0, -1].argmax())
        reply.append(token)
        if token == END:
            break
    return reply[1:]


def test_cached_equals_uncached_alone_and_in_a_padded_batch(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(1))
    steps = list(decoder.generate(decoder.prefill(ids, mask), z, bot=BOT, end=END, limit=12, choose=greedy))
    for row, length in enumerate((7, 4)):
        expected = recomputed(decoder, ids[row : row + 1, :length], z[row : row + 1], 12)
        assert [int(step[row]) for step in steps][: len(expected)] == expected


def test_a_reply_goes_on_from_its_opening_as_if_it_had_said_it(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(1))
    said = recomputed(decoder, ids[:1, :7], z[:1], 8)
    steps = decoder.generate(
        decoder.prefill(ids[:1], mask[:1]), z[:1], bot=BOT, end=END, limit=5, choose=greedy, opening=said[:3]
    )
    assert [int(step) for step in steps] == said[3:8]


def test_step_logits_equal_the_teacher_forced_ones(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(2))
    reply = torch.randint(3, V, (2, 5), generator=torch.Generator().manual_seed(3))
    reply[:, 0] = BOT
    with torch.no_grad():
        whole = decoder.logits(decoder.prefill(ids, mask), z, reply, torch.ones_like(reply))
        prefix = decoder.prefill(ids, mask)
        first = decoder.logits(prefix, z, reply[:, :1], torch.ones_like(reply[:, :1]))[:, -1]
        steps = [first] + [decoder.step(prefix, z, reply[:, i]) for i in range(1, 5)]
    torch.testing.assert_close(torch.stack(steps, dim=1), whole, atol=2e-5, rtol=1e-4)


def test_positions_are_those_that_the_language_model_counts_itself(decoder: LatentDecoder) -> None:
    ids, _ = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(2))
    reply = torch.tensor([[BOT, 5, 6], [BOT, 8, 9]])
    slots, tokens = decoder.memory(z).view(2, 3, -1), decoder.embed(reply) + decoder.offset(z).unsqueeze(1)
    with torch.no_grad():
        whole = decoder.lm(inputs_embeds=torch.cat([decoder.embed(ids), slots, tokens], dim=1)).logits
        own = decoder.logits(decoder.prefill(ids, torch.ones_like(ids)), z, reply, torch.ones_like(reply))
    torch.testing.assert_close(own, whole[:, -3:], atol=2e-5, rtol=1e-4)


def test_a_window_that_slides_is_all_the_room_there_is() -> None:
    decoder = LatentDecoder.from_config(GPT2Config(n_embd=16, n_layer=1, n_head=2, n_positions=64), D, 3)
    decoder.lm.config.sliding_window = 20
    assert decoder.max_positions == 20


def test_one_prefill_serves_many_rows(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(3, D, generator=torch.Generator().manual_seed(4))
    prefix = decoder.prefill(ids, mask)
    owner = torch.tensor([1, 0, 1])
    reply = torch.full((3, 1), BOT)
    with torch.no_grad():
        shared = decoder.logits(prefix.select(owner), z, reply, torch.ones_like(reply))
        again = decoder.logits(prefix.select(owner), z, reply, torch.ones_like(reply))
        alone = decoder.logits(decoder.prefill(ids[owner], mask[owner]), z, reply, torch.ones_like(reply))
    torch.testing.assert_close(shared, alone, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(shared, again)


def test_padding_adds_nothing_to_the_loss(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(5))
    reply = torch.tensor([[BOT, 5, 6, 7, END], [BOT, 8, END, 0, 0]])
    reply_mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    with torch.no_grad():
        both = decoder.reply_loss(decoder.prefill(ids, mask), z, reply, reply_mask, shown=reply)
        short = decoder.reply_loss(
            decoder.prefill(ids[1:, :4], mask[1:, :4]),
            z[1:],
            reply[1:, :3],
            reply_mask[1:, :3],
            shown=reply[1:, :3],
        )
    torch.testing.assert_close(both[1:], short, atol=2e-5, rtol=1e-4)


def test_a_short_reply_behind_a_long_context_may_stand_beside_a_long_one(decoder: LatentDecoder) -> None:
    """Each fits by itself; the padding of the first would stand behind the last position."""
    ids, mask = torch.randint(3, V, (2, 50)), torch.ones(2, 50, dtype=torch.long)
    reply, reply_mask, z = ids[:, :30], mask[:, :30].clone(), torch.randn(2, D)
    mask[1, 4:], reply_mask[0, 2:] = 0, 0
    with torch.no_grad():
        both = decoder.reply_loss(decoder.prefill(ids, mask), z, reply, reply_mask, shown=reply)
        prefix, own = decoder.prefill(ids[:1], mask[:1]), reply[:1, :2]
        alone = decoder.reply_loss(prefix, z[:1], own, mask[:1, :2], shown=own)
    torch.testing.assert_close(both[:1], alone)


def test_the_gradient_reaches_z_and_the_context(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, requires_grad=True)
    reply = torch.tensor([[BOT, 5, END], [BOT, 8, END]])
    decoder.reply_loss(
        decoder.prefill(ids, mask), z, reply, torch.ones_like(reply), shown=reply
    ).sum().backward()
    assert z.grad is not None
    assert float(z.grad.abs().min(dim=1).values.min()) > 0


def test_paired_rows_hear_the_words_of_the_first_half(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    z = torch.randn(2, D, generator=torch.Generator().manual_seed(5))
    read = decoder.prefill(ids, mask)
    rows = torch.tensor([0, 1, 1, 1])  # both rows are set off against the second context with the first z
    both = torch.cat([z, z[:1], z[:1]])

    def choose(logits: Tensor, history: Tensor) -> Tensor:
        own, other = logits.chunk(2)
        return (2 * own - other).argmax(-1)

    steps = decoder.generate(read.select(rows), both, bot=BOT, end=END, limit=6, choose=choose, paired=True)
    found = torch.stack(list(steps), dim=1)
    assert found.shape[0] == 2
    for row, length in enumerate((7, 4)):
        said = [BOT]
        for token in found[row].tolist():
            line = torch.tensor([said])
            with torch.no_grad():
                own, other = (
                    decoder.logits(decoder.prefill(i, torch.ones_like(i)), one, line, torch.ones_like(line))
                    for i, one in ((ids[row : row + 1, :length], z[row : row + 1]), (ids[1:, :4], z[:1]))
                )
            assert token == int((2 * own - other)[0, -1].argmax())
            said.append(token)
            if token == END:
                break


def test_rows_that_have_ended_are_heard_no_more_and_change_nothing(
    decoder: LatentDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, mask = contexts()
    owner, ends = torch.tensor([0, 1, 0, 1]), torch.tensor([1, 2, 8, 3])
    z = torch.randn(4, D, generator=torch.Generator().manual_seed(6))

    def choose(logits: Tensor, history: Tensor) -> Tensor:
        likeliest = logits.index_fill(-1, torch.tensor([END]), -torch.inf).argmax(-1)
        return likeliest.masked_fill(ends[: len(logits)] == history.shape[1] - 1, END)

    heard: list[int] = []
    step = decoder.step

    def counted(prefix: Prefix, z: Tensor, token: Tensor) -> Tensor:
        heard.append(len(token))
        return step(prefix, z, token)

    monkeypatch.setattr(decoder, "step", counted)
    read = decoder.prefill(ids, mask).select(owner)
    found = torch.stack(list(decoder.generate(read, z, bot=BOT, end=END, limit=12, choose=choose)), dim=1)
    assert heard == [4, 4, 2, 1, 1, 1, 1, 1]
    for row, length in enumerate((7, 4, 7, 4)):
        said, context = [BOT], ids[owner[row] : owner[row] + 1, :length]
        for _ in range(int(ends[row])):
            line = torch.tensor([said])
            with torch.no_grad():
                prefix = decoder.prefill(context, torch.ones_like(context))
                logits = decoder.logits(prefix, z[row : row + 1], line, torch.ones_like(line))[0, -1]
            logits[END] = -torch.inf
            said.append(int(logits.argmax()))
        assert found[row].tolist() == said[1:] + [END] * (9 - int(ends[row]))


def test_closing_the_generator_stops_it_and_inference_mode_does_not_leak(decoder: LatentDecoder) -> None:
    ids, mask = contexts()
    stream = decoder.generate(
        decoder.prefill(ids, mask), torch.zeros(2, D), bot=BOT, end=END, limit=50, choose=greedy
    )
    next(stream)
    assert not torch.is_inference_mode_enabled()
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


def test_a_full_window_ends_the_reply() -> None:
    torch.manual_seed(0)
    decoder = LatentDecoder(AutoModelForCausalLM.from_config(CONFIGS["gpt2"]), D, 3).eval()
    ids = torch.full((1, 50), 5)

    def never_end(logits: Tensor, history: Tensor) -> Tensor:
        return torch.full((1,), 7)

    tokens = list(
        decoder.generate(
            decoder.prefill(ids, torch.ones_like(ids)),
            torch.zeros(1, D),
            bot=BOT,
            end=END,
            limit=99,
            choose=never_end,
        )
    )
    assert (
        len(tokens) == 64 - 50 - 3
    )  # positions less context and memory: [BOT] takes one, the last token needs none
