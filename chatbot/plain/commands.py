"""The /commands of the line chat: one table drives dispatch, /help and the hint for a mistyped name.

A command takes the room and the rest of the line and gives text to show, the events of a reply, or None to
leave. It prints nothing itself.
"""

from __future__ import annotations

from chatbot.config import expanded
from chatbot.errors import UnknownNameError, UsageError
from chatbot.measures import drift, sweep
from chatbot.memory.memories import find as find_memory
from chatbot.memory.memories import spoken_of, write_down
from chatbot.plain import direction
from chatbot.plain.room import Answer, Command, Room, needed, told
from profiles import Target, find
from storage import BYTES_LEFT, Memory, export_file
from storage.dates import local

LISTED = 20  # conversations that /list shows


def answer(room: Room, line: str) -> Answer:
    """Run one line that begins with a slash."""
    name, _, rest = line.partition(" ")
    if command := called(line):
        return command.run(room, rest.strip())
    raise UnknownNameError("command", name, {f"/{command.name}" for command in COMMANDS})


def called(line: str) -> Command | None:
    """The command that a line begins with; None where it is none."""
    name = line.partition(" ")[0].strip().lower()
    return next((command for command in COMMANDS if name == f"/{command.name}"), None)


def _help(room: Room, rest: str) -> str:
    width = max(len(command.usage) for command in COMMANDS)
    lines = [f"{command.usage:<{width}}  {command.help}" for command in COMMANDS]
    return "\n".join([*lines, "A line that begins with // is said with one slash. Ctrl+C stops a reply."])


def _regenerate(room: Room, rest: str) -> Answer:
    return room.session.regenerate()


def _step(room: Room, step: int) -> str:
    room.session.sibling(step)
    return _step_told(room)


def _step_told(room: Room) -> str:
    bots = [message for message in room.session.messages() if message.role == "bot"]
    return told(room, bots[-1])


def _new(room: Room, rest: str) -> str:
    room.session.new()
    room.draft = ""
    return "A new conversation.\n" + _history(room, "")


def _history(room: Room, rest: str) -> str:
    return "\n".join(told(room, message) for message in room.session.messages()) or "Nothing was said yet."


def _open(room: Room, rest: str) -> str:
    room.session.resume(needed(rest, "/open ID", "the id or title of a conversation, or last"))
    room.draft = ""
    conversation = room.session.conversation
    return f"{conversation.title if conversation else ''}\n{_history(room, '')}"


def _list(room: Room, rest: str) -> str:
    rows = room.session.manager.list(limit=LISTED)
    lines = [
        f"{row.id}  {local(row.updated_at):%Y-%m-%d %H:%M}  {row.profile_name}  {row.title}" for row in rows
    ]
    return "\n".join(lines) or "There are no conversations yet."


def _dial(room: Room, rest: str) -> str:
    words = rest.split()
    if not 2 <= len(words) <= 3:
        raise UsageError(
            "Write /dial ATTRIBUTE ASPECT [WEIGHT], ATTRIBUTE WEIGHT or ATTRIBUTE off; a weight may be a "
            f"strength, 90%; not {rest!r}."
        )
    attribute, asked = words[0], words[1]
    if asked == "off" and len(words) == 2:
        room.session.clear_dial(attribute)
        return f"{attribute} is not guided any more."
    if len(words) == 3:
        target = room.session.set_dial(attribute, Target.typed(f"{asked}:{_pull(words[2])}"))
    elif _is_pull(asked):
        target = room.session.pull_dial(attribute, _pull(asked))
    else:
        target = room.session.set_dial(attribute, Target.typed(asked))
    return f"{attribute} = {target}"


def _dials(room: Room, rest: str) -> str:
    known = room.session.attributes
    width = max(map(len, known), default=0)
    lines = []
    asked = room.session.asked_next()
    for attribute, aspects in known.items():
        target = room.session.dials.get(attribute)
        arc = f", by its arc {asked[attribute]} now" if target and asked[attribute] != target else ""
        lines.append(f"{attribute:<{width}}  {target or 'off'}{arc}  ({' or '.join(aspects)})")
    return "\n".join(lines)


def _profile(room: Room, rest: str) -> str:
    if not rest:
        names = (f"{name} *" if name == room.session.profile.name else name for name in room.profiles.names())
        return "\n".join(names)
    profile = find(room.profiles, rest)
    room.session.engine.check(profile.attributes)
    room.session.new()  # the conversation that is left stays with the persona that it had
    room.draft = ""
    room.session.use(profile)
    return f"A new conversation with {profile.speaker}.\n{_history(room, '')}"


def _rename(room: Room, rest: str) -> str:
    room.session.rename(needed(rest, "/rename TITLE", "the new title"))
    return "Renamed."


def _export(room: Room, rest: str) -> str:
    name = needed(rest, "/export FILE", "a file, .md, .json, .txt or .jsonl")
    quoted = len(name) > 2 and name[0] == name[-1] and name[0] in "\"'"
    path = expanded(name[1:-1] if quoted else name)
    conversation = room.session.conversation
    if conversation is None:
        raise UsageError("There is nothing to export yet. Say something first.")
    written = export_file(room.session.manager, conversation.id, path, user_name=room.session.user_name)
    return f"Written to {written}."


def _measures(room: Room, rest: str) -> str:
    if rest not in ("on", "off", ""):
        raise UsageError(f"Write /measures on or /measures off; not {rest!r}.")
    room.measures = rest == "on" if rest else not room.measures
    return f"Measures are {'on' if room.measures else 'off'}."


def _drift(room: Room, rest: str) -> str:
    return drift.sentence(room.session.strayed())


def _sweep(room: Room, rest: str) -> str:
    """/sweep attitude 0 0.5 0.9, or /sweep with NAME NAME."""
    settings = sweep.asked(room.session, rest, lambda name: find(room.profiles, name))
    table = sweep.table(sweep.sweep(room.session, settings), sweep.width_shown())
    return f"{table}\n/pick N goes on from one of them."


def _pick(room: Room, rest: str) -> str:
    if not rest.isdecimal() or len(rest) > 9:
        raise UsageError(f"Write /pick N with the number of an alternative, from 1; not {rest!r}.")
    sweep.pick(room.session, int(rest))
    return _step_told(room)


def _remember(room: Room, rest: str) -> str:
    session = room.session
    text = needed(rest, "/remember TEXT", "what is to be remembered")
    kept = write_down(session.manager, session.profile.name, text)
    return "\n".join(f"Remembered: {_listed(memory)}" for memory in kept)


def _forget(room: Room, rest: str) -> str:
    session = room.session
    memory = find_memory(session.manager.memories(session.profile.name), rest)
    gone = f"Forgotten: {_listed(session.manager.forget(memory.id))}"
    return gone if session.manager.wiped else f"{gone}\n{BYTES_LEFT}"


def _memory(room: Room, rest: str) -> str:
    session = room.session
    known = session.manager.memories(session.profile.name)
    return "\n".join(map(_listed, known)) or f"{session.profile.speaker} knows nothing of you yet."


def _listed(memory: Memory) -> str:
    return f"{memory.id}  {spoken_of(memory.text)}"


def _quit(room: Room, rest: str) -> None:
    return None


def _is_pull(text: str) -> bool:
    """Whether this is a weight, such as 1.2, or a strength, such as 90%."""
    try:
        float(text.removesuffix("%"))
    except ValueError:
        return False
    return True


def _pull(text: str) -> str:
    if not _is_pull(text):
        raise UsageError(
            f"A weight is a number, 0 or more, or a strength such as 90%, not {text!r}. 1 is normal."
        )
    return text


COMMANDS = (
    Command("/help", "Show these commands.", _help),
    Command("/regenerate", "Another reply beside the last one; the old one stays.", _regenerate),
    Command("/prev", "The alternative before.", lambda room, rest: _step(room, -1)),
    Command("/next", "The next alternative.", lambda room, rest: _step(room, 1)),
    Command("/new", "Begin another conversation.", _new),
    Command("/list", "The latest conversations.", _list),
    Command("/open ID", "Go on with a conversation: an id, a title or last.", _open),
    Command("/history", "Show this conversation.", _history),
    Command("/rename TITLE", "Give this conversation a title.", _rename),
    Command("/export FILE", "Write it to FILE: .md, .txt, .jsonl, or .json with all alternatives.", _export),
    Command("/dials", "Show every attribute and how it is set.", _dials),
    Command(
        "/dial ATTRIBUTE ASPECT [WEIGHT]", "Turn a dial: /dial attitude pessimistic 90%, 1.2 or off.", _dial
    ),
    Command(
        "/profile [NAME]", "Begin a conversation with another persona; without a name, list them.", _profile
    ),
    Command("/measures [on|off]", "Say after each reply which aspects were measured in it.", _measures),
    Command("/drift", "How far the replies have strayed from what was asked.", _drift),
    Command("/sweep DIAL STRENGTH ...", "Reply at several strengths: /sweep attitude 0 50% 90%.", _sweep),
    Command("/sweep with NAME ...", "Let several personas reply, side by side.", _sweep),
    Command("/pick N", "Go on from alternative N of the last reply.", _pick),
    *direction.COMMANDS,
    Command("/remember TEXT", "Let the persona know something of you: /remember I have a dog.", _remember),
    Command(
        "/forget [ID|TEXT]",
        "Forget by number or by words, or what this persona was told last.",
        _forget,
    ),
    Command("/memory", "What the persona knows of you.", _memory),
    Command("/quit", "Leave. Everything is stored already.", _quit),
)
