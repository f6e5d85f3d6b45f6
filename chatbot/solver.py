"""How the flow is integrated: options, vector field in every coordinate and time, torchdiffeq behind it.

The equations, their signs and the two times are those of chatbot/flow.py. This is the one file that calls
torchdiffeq. Some of its habits are met here: a fixed-step method takes the grid as it is given, and no NaN
stops it; an adaptive one reports failure by AssertionError, which `python -O` drops, so evaluations are
counted and drifts checked in the field itself; and it steps past the end of time unless told where that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torchdiffeq import odeint

from chatbot.energy import Energy
from chatbot.errors import ConfigError, FlowError
from chatbot.settings import ADAPTIVE, ALIASES, FIXED, FlowConfig, broken_rule


@dataclass(frozen=True)
class FlowOptions(FlowConfig):
    """The settings of [flow], however they were given. Raises ConfigError for a value that cannot be.

    `target_probability` 1 never stops early, `trust_radius` inf never limits. `coordinates` "auto" is
    "whitened", or "plain" (z itself, as the paper has it) when the prior term is kept. `logits` reads Eq. 8
    literally (chatbot/energy.py). `max_evaluations` counts evaluations of the drift.
    """

    def __post_init__(self) -> None:
        rules = {entry.name: broken_rule(entry, getattr(self, entry.name)) for entry in fields(self)}
        if not self.beta_min <= self.beta_max < math.inf:
            rules["beta_max"] = "at least beta_min"
        for name, rule in rules.items():
            if rule:
                value = getattr(self, name)
                raise ConfigError(
                    f"flow.{name} must be {rule}; received {value!r}. Change it in your config file."
                )

    @property
    def whitened(self) -> bool:
        return self.coordinates == "whitened" or (self.coordinates == "auto" and self.prior_term == "none")

    @property
    def total_time(self) -> float:
        """T, the flow's length in tau."""
        return (self.beta_min + self.beta_max) / 4

    @property
    def solver(self) -> str:
        """The name that torchdiffeq knows."""
        return ALIASES.get(self.method, self.method).removeprefix("log-")


@dataclass(frozen=True)
class Problem:
    """One flow: energy, prior and options, with the drift that they define.

    A `stiff` one is solved in log time and linearly implicitly, whatever its method (chatbot/flow.py).
    """

    energy: Energy
    mean: Tensor
    std: Tensor
    options: FlowOptions
    stiff: bool = False

    def rows(self, index: Tensor | slice) -> Problem:
        return replace(self, energy=self.energy.rows(index), mean=self.mean[index], std=self.std[index])

    @property
    def in_log_time(self) -> bool:
        options = self.options
        return self.stiff or options.solver in ADAPTIVE or options.method.startswith("log-")

    @property
    def scale(self) -> Tensor:
        """dz of one unit of the flow's coordinates (B, D)."""
        return self.std if self.options.whitened else torch.ones_like(self.std)

    def z(self, eps: Tensor) -> Tensor:
        return self.mean + self.std * eps

    def drift(self, eps: Tensor) -> Tensor:
        """d eps / d tau (B, D)."""
        z = self.z(eps)
        down = -self.energy.gradient(z)
        if self.options.whitened:
            return self.std * down  # Eq. 20; in these coordinates Eq. 19 adds eps - eps
        if self.options.prior_term == "eq19":
            down = down + z - (z - self.mean) / self.std.square()
        return down / self.std

    def clock(self, eps0: Tensor, steps: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """The solver's own time as a grid (steps + 1,), and d tau / d clock (B, 1) at a moment of it."""
        options = self.options
        if not self.in_log_time:
            grid = torch.linspace(1, 0, steps + 1, dtype=eps0.dtype, device=eps0.device)
            one = torch.ones_like(eps0[:, :1])
            return grid, lambda t: one * -0.5 * (options.beta_min + (options.beta_max - options.beta_min) * t)
        kappa = self.energy.steepness(self.z(eps0), self.scale).unsqueeze(-1)
        kappa = kappa.clamp_min(torch.finfo(eps0.dtype).eps)  # towards 0: even steps in tau
        length = torch.log1p(kappa * options.total_time)
        grid = torch.linspace(0, 1, steps + 1, dtype=eps0.dtype, device=eps0.device)
        return grid, lambda s: length / kappa * torch.exp(length * s)

    def events(self, points: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Which points (N, B, D) have reached their targets, which left the trust region: (N, B) bool."""
        reached = self.energy.reached(self.z(points), self.options.target_probability)
        return reached, (points - start).norm(dim=-1) > self.options.trust_radius

    def relaxed(self, eps: Tensor, step: Tensor) -> Tensor:
        """The drift, linearly implicit for a step of tau (B, 1): stiffness cannot shake it (Energy.relax)."""
        unit = self.std / self.scale
        return self.energy.relax(self.z(eps), self.scale, self.drift(eps) * unit, step) / unit

    def solve(self, eps0: Tensor, steps: int, spent: int = 0) -> tuple[Tensor, int]:
        """The path (N, B, D) of at most steps + 1 points, and the evaluations spent with it so far.

        An adaptive method goes from point to point, and no farther than all rows need: behind its end a row
        may be at rest, where such a method takes ever smaller steps.
        """
        options = self.options
        grid, speed = self.clock(eps0, steps)
        spent += self.in_log_time  # its kappa
        width = 1 / steps

        def field(clock: Tensor, eps: Tensor) -> Tensor:
            nonlocal spent
            spent += 1
            if spent > options.max_evaluations:
                raise self.failure(f"may take {options.max_evaluations} evaluations and needs more")
            # To choose its first step where little moves, an adaptive method tries one far beyond the end.
            pace = speed(clock.clamp(0, 1))
            drift = self.relaxed(eps, pace.abs() * width) if self.stiff else self.drift(eps)
            if not bool(drift.isfinite().all()):
                raise self.failure(f"must stay finite and did not at evaluation {spent}")
            return pace * drift

        path, fixed = eps0.unsqueeze(0), options.solver in FIXED
        try:
            with torch.no_grad():
                for moments in [grid] if fixed else grid.unfold(0, 2, 1):
                    reached, outside = self.events(path, eps0)
                    if bool((reached | outside).any(0).all()):
                        break
                    points = odeint(
                        field, path[-1], moments, method=options.solver, rtol=options.rtol, atol=options.atol,
                        options={} if fixed else {"step_t": moments[-1:], "dtype": moments.dtype},
                    )  # fmt: skip
                    path = torch.cat([path, torch.as_tensor(points)[1:]])
        except AssertionError as error:  # how torchdiffeq reports a step or a state that failed
            raise self.failure(f"was given up by its solver after {spent} evaluations ({error})") from error
        except torch.linalg.LinAlgError as error:  # pyright: ignore[reportPrivateImportUsage]
            # Next to such slopes the 1 of Energy.relax is lost.
            raise self.failure(f"has grown too stiff to be solved at evaluation {spent}") from error
        return path, spent

    def failure(self, what: str) -> FlowError:
        weights = self.energy.weights  # (B, 0) where nothing is asked for
        options, weight = self.options, float(weights.max()) if weights.numel() else 0.0
        return FlowError(
            f"The flow {what}; method {options.method!r}, {options.steps} steps, prior_term "
            f"{options.prior_term!r}, largest weight {weight:.3g}. Lower the weights, raise flow.steps or "
            "flow.max_evaluations, or use the default flow.method = 'log-heun'."
        )
