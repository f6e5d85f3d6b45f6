"""How each screen of docs/walkthrough.md is reached: a function for every picture, named as its file is.

They are called in the order of the page, each where the one before it ended. What a function leaves on the
screen is the picture.
"""

from __future__ import annotations

from collections.abc import Callable

from walkthrough.window import Window

BLEND = "gloomy-poet:0.6,calm-captain:0.4"


def start(w: Window) -> None:
    w.until("Write to gloomy-poet", "neuroticism", "ctx ", gone=["Loading"])


def reply(w: Window) -> None:
    w.say("I lost my keys again.")


def help(w: Window) -> None:
    w.press("F1")
    w.until("Keys", "Everywhere", "esc back")


def palette(w: Window) -> None:
    w.press("Esc")
    w.until("Write to", gone=["Everywhere"])
    w.press("Ctrl+P")
    w.until("Search for commands")
    w.type("reply")
    w.until("Another reply")


def again(w: Window) -> None:
    w.press("Esc")
    w.until("Write to", gone=["Another reply"])
    w.press("Ctrl+R")
    w.replied("‹ 2/2 ›")
    w.press("Ctrl+G")
    w.replied("‹ 3/3 ›")
    w.press("Alt+←")
    w.replied("‹ 2/3 ›")


def beginning(w: Window) -> None:
    w.press("Alt+W")
    w.until("The next reply begins with")
    w.type("On the stairs")
    w.press("Enter")
    w.until("The reply begins: On the stairs", gone=["esc back"])
    w.say("Where would you look for them?")


def edit(w: Window) -> None:
    w.press("Alt+↑")
    w.until("› Ada")
    w.press("Alt+E")
    w.until("Another text for this message", "Where would you look for them?")
    w.type(" It is dark there.")
    w.until("It is dark there.")


def taken_back(w: Window) -> None:
    w.press("Enter")
    w.replied("‹ 2/2 ›", "It is dark there.")
    w.press("Alt+Z")
    w.until("It is dark there.", gone=["‹ 2/2 ›", "Write to"])


def narration(w: Window) -> None:
    w.press("Ctrl+U")
    w.until("Write to")
    w.press("Alt+I")
    w.until("What happens")
    w.type("The lamp goes out.")
    w.press("Enter")
    w.until("The lamp goes out.", gone=["What happens"])
    w.say("Are you still there?")


def marks(w: Window) -> None:
    w.press("Alt+M")
    w.until("bookmark")
    w.press("Alt+↑", "Alt+↑")
    w.until("› narrator")
    w.press("Alt+H")
    w.until("hidden from the model")
    w.press("Alt+C")
    w.until("characters")


def tree(w: Window) -> None:
    w.press("Esc")
    w.until("Write to", gone=["› narrator"])
    w.press("F8")
    w.until("Tree of this conversation", "enter goes", gone=["characters to"])


def dials(w: Window) -> None:
    w.press("Esc")
    w.until("Write to", gone=["Tree of this"])
    w.press("Ctrl+D")
    w.until("› style")
    w.press("↓", "Space")
    w.until("› attitude", "optimistic")
    for weight in ("1.3", "1.4", "1.5"):
        w.press("→")
        w.until(weight)
    w.press("Ctrl+D")
    w.until("Write to", gone=["› attitude"])
    w.say("What will tomorrow bring?")


def sweep(w: Window) -> None:
    w.press("Alt+P")
    w.until("Compare:")
    w.type("attitude 0 50% 90%")
    w.press("Enter")
    w.until("Which one goes on?", gone=["Finding"])


def memory(w: Window) -> None:
    w.press("3")
    w.replied("‹ 4/4 ›")
    w.say("I live in Leeds and my dog is called Rex.")
    w.press("Alt+L")
    w.until("Forgotten:")


def off_record(w: Window) -> None:
    w.press("Alt+R")
    w.until("Off the record", gone=["Forgotten:"])
    w.say("Nobody must know about this.")


def settings(w: Window) -> None:
    w.press("Alt+O")
    w.until("Settings of this chat")
    w.press("End", "↑", "Enter")
    w.until("keeps it")
    w.type("It is past midnight.")
    w.press("Enter")
    w.until("Settings of this chat", "It is past midnight.", gone=["keeps it"])


def own_line(w: Window) -> None:
    w.press("Esc")
    w.until("Write to", gone=["Settings of this chat"])
    w.press("Alt+Y")
    w.until("gloomy-poet", gone=["Write to", "Writing your line"])


def copied(w: Window) -> None:
    w.press("Ctrl+Z")
    w.until("Write to")
    w.press("F4")
    w.until("Title of this conversation")
    w.press("Ctrl+U")
    w.until("Title of this", gone=["│   I lost"])
    w.type("The night of the lost keys")
    w.until("The night of the lost keys", "enter takes it")
    w.press("Enter")
    w.until("The night of the lost keys", gone=["Title of this"])
    w.press("Alt+K")
    w.until("This is a copy")


def personas(w: Window) -> None:
    w.press("Ctrl+T")
    w.until("Talk to", "of 12", gone=["This is a copy"])
    w.type("night")
    w.until("night", "of 12", gone=["12 of 12"])


def blend(w: Window) -> None:
    w.press("Ctrl+U")
    w.until("12 of 12")
    w.type(BLEND)
    w.until("enter begins with this blend")


def tabs(w: Window) -> None:
    w.press("Enter")
    w.until("Write to", gone=["enter begins with this blend"])
    w.say("What do you make of the sea?")
    w.press("Alt+T")
    w.until("● 2 ", "Write to")
    w.press("Ctrl+T")
    w.until("Talk to")
    w.type("sunny")
    w.until("1 of 12")
    w.press("Enter")
    w.until("● 2 sunny-baker", "Write to sunny-baker")
    w.say("Good morning! What is in the oven?")


def listed(w: Window) -> None:
    w.press("Ctrl+O")
    w.until("Conversations", "of 4")
    w.type("keys")
    w.until("2 of 4")


def deleted(w: Window) -> None:
    w.press("Alt+X")
    w.until("Deleted", "1 of 3")


def search(w: Window) -> None:
    w.press("Alt+U")
    w.until("2 of 4")
    w.press("Esc")
    w.until("Write to", gone=["2 of 4"])
    w.press("Ctrl+S")
    w.until("Search in everything that was said")
    w.type("look dar")
    w.until("found", "enter goes there", gone=["Deleted"])


def found(w: Window) -> None:
    w.press("Enter")
    w.until("› Ada", "Alternative before", gone=["enter goes there"])


def dawn(w: Window) -> None:
    w.press("Ctrl+P")
    w.until("Search for commands")
    w.type("theme")
    w.until("Choose other colours")
    w.press("Enter")
    w.until("Search for themes")
    w.type("dawn")
    w.until("dawn")
    w.press("Enter")
    w.until("Write to", gone=["rose-pine-dawn"])
    w.press("Alt+S")
    w.until("Write to", gone=["╰"])  # the border of the box


def small(w: Window) -> None:
    w.press("F2")
    w.until("Write to", gone=["neuroticism"])
    w.resize(40, 12)
    w.until("Write to", "palette")


def plain(w: Window) -> None:
    w.until("Reading the model", "you:")
    w.line("My cat is called Miso.")
    w.line("What is my cat called?")
    w.line("/remember I am afraid of deep water")
    w.line("/memory")
    w.line("/dial attitude optimistic 90%")
    w.line("/context")


STEPS: dict[str, Callable[[Window], None]] = {
    step.__name__.replace("_", "-"): step
    for step in (
        start,
        reply,
        help,
        palette,
        again,
        beginning,
        edit,
        taken_back,
        narration,
        marks,
        tree,
        dials,
        sweep,
        memory,
        off_record,
        settings,
        own_line,
        copied,
        personas,
        blend,
        tabs,
        listed,
        deleted,
        search,
        found,
        dawn,
        small,
        plain,
    )
}
"""The picture's name: how its screen is reached."""

OPENED = {
    "start": ("chat",),
    "plain": ("chat", "--plain", "--profile", "calm-captain", "--measures"),
}
"""The pictures for which the program is started; the others go on where the one before ended."""
