"""One reply while it is found: ids go in, the text that may be shown comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chatbot.model.typesetting import ByteStream, Speller


class Saying:
    """A reply that ends at the id `end`, or before the first stop string that its own words complete.

    `text` is what was said so far, `ids` (with `end`) of what, less those of a stop string; `finish` is
    "length" until it is "end" or "stop". Words that may yet become a stop string are held back, so that no
    part of one is ever shown; so are `forms`, for which others are said.
    """

    def __init__(
        self,
        speller: Speller | ByteStream,
        end: int,
        *,
        stops: Sequence[str] = (),
        text: str = "",
        forms: Mapping[str, str] | None = None,
    ) -> None:
        """`text` are words that the speller has heard already; stop strings in them do not count."""
        self.ids: list[int] = []
        self.text, self.finish = text, "length"
        self._speller, self._end, self._stops = speller, end, stops
        self._held, self._forms = "", forms or {}
        self._starts: list[int] = []  # where in the text each id begins

    @property
    def over(self) -> bool:
        """Whether no further id changes it."""
        return self.finish != "length"

    def push(self, token: int) -> str:
        """The text that the next id settles; "" once it is over."""
        if self.over:
            return ""
        self.ids.append(token)
        self._starts.append(len(self.text) + len(self._held))
        if token == self._end:
            self.finish = "end"
        return self._say(self._speller.push(token))

    def close(self) -> str:
        """The rest of the text, when there is no further id."""
        return "" if self.finish == "stop" else self._say(self._speller.finish(), last=True)

    def _say(self, piece: str, *, last: bool = False) -> str:
        self._held += piece if self.text or self._held else piece.lstrip()
        if self._forms:
            known = r"\w+" if last else r"\w+(?=\W)"
            self._held = re.sub(known, lambda word: self._forms.get(word[0], word[0]), self._held)
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.finish, ready = "stop", min(places)
        else:
            ready = len(self._held) - (0 if last else self._doubtful())
        said, self._held = self._held[:ready], self._held[ready:]
        self.text += said
        if places:  # what is weighed has one id at least
            end = len(self.text.rstrip())
            self.ids = self.ids[: max(1, sum(start < end for start in self._starts))]
        return said

    def _doubtful(self) -> int:
        """How many of the last characters are the beginning of a stop string or of a name."""
        texts = (*self._stops, *(f"{name} " for name in self._forms))
        lengths = (n for text in texts for n in range(1, len(text)) if self._held.endswith(text[:n]))
        return max(lengths, default=0)
