"""Why a reply came out as it did: its stored trace in plain lines, one matter each. No model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chatbot.errors import ChatbotError, UsageError
from chatbot.measures import drift
from chatbot.terminal import clean, counted, one_line
from storage import ConversationManager, Message

Trace = Mapping[str, Any]


def reply(manager: ConversationManager, message_id: int) -> Message:
    """The message, which has a trace; UsageError for one that the model did not write."""
    message = manager.message(message_id)
    if message.generation:  # of a duet's second side too, whose role is the user's
        return message
    if message.role != "bot":
        raise UsageError(
            f"Only replies have a trace; message {message_id} is a {message.role}'s. Name a reply."
        )
    how = (
        "is a greeting, or was written by hand" if message.state == "complete" else "was cut short too early"
    )
    raise UsageError(f"Message {message_id} has no trace: it {how}. Name a reply.")


def told(message: Message) -> str:
    """All there is to say, as lines of 'matter  what'; ChatbotError for a trace that makes no sense."""
    trace = message.generation or {}
    try:
        rows = [(name, one_line(text)) for name, text in _matters(message, trace) if text]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ChatbotError(
            f"The trace of message {message.id} is not as this program writes it, so it cannot be told. "
            "--json shows it as it is."
        ) from error
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{clean(name):<{width}}  {text}" for name, text in rows)


def fields(message: Message) -> dict[str, Any]:
    """The same for programs: the trace as it is stored, and the distance of each attribute."""
    return {
        "message_id": message.id,
        "conversation_id": message.conversation_id,
        "state": message.state,
        "text": message.text,
        "distances": drift.distances(message.generation),
        "trace": message.generation,
    }


def _matters(message: Message, trace: Trace) -> Iterator[tuple[str, str]]:
    yield "message", f"{message.id} of conversation {message.conversation_id}"
    yield "text", message.text
    yield "ended", _ended(message, trace)
    if trace.get("profile"):
        yield "profile", f"{trace['profile']}, digest {trace.get('profile_digest', 'unknown')}"
    for name, target in (trace.get("targets") or {}).items():
        yield f"asked {name}", _asked(name, target, trace)
    for name, factor in (trace.get("hold") or {}).items():
        yield f"held {name}", f"its weight was multiplied by {factor:.2f}, because the persona had drifted"
    if gaps := drift.distances(trace):
        yield "drift", f"{sum(gaps.values()) / len(gaps):.2f} (0 is as asked, 1 the opposite)"
    yield "flow", _flow(trace)
    if "energy_after" in trace:
        yield "energy", f"{trace['energy_before']:.3f} before the flow, {trace['energy_after']:.3f} after"
    yield "seed", str(trace.get("seed", ""))
    yield "sampling", ", ".join(f"{k} {v}" for k, v in (trace.get("sampling") or {}).items() if k != "seed")
    yield "chosen", _chosen(trace)
    yield "began with", trace.get("prefix") or ""
    if context := trace.get("context"):
        yield (
            "given",
            f"{counted(len(context['facts']), 'fact')}, {counted(len(context['turns']), 'message')}",
        )
    if cue := trace.get("asked_fact"):
        yield (
            "asks for",
            f"fact {cue['place'] + 1}, match {cue['score']:.2f}, {'said' if cue['said'] else 'not said'}",
        )
    if window := trace.get("window"):
        yield "context", f"{window['used']} of {window['total']} tokens{_left_out(trace)}"
    yield "tokens", str(trace.get("tokens", ""))
    if "model" in trace:
        where = " ".join(str(trace[key]) for key in ("device", "dtype") if key in trace)
        yield "model", f"{trace['model']}, digest {trace.get('model_digest', 'unknown')}, {where}".strip(" ,")
    yield "program", str(trace.get("program", ""))
    yield (
        "times",
        ", ".join(
            f"{name.removesuffix('_ms')} {value:.0f} ms" for name, value in (trace.get("times") or {}).items()
        ),
    )


def _words(count: int) -> str:
    return "word" if count == 1 else f"{count} words"


def _left_out(trace: Trace) -> str:
    """What had no room: facts and messages that the scene left out, and turns that the model cut off."""
    known = trace.get("left_out") or {}
    given = len((trace.get("context") or {}).get("turns", ()))
    turns = known.get("messages", 0) + given - trace["window"].get("turns", given)
    counts = (("fact", known.get("facts", 0)), ("older message", turns))
    missing = [counted(count, what) for what, count in counts if count]
    return f"; without {' and '.join(missing)}" if missing else ""


def _ended(message: Message, trace: Trace) -> str:
    cut = trace.get("cut", 0)
    ways = {
        "end": f"early: it is better without the {_words(cut)} that followed" if cut else "by itself",
        "stop": "before a stop string",
        "length": "cut off at the longest length that is allowed",
        "stopped": "stopped while it was said; what came of it is all there is",
        "failed": f"failed: {trace.get('reason', 'no reason was given')}",
    }
    return ways.get(str(trace.get("finish")), message.state)


def _asked(name: str, target: Mapping[str, Any], trace: Trace) -> str:
    aspects, p = target["aspects"], (trace.get("measured") or {}).get(name)
    pure = len(aspects) == 1
    what = " and ".join(aspect if pure else f"{aspect} {share:.2f}" for aspect, share in aspects.items())
    if target["weight"] == 0:
        return f"{what}, but with weight 0: not guided"
    how = f"strength {target['strength']:.2f}" if target.get("strength") else f"weight {target['weight']:.4g}"
    parts = [f"{what}, {how}"]
    if target.get("goal") and target["weight"] < 1:
        parts.append(f"to be at least {target['goal']:.2f}")
    if "probability_after" in target:
        parts.append(
            f"{target['probability_before']:.2f} before the flow, {target['probability_after']:.2f} after"
        )
    if p:
        parts.append("measured in the words " + ", ".join(f"{aspect} {p[aspect]:.2f}" for aspect in aspects))
    return "; ".join(parts)


def _flow(trace: Trace) -> str:
    flow = str(trace.get("flow", ""))
    if flow != "moved":
        return {"prior": "nothing was guided: a sample of the prior"}.get(flow, flow)
    ends = [
        text
        for key, text in (
            ("stopped", "every target was reached"),
            ("limited", "the trust radius held it back"),
        )
        if trace.get(key)
    ]
    way = f"moved by {trace['distance']:.2f}, {trace['evaluations']} evaluations"
    return ", ".join((way, *(ends or ["its time was over before every target was reached"])))


def _chosen(trace: Trace) -> str:
    if "sampling" not in trace:  # it was cut short
        return ""
    count = trace["sampling"].get("candidates", 1)
    if count == 1:
        return "the only candidate"
    known = ("likelihood", "relevance", "match")  # relevance stands in older traces alone
    figures = [f"{key} {trace[key]:.2f}" for key in known if key in trace]
    return ", ".join((f"candidate {trace.get('candidate', 0) + 1} of {count}", *figures))
