"""GenerationEngine: a context and what the persona asks for in, a streamed reply with its trace out.

    context -> prior p(z|C) -> z = mean + std * eps -> flow down the persona's energy -> decoder -> text

Everything random in a reply comes from its own seed: the noise eps and one uniform number for each token are
drawn by a generator of the row's own, so a reply is the same alone and in a batch (up to the rounding of
matrix products, whose order may depend on the batch's size).

The engine knows models, contexts and targets; it knows no conversations, profiles or settings files.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from chatbot import __version__
from chatbot.asked import Target, check_targets
from chatbot.decoding.candidates import Candidate, earlier_ends, measured, whole
from chatbot.decoding.cue import Cue, answering, asked_fact
from chatbot.decoding.news import misplaced
from chatbot.decoding.ranking import merit
from chatbot.decoding.reply import Reply, Row, Start
from chatbot.decoding.sampling import Sampling
from chatbot.decoding.saying import Saying
from chatbot.errors import UsageError
from chatbot.flow import FlowOptions
from chatbot.guidance import guide
from chatbot.model import artifact
from chatbot.model.artifact import Artifact
from chatbot.model.choice import Choice, Spell, Wanted
from chatbot.model.decoder import LatentDecoder
from chatbot.model.device import pick_device, pick_dtype
from chatbot.model.reading import Reader
from chatbot.model.spelling import Spelling
from chatbot.model.text import Codec, Context, Window
from chatbot.model.words import own_forms, worn_words


class GenerationEngine:
    """A loaded model that replies. One call at a time: its callers keep the door."""

    def __init__(self, model: Artifact, *, flow: FlowOptions | None = None) -> None:
        self._artifact = model
        self._flow = flow or FlowOptions()
        self._reader = Reader(model)
        self._spelling = Spelling(model.codec, model.words) if model.words else None
        self._device = next(model.model.parameters()).device

    @classmethod
    def load(
        cls, folder: Path, *, device: str = "auto", dtype: str = "auto", flow: FlowOptions | None = None
    ) -> GenerationEngine:
        """Read a model folder. Raises ModelError for a bad one, UsageError for a device that is not there."""
        place = pick_device(device)
        return cls(artifact.load(folder, device=place, dtype=pick_dtype(dtype, place)), flow=flow)

    @property
    def parts(self) -> tuple[Reader, LatentDecoder, Codec]:
        """Reader, decoder and codec, for measurements of the parts."""
        return self._reader, self._artifact.model.decoder, self._artifact.codec

    @property
    def name(self) -> str:
        return self._artifact.manifest.name

    @property
    def digest(self) -> str:
        return self._artifact.manifest.weights_digest[:16]

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        return dict(self._artifact.manifest.attributes)

    @property
    def context_budget(self) -> int:
        """How many tokens of context the model sees; the oldest messages beyond them are dropped."""
        return self._artifact.manifest.context_tokens

    def check(self, targets: Mapping[str, Target]) -> None:
        """Raise UnknownNameError, with the near names, for an attribute or aspect the model does not have."""
        check_targets(targets, self.attributes)

    def stream(
        self, context: Context, targets: Mapping[str, Target], sampling: Sampling, *, prefix: str = ""
    ) -> Iterator[str | Reply]:
        """The pieces of a reply as they are found, then the Reply. Closing the generator stops the work.

        With several candidates the best is known only at the end; its words come then, one after the other.
        A reply with a `prefix` begins with these words, which come first.
        """
        if sampling.candidates > 1:
            reply = self.reply(context, targets, sampling, prefix=prefix)
            yield from re.findall(r"\s*\S+", reply.text)
            yield reply
            return
        start = self._begin([Row(context, targets, sampling.drawn_seed())], sampling, prefix)
        (saying,) = self._sayings(start, sampling)
        if saying.text:
            yield saying.text
        with closing(self._generate(start)) as steps:  # pyright: ignore[reportArgumentType]
            for step in steps:
                if piece := saying.push(int(step)):
                    yield piece
                if saying.over:
                    break
        if rest := saying.close():
            yield rest
        yield self._finish(start, [whole(0, saying)], sampling)[0]

    def reply(
        self, context: Context, targets: Mapping[str, Target], sampling: Sampling, *, prefix: str = ""
    ) -> Reply:
        """One reply, whole."""
        return self.replies([context], [targets], sampling, [sampling.drawn_seed()], prefix=prefix)[0]

    def replies(
        self,
        contexts: Sequence[Context],
        targets: Sequence[Mapping[str, Target]],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        *,
        prefix: str = "",
    ) -> list[Reply]:
        """A reply to each context, found in one batch; of several candidates each context gets its best.

        All begin with `prefix`; UsageError when it leaves no room for more. Without `seeds`, row i has
        `sampling.seed + i`, or a new seed where that is -1.
        """
        if seeds is None:
            seeds = [sampling.drawn_seed() + i for i in range(len(contexts))]
        rows = [
            Row(context, wanted, seed, number)
            for context, wanted, seed in zip(contexts, targets, seeds, strict=True)
            for number in range(sampling.candidates)
        ]
        if not rows:
            return []
        start = self._begin(rows, sampling, prefix)
        sayings = self._sayings(start, sampling)
        with closing(self._generate(start)) as steps:  # pyright: ignore[reportArgumentType]
            for step in steps:
                for saying, token in zip(sayings, step.tolist(), strict=True):
                    saying.push(token)
                if all(saying.over for saying in sayings):
                    break
        for saying in sayings:
            saying.close()
        candidates = [whole(row, saying) for row, saying in enumerate(sayings)]
        if sampling.candidates == 1:
            return self._finish(start, candidates, sampling)
        if sampling.brevity:
            candidates += earlier_ends(candidates, start, self._artifact.codec, sampling.stop)
        found = self._finish(start, candidates, sampling)
        groups: list[list[Reply]] = [[] for _ in contexts]
        for candidate, reply in zip(candidates, found, strict=True):
            groups[candidate.row // sampling.candidates].append(reply)
        return [max(group, key=lambda reply: merit(reply.text, reply.trace)) for group in groups]

    def measure(self, context: Context, reply: str) -> dict[str, dict[str, float]]:
        """How the text reads to the model's own posterior encoder and heads: attribute -> aspect -> p."""
        return self._reader.measure([context], [reply])[0]

    def answering(self, message: str, facts: Sequence[str]) -> dict[int, float]:
        """The places of the facts that answer a message, the best first, each with its score; empty for a
        model without matcher."""
        return answering(self._reader, message, facts)

    def weigh(
        self,
        context: Context,
        targets: Mapping[str, Target],
        texts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> Iterable[list[float]]:
        """Mean log p of a token (nats) of each text as the persona's reply, a row a seed, one by one."""
        start = self._begin([Row(context, targets, seed) for seed in seeds], sampling)
        ids = [[*self._artifact.codec.encode(text), self._artifact.codec.end] for text in texts]
        first = torch.zeros(len(ids), dtype=torch.long, device=self._device)
        return (self._reader.likelihood(start.read, first, z.expand(len(ids), -1), ids) for z in start.z)

    def length(self, fact: str) -> int:
        """How many tokens a fact takes in a context."""
        return 1 + len(self._artifact.codec.encode(fact))

    def window(self, context: Context) -> Window:
        """What of a context the decoder sees before a reply."""
        codec = self._artifact.codec
        ids = codec.encode_context(context, self.context_budget)
        return Window(codec.read_back(ids), len(ids), self.context_budget)

    def _sayings(self, start: Start, sampling: Sampling) -> list[Saying]:
        """The replies with nothing said but the opening; their spellers know where in a sentence that leaves
        them."""
        codec = self._artifact.codec
        contexts = {row.context for row in start.rows}
        forms = {context: {} if codec.cased else own_forms(context) for context in contexts}
        sayings = []
        for row in start.rows:
            speller = codec.stream()
            for token in start.opening:
                speller.push(token)
            speller.finish()  # what it holds back of the opening has been said
            said = forms[row.context]
            sayings.append(Saying(speller, codec.end, stops=sampling.stop, text=start.prefix, forms=said))
        return sayings

    @torch.inference_mode()
    def _begin(self, rows: Sequence[Row], sampling: Sampling, prefix: str = "") -> Start:
        """Read the contexts and find every row's z."""
        for row in rows:
            self.check(row.targets)
            if not row.context.turns:
                raise UsageError("A reply answers a message; the context has none. Give it a turn.")
        begun = time.perf_counter()
        contexts = list(dict.fromkeys(row.context for row in rows))
        owner = torch.tensor([contexts.index(row.context) for row in rows], device=self._device)
        prior, read_contexts = self._reader.prior(contexts), self._reader.prefix(contexts, blank=True)
        read = time.perf_counter()
        generators = [row.generator for row in rows]
        noise = torch.stack([torch.randn(prior.mean.shape[1], generator=g) for g in generators])
        eps = sampling.spread * noise
        opening = self._artifact.codec.encode(prefix)
        limit = self._limit(sampling, opening)
        chance = torch.stack([torch.rand(limit, generator=g) for g in generators])
        z, notes = guide(
            self._artifact.model.heads,
            [row.targets for row in rows],
            prior.select(owner),
            eps.to(self._device),
            strength=self._artifact.manifest.default_weight,
            options=self._flow,
        )
        times = {"encode_ms": 1e3 * (read - begun), "flow_ms": 1e3 * (time.perf_counter() - read)}
        asked = [asked_fact(self._reader, context) if sampling.fact_bonus else None for context in contexts]
        cues = [asked[place] for place in owner.tolist()]
        shunned = {
            context: worn_words(context, cue.words if cue else ()) | misplaced(context.turns[-1].text)
            for context, cue in zip(contexts, asked, strict=True)
        }
        worn = self._tokens(shunned.values())[owner] if sampling.presence_penalty else None
        wanted = self._wanted(cues, sampling.fact_bonus)
        spell = self._spell(contexts, owner.tolist())
        choice = self._choice(sampling, chance.to(self._device), worn, wanted, spell, len(opening))
        return Start(
            rows, z, read_contexts, owner, choice, notes, cues, shunned, times, begun, opening, prefix.strip()
        )

    def _tokens(self, shunned: Collection[Collection[str]]) -> Tensor:
        """1 (C, V) for the tokens that are one of a context's shunned words."""
        found = torch.zeros(len(shunned), self._artifact.model.decoder.lm.config.vocab_size)
        for row, words in enumerate(shunned):
            found[row, self._artifact.codec.whole(words)] = 1.0
        return found.to(self._device)

    def _wanted(self, cues: Sequence[Cue | None], bonus: float) -> Wanted | None:
        """The words of the facts that the rows are asked for."""
        if not any(cues):
            return None
        spell = self._artifact.codec.spellings
        rows = [[ids for word in cue.words for ids in spell(word)] if cue else [] for cue in cues]
        return Wanted.of(rows, self._artifact.model.decoder.lm.config.vocab_size, bonus, self._device)

    def _spell(self, contexts: Sequence[Context], owner: Sequence[int]) -> Spell | None:
        """What rows may spell that the model has not learnt: the words of the context that each answers."""
        if self._spelling is None:
            return None
        codec = self._artifact.codec
        own = [self._spelling.words(codec.encode_context(one, self.context_budget)) for one in contexts]
        return Spell(self._spelling, [own[place] for place in owner])

    def _choice(
        self,
        sampling: Sampling,
        chance: Tensor,
        worn: Tensor | None,
        wanted: Wanted | None,
        spell: Spell | None,
        opening: int,
    ) -> Choice:
        codec = self._artifact.codec
        return Choice(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            repetition_penalty=sampling.repetition_penalty,
            no_repeat_ngram=sampling.no_repeat_ngram,
            banned=torch.tensor(codec.banned, dtype=torch.long, device=self._device),
            end=codec.end,
            chance=chance,
            worn=worn,
            presence_penalty=sampling.presence_penalty,
            wanted=wanted,
            spell=spell,
            opening=opening,
            contrast=sampling.contrast,
        )

    def _limit(self, sampling: Sampling, opening: Sequence[int]) -> int:
        """Tokens that may follow the opening: what fits behind the longest context, whatever the batch."""
        decoder = self._artifact.model.decoder
        room = decoder.max_positions - self.context_budget - decoder.memory_slots - len(opening)
        if opening and room < 1:
            raise UsageError(
                f"The words that a reply begins with leave it no room: they have {len(opening)} tokens, and "
                f"{len(opening) + room - 1} fit. Give it fewer words."
            )
        return max(1, min(sampling.max_tokens, room))

    def _generate(self, start: Start) -> Iterator[Tensor]:
        """The next ids (B,) of all rows, step by step."""
        decoder = self._artifact.model.decoder
        codec = self._artifact.codec
        owner, z = self._paired(start) if start.choice.contrast else (start.owner, start.z)
        return decoder.generate(
            start.read.select(owner),
            z.to(decoder.memory.weight.dtype),
            bot=codec.bot,
            end=codec.end,
            limit=start.choice.chance.shape[1],
            choose=start.choice,
            opening=start.opening,
            paired=bool(start.choice.contrast),
        )

    @torch.inference_mode()
    def _paired(self, start: Start) -> tuple[Tensor, Tensor]:
        """Owners and z of the rows, and of their contrast: no context, and a z that says nothing."""
        average = self._artifact.model.average_latent().expand_as(start.z)
        return torch.cat([start.owner, start.nowhere]), torch.cat([start.z, average])

    def _finish(self, start: Start, candidates: Sequence[Candidate], sampling: Sampling) -> list[Reply]:
        """A reply with its trace for each candidate; measures what was said."""
        decoded = time.perf_counter()
        figures = measured(candidates, start, self._reader, alone=sampling.candidates == 1)
        done = time.perf_counter()
        times = start.times | {
            "decode_ms": 1e3 * (decoded - start.begun) - sum(start.times.values()),
            "measure_ms": 1e3 * (done - decoded),
            "total_ms": 1e3 * (done - start.begun),
        }
        shared = {
            "model": self.name,
            "model_digest": self.digest,
            "program": __version__,
            "device": self._device.type,
            "dtype": str(self._artifact.model.decoder.memory.weight.dtype).removeprefix("torch."),
            "sampling": sampling.written(),
            "flow_options": asdict(self._flow),
            "prefix": start.prefix,
            "times": {name: round(value, 1) for name, value in times.items()},
        }
        windows = {context: self.window(context).figures() for context in {row.context for row in start.rows}}
        replies = []
        for one, found in zip(candidates, figures, strict=True):
            row = start.rows[one.row]
            own = {
                "seed": row.seed,
                "candidate": row.candidate,
                "context": row.context.digests(),
                "window": windows[row.context],
            }
            replies.append(Reply(one.text, start.notes[one.row] | own | found | shared))
        return replies
