"""What a person directs beside the talk: how words are drawn, what the model is told, what is not kept.

Commands of the line chat; the table of all is in chatbot/plain/commands.py.
"""

from __future__ import annotations

from collections.abc import Callable

from chatbot.config_file import literal
from chatbot.plain.room import Answer, Command, Room, needed
from chatbot.terminal import counted

OFF = "off"  # takes a note, a scenario or a preset away
DEFAULT = "default"  # takes back what /set said


def _set(room: Room, rest: str) -> str:
    """/set, /set temperature 0.7, /set temperature default."""
    name, _, text = rest.partition(" ")
    if not name:
        values = room.session.sampling_values()
        width = max(map(len, values))
        return "\n".join(
            f"{key:<{width}}  {literal(value)}  ({whose})" for key, (value, whose) in values.items()
        )
    text = needed(text.strip(), f"/set {name} VALUE", f"a value, or {DEFAULT}")
    value = room.session.reset_sampling(name) if text == DEFAULT else room.session.set_sampling(name, text)
    return f"{name} = {literal(value)}"


def _preset(room: Room, rest: str) -> str:
    session = room.session
    if rest:
        session.use_preset("" if rest == OFF and OFF not in session.presets else rest)
        return f"The preset is {session.preset}." if session.preset else "No preset is in force."
    lines = []
    for name, values in session.presets.items():
        mark = " *" if name == session.preset else ""
        lines.append(f"{name}{mark}  {', '.join(f'{key} {literal(value)}' for key, value in values.items())}")
    return "\n".join(lines)


def _note(room: Room, rest: str) -> str:
    return _directed(rest, "note", room.session.note, room.session.set_note)


def _scenario(room: Room, rest: str) -> str:
    return _directed(rest, "scenario", room.session.scenario, room.session.set_scenario)


def _directed(rest: str, what: str, now: str, change: Callable[[str], None]) -> str:
    if not rest:
        return now or f"This conversation has no {what} of its own."
    change("" if rest == OFF else rest)
    return f"The {what} is gone." if rest == OFF else f"The {what} is kept with this conversation."


def _context(room: Room, rest: str) -> str:
    """What the model sees, line by line, each with what it is."""
    window, scene = room.session.window()
    seen, kind = window.context, "recalled" if "recalled" in scene.used else "example"
    cut = len(scene.context.turns) - len(seen.turns)  # the oldest
    who = {"user": "you", "bot": room.session.profile.speaker}
    names = {"persona": "fact", "user": "of you"}
    rows = [
        (names.get(source, source), text) for source, text in zip(scene.sources, seen.facts, strict=False)
    ]
    for place, turn in enumerate(seen.turns):
        mark = f" ({kind})" if place + cut < scene.before else ""
        rows.append((f"{who.get(turn.role, turn.role)}{mark}", turn.text))
    lines = [f"{window.used} of {window.total} tokens", *(f"{name}: {text}" for name, text in rows)]
    lines += [f"left out: {text}" for text in scene.facts_left_out]
    older = scene.messages_left_out + max(0, cut - scene.before)
    lines += [f"left out: {counted(older, 'older message')}"] if older else []
    return "\n".join(lines)


def _off(room: Room, rest: str) -> Answer:
    return room.session.off_record(needed(rest, "/off TEXT", "what you want to say"))


def _impersonate(room: Room, rest: str) -> str:
    room.draft = room.session.impersonate()
    return f"draft: {room.draft}\n/send sends it as your message."


def _send(room: Room, rest: str) -> Answer:
    draft = needed(rest or room.draft, "/send", "a draft: /impersonate makes one")
    room.draft = ""
    return room.session.reply(draft)


COMMANDS = (
    Command("/set [NAME VALUE]", "How words are drawn in this chat: /set temperature 0.7, or default.", _set),
    Command("/preset [NAME]", "Draw words by a named preset, or off; without a name, list them.", _preset),
    Command("/note [TEXT]", "Tell the model something in this conversation alone; off takes it away.", _note),
    Command("/scenario [TEXT]", "Let this conversation take place elsewhere; off goes back.", _scenario),
    Command("/context", "What the model sees of all this, and how much room it takes.", _context),
    Command("/off TEXT", "Say something off the record: neither it nor the reply is kept.", _off),
    Command("/impersonate", "Let the model write your next line, as a draft.", _impersonate),
    Command("/send", "Send the draft.", _send),
)
