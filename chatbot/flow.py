"""The flow: the prior's sample z moved down an energy until it speaks for the persona.

Coordinates    z = mean + std * eps, the prior's own scale, in which the prior is N(0, I)
Time           t runs from 1 (the prior's sample) to 0; beta(t) = beta_min + (beta_max - beta_min) t
Eq. 20         dz/dt = 1/2 beta(t) grad E(z), so z goes down E as t falls (arXiv 2310.18342 writes two signs
               that cancel; its code and this file descend). tau = 1/2 int_t^1 beta takes beta away:

                   d eps/d tau = - grad_eps E = - std * grad_z E,    0 <= tau <= T = (beta_min + beta_max) / 4

               Only lambda * T matters; beta says how long a push lasts, nothing else.
Eq. 19         keeps the prior's part: dz/dtau = z - (z - mean) / std^2 - grad E. For a N(0, I) prior its
               first two terms cancel, which is why whitened coordinates need none of them (and why Eq. 19
               there is Eq. 20). In plain coordinates Eq. 19 contracts or explodes like
               exp((1 - 1/std^2) tau): it is kept to reproduce the paper, as `prior_term = "eq19"`.

Log time. With log-softmax energies a margin m = log(p / (1 - p)) obeys m + e^m = const + kappa tau: the rate
falls like 1/tau and the flow is smooth in log tau. Methods named "log-..." therefore step evenly in s,

    tau(s) = ((1 + kappa T)^s - 1) / kappa,     0 <= s <= 1,

with the row's own kappa (`Energy.steepness` at the start). The change of time sits inside the vector field,
so any fixed-step solver of torchdiffeq can integrate it, at a constant number of evaluations and with no
row feeling its neighbours. Adaptive solvers choose one step for all that they are given, hence they get one
row at a time; in this time too, so that the points of the path lie where z moves. Both return the whole path.

Where a row ends is read off its path afterwards, so the field stays smooth and the end is a point of the
true flow: at the first point where every guided attribute has reached its target (`Energy.reached`; a single
aspect has with p >= target_probability), or before the first point farther than `trust_radius` from the
start, or at the end of time.

A flow downhill never climbs: a row whose energy rises was stepped too coarsely, and so was one that leaps
across the trust region in one step. In log time that happens where attributes pull against each other or a
mixed aspect vector is met: some directions come to rest, at a rate that falls no more, while others still
move. Such rows are solved again, in log time and eight times the steps, with the drift made linearly
implicit, (1 + dtau M^T M)^-1 drift, where M^T M is the Gauss-Newton Hessian of E (Rosenbrock 1963; Steihaug
and Wolfbrandt 1979 for approximate Hessians). That is of first order only, but it bears any stiffness and
uses all of T.

Everything here is a pure function of its arguments. A failure is a FlowError, never a NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from chatbot.energy import Energy
from chatbot.errors import FlowError
from chatbot.settings import ADAPTIVE
from chatbot.solver import FlowOptions, Problem

__all__ = ["FlowOptions", "FlowResult", "flow"]

_RUNAWAY = 100.0  # |eps| in units of sqrt(D), where a prior sample has 1; nothing good lies out there
_FINER = 8  # times the steps for a row that was stepped too coarsely
_PARTS = 8  # where a row ends is found to an eighth of a step
_OUTPUTS = 16  # points at which an adaptive method reports its path


@dataclass(frozen=True)
class FlowResult:
    """Where every row came to. z = mean + std * eps.

    `stopped`: the targets were reached. `limited`: the trust region ended the row. `distance`: |eps - eps0|.
    `evaluations` of the drift, of the row that needed most.
    """

    z: Tensor  # (B, D)
    eps: Tensor  # (B, D)
    stopped: Tensor  # (B,) bool
    limited: Tensor  # (B,) bool
    distance: Tensor  # (B,)
    evaluations: int


def flow(energy: Energy, mean: Tensor, std: Tensor, eps0: Tensor, options: FlowOptions) -> FlowResult:
    """Flow from z0 = mean + std * eps0, all (B, D), in the heads' dtype. Rows are independent of each other.

    Raises FlowError when the flow is not finite, runs away or needs too many evaluations.
    """
    _check_start(mean, std, eps0)
    problem = Problem(energy, mean, std, options)
    if not options.trust_radius or (options.whitened and not bool((energy.weights > 0).any())):
        path, evaluations = eps0.unsqueeze(0), 0
    elif options.solver in ADAPTIVE:
        path, evaluations = _adaptive(problem, eps0)
    else:
        path, evaluations = _fixed(problem, eps0)
    eps, stopped, limited = _end(problem, path)
    distance = (eps - eps0).norm(dim=-1)
    _check_end(problem, eps, distance)
    return FlowResult(
        z=problem.z(eps),
        eps=eps,
        stopped=stopped,
        limited=limited,
        distance=distance,
        evaluations=evaluations,
    )


def _adaptive(problem: Problem, eps0: Tensor) -> tuple[Tensor, int]:
    """Row by row, so that a row alone ends where it ends in a batch."""
    rows = torch.arange(len(eps0), device=eps0.device).split(1)
    solved = [problem.rows(row).solve(eps0[row], _OUTPUTS) for row in rows]
    longest = max(len(path) for path, _ in solved)
    path = torch.cat([_lengthened(path, longest) for path, _ in solved], dim=1)
    return path, max(evaluations for _, evaluations in solved)


def _fixed(problem: Problem, eps0: Tensor) -> tuple[Tensor, int]:
    """All rows at once, then those that were stepped too coarsely again, as stiff ones and with more steps,
    until there are none. A finer path keeps all its points."""
    steps = problem.options.steps
    path, spent = problem.solve(eps0, steps)
    rows = torch.arange(eps0.shape[0], device=eps0.device)
    # In plain coordinates the drift of Eq. 19 is no gradient: its energy may rise.
    while problem.options.whitened or problem.options.prior_term == "none":
        rows = rows[_too_coarse(problem.rows(rows), path[:, rows])]
        if not len(rows):
            break
        steps *= _FINER
        finer, spent = replace(problem.rows(rows), stiff=True).solve(eps0[rows], steps, spent)
        path = _lengthened(path, len(finer))
        path[:, rows] = finer
    return path, spent


def _lengthened(path: Tensor, points: int) -> Tensor:
    """The path with so many points: it repeats its last one."""
    return torch.cat([path, path[-1:].expand(points - len(path), -1, -1)])


def _too_coarse(problem: Problem, path: Tensor) -> Tensor:
    """Whether a row (B,), before it ends, climbs beyond rounding or goes more than the trust region's radius
    in one step."""
    energy = problem.energy(problem.z(path))  # (N, B)
    lowest = energy.cummin(0).values
    slack = 1e-3 * (energy[0] - lowest) + 1e-5 * (1 + energy[0].abs())
    leaps = path.diff(dim=0, prepend=path[:1]).norm(dim=-1) > problem.options.trust_radius
    reached, outside = problem.events(path, path[0])
    over = (reached | outside).cumsum(0) - (reached | outside).long() > 0  # its end lies before
    return (((energy - lowest > slack) | leaps) & ~over).any(0)


def _end(problem: Problem, path: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where every row ends on its path (N, B, D): eps (B, D), and whether it stopped, whether it was limited.

    The step in which something happens is searched in _PARTS parts: the first that reached the targets, or
    the last inside the trust region.
    """
    rows = torch.arange(path.shape[1], device=path.device)
    reached, outside = problem.events(path, path[0])
    event = reached | outside
    happened, step = event.any(0), event.int().argmax(0)
    before, after = path[(step - 1).clamp_min(0), rows], path[step, rows]
    part = torch.linspace(0, 1, _PARTS + 1, dtype=path.dtype, device=path.device).view(-1, 1, 1)
    points = torch.lerp(before, after, part)  # the first of them is without event, unless step is 0
    reached, outside = problem.events(points, path[0])
    event = reached | outside
    event[-1] = True  # as it was on the path
    first = event.int().argmax(0)
    limited = outside[first, rows]
    pick = first - limited.int()
    eps = torch.where(happened.unsqueeze(-1), points[pick, rows], path[-1])
    return eps, happened & reached[pick, rows], happened & limited


def _check_start(mean: Tensor, std: Tensor, eps0: Tensor) -> None:
    if not (mean.dim() == 2 and mean.shape == std.shape == eps0.shape):
        shapes = [tuple(tensor.shape) for tensor in (mean, std, eps0)]
        raise ValueError(f"mean, std and eps0 must all be (B, D); received {shapes}.")
    if not bool((mean.isfinite() & std.isfinite() & (std > 0) & eps0.isfinite()).all()):
        raise FlowError(
            "The prior must give finite numbers and a positive std; this one does not "
            f"(largest |mean| {float(mean.abs().max()):.3g}, smallest std {float(std.min()):.3g}). "
            "The model may be damaged: check it with `chatbot bench`, or run it in float32."
        )


def _check_end(problem: Problem, eps: Tensor, distance: Tensor) -> None:
    limit = _RUNAWAY * math.sqrt(eps.shape[-1])
    if not bool(eps.isfinite().all()) or float(distance.max()) > limit:
        far = float(distance.max())
        raise problem.failure(f"ran away: it went {far:.3g} from its start and may go {limit:.3g}")
