"""What every training stage shares: step loop, learning-rate schedule, checkpoints, log and progress.

A stage is a function of its step number (`step_fn(step) -> terms`): batches are drawn from a generator seeded
by (seed, step), so a run that was killed goes on from its last checkpoint as if nothing had happened.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from chatbot.errors import ChatbotError, UsageError


def learning_rate(step: int, steps: int, warmup: int) -> float:
    """Factor in [0, 1]: linear warm-up, then a cosine down to 5 %."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def autocast(enabled: bool, device: torch.device) -> AbstractContextManager[Any]:
    """bf16 autocast where it is wanted and the device has it."""
    return (
        torch.autocast(device.type, dtype=torch.bfloat16)
        if enabled and device.type != "mps"
        else nullcontext()
    )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a stage has saved. Raises UsageError for a file that is damaged, such as half of a copy."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, by where the file breaks off
        raise UsageError(
            f"A checkpoint must be whole; {str(path)!r} cannot be read ({error}). "
            "Give another --work, or delete this folder to begin anew."
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file that a kill or a full disk leaves as it was."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def of_another_model(checkpoint: Path) -> UsageError:
    """The error for a checkpoint whose tensors are not those of the model in training."""
    return UsageError(
        f"A work folder is of one run; {str(checkpoint)!r} is of a model of another shape. "
        "Give another --work, or delete this folder to begin anew."
    )


@contextmanager
def interruption(progress: Progress, told: str) -> Iterator[Event]:
    """Set by Ctrl+C, which breaks off no step; `told` then stands at the bar. A second Ctrl+C is as ever."""
    event = Event()

    def remember(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()
        for task in progress.task_ids:
            progress.update(task, description=told)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # as in the background
        yield event
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Stage:
    """One resumable training stage that writes `STAGE.pt` and `train.jsonl` into `folder`."""

    def __init__(
        self,
        name: str,
        folder: Path,
        modules: dict[str, nn.Module],
        groups: Iterable[tuple[Iterable[nn.Parameter], float]],
        steps: int,
        *,
        weight_decay: float = 0.01,
        save_every: float = 120.0,
    ) -> None:
        self.name, self.folder, self.modules, self.steps = name, folder, modules, steps
        self.rates = []
        params = []
        for group, rate in groups:
            self.rates.append(rate)
            params.append({"params": [p for p in group if p.requires_grad], "lr": rate})
        self.optimizer = torch.optim.AdamW(params, weight_decay=weight_decay, betas=(0.9, 0.98))
        self.save_every = save_every
        self.step = self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"{self.name}.pt"

    def _resume(self) -> int:
        if not self.checkpoint.exists():
            return 0
        state = read_checkpoint(self.checkpoint)
        try:
            for name, module in self.modules.items():
                module.load_state_dict(state["modules"][name])
            self.optimizer.load_state_dict(state["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise of_another_model(self.checkpoint) from error
        return int(state["step"])

    def save(self) -> None:
        """Write the checkpoint atomically: a kill leaves the old one or the new one, never half of one."""
        partial = self.checkpoint.with_suffix(".part")
        modules = {name: module.state_dict() for name, module in self.modules.items()}
        state = {"modules": modules, "optimizer": self.optimizer.state_dict(), "step": self.step}
        try:
            with partial.open("wb") as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:  # torch's own, about that of the disk
            partial.unlink(missing_ok=True)
            raise ChatbotError(
                f"A checkpoint must be whole; {str(self.checkpoint)!r} cannot be written "
                f"({error.__context__ or error}). Make room and give the same command again."
            ) from error
        os.replace(partial, self.checkpoint)

    def _forget_ahead(self, log: Path) -> None:
        """Take half a line, and those of steps that are taken again, out of the log."""
        lines = log.read_text("utf-8").splitlines(keepends=True) if log.exists() else []
        rows = ((line, json.loads(line)) for line in lines if line.endswith("\n"))
        kept = [line for line, row in rows if row["stage"] != self.name or row["step"] <= self.step]
        write_whole(log, "".join(kept))

    def run(
        self, step_fn: Callable[[int], tuple[torch.Tensor, dict[str, float]]], *, log_every: int = 10
    ) -> None:
        """Train to the last step, or to that in which Ctrl+C came, with a checkpoint and a KeyboardInterrupt.
        `step_fn(step)` gives the loss tensor and the terms for the log."""
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        warmup = max(1, min(200, self.steps // 20))
        saved = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        console, path = Console(stderr=True), self.folder / "train.jsonl"
        self._forget_ahead(path)
        with (
            Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress,
            path.open("a", encoding="utf-8") as log,
            interruption(progress, f"{self.name} ends behind this step") as interrupted,
        ):
            task = progress.add_task(self.name, total=self.steps, completed=self.step)
            while self.step < self.steps and not interrupted.is_set():
                factor = learning_rate(self.step, self.steps, warmup)
                for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                    group["lr"] = rate * factor
                torch.manual_seed(7919 * self.step + 17)
                loss, terms = step_fn(self.step)
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                if not torch.isfinite(norm):
                    raise ChatbotError(
                        f"The gradient must be finite; at step {self.step} of {self.name} it is not. "
                        "Lower the rate in the recipe and begin anew."
                    )
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=True)
                self.step += 1
                if self.step % log_every == 0 or self.step == self.steps:
                    record = {"stage": self.name, "step": self.step, "time": round(time.time(), 1), **terms}
                    log.write(json.dumps(record) + "\n")
                    log.flush()
                    progress.update(task, description=f"{self.name} loss {float(loss.detach()):.3f}")
                progress.update(task, completed=self.step)
                if time.monotonic() - saved > self.save_every:
                    self.save()
                    saved = time.monotonic()
            self.save()
        if interrupted.is_set():
            raise KeyboardInterrupt
