"""From the engine's stream to one stored message: the row follows the text, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from chatbot.errors import ChatbotError
from chatbot.events import Event, Piece, ReplyFailed, ReplyFinished, ReplyStarted
from storage import ConversationManager, Message, StorageError

if TYPE_CHECKING:
    from chatbot.decoding.reply import Reply

JOURNAL_EVERY = 0.3  # seconds between two writes of a reply that is still being said


def write_reply(
    manager: ConversationManager, row: Message, stream: Iterator[str | Reply], who: dict[str, Any]
) -> Iterator[Event]:
    """Pass the pieces of a reply on and store them in `row`, which `begin_reply` made.

    `who` is added to the trace. A closed iterator or Ctrl+C leaves a partial message, an error of the engine
    a failed one. StorageError passes through: what cannot be written cannot be marked as failed either.
    """
    said: list[str] = []
    journalled = time.monotonic()

    def finish(text: str, state: str, trace: dict[str, Any]) -> Message:
        return manager.finish_reply(row.id, text=text.strip(), state=state, generation={**trace, **who})

    try:
        with closing(stream):  # pyright: ignore[reportArgumentType]  # a generator by contract
            yield ReplyStarted(row)
            for item in stream:
                if not isinstance(item, str):
                    done = finish(item.text, "complete", item.trace)
                    break
                said.append(item)
                yield Piece(item)
                if time.monotonic() - journalled >= JOURNAL_EVERY:
                    manager.journal(row.id, "".join(said))
                    journalled = time.monotonic()
            else:
                raise ChatbotError("The model ended without finishing its reply. Try again.")
    except StorageError:
        raise
    except (ChatbotError, RuntimeError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        yield ReplyFailed(finish("".join(said), "failed", {"finish": "failed", "reason": reason}), reason)
        return
    except BaseException:  # the iterator was closed, Ctrl+C, or a mistake in the program: no word is lost
        finish("".join(said), "partial", {"finish": "stopped"})
        raise
    yield ReplyFinished(done)  # outside: whoever closes the iterator here has a whole reply
