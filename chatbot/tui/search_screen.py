"""Words looked for in everything that was said, best hit first; Enter goes to the message."""

from __future__ import annotations

from textual.content import Content
from textual.widgets.option_list import Option

from chatbot.session import ChatSession, Hit, local
from chatbot.tui.literal import FAINT, literal, one_line
from chatbot.tui.pick_screen import PickScreen

MOST = 50  # hits on the screen
SHORTEST = 2  # letters of a query: one letter is in everything


class SearchScreen(PickScreen):
    """Dismissed with the id of the message, as a text, or None; `hits` has what was found by that id."""

    hint = "Words to look for"

    def __init__(self, session: ChatSession) -> None:
        super().__init__("Search in everything that was said", [], nothing="")
        self.hits: dict[str, Hit] = {}
        self._session = session

    def _fill(self, typed: str) -> None:
        found: list[Hit] = []
        if len(typed.strip()) >= SHORTEST:
            self.tried(lambda: found.extend(self._session.manager.search(typed, limit=MOST)))
        self.hits = {str(hit.message_id): hit for hit in found}
        options = [Option(self._row(hit), id=key) for key, hit in self.hits.items()]
        self._offer(options, self._told(typed, len(found)))

    def _row(self, hit: Hit) -> Content:
        snippet, place = Content(), 0
        for start, end in hit.marks:  # each part by itself: what is not shown would shift the marks
            snippet += literal(hit.snippet[place:start])
            snippet += literal(hit.snippet[start:end], "bold underline $text-accent")
            place = end
        usual = {"user": self._session.user_name or "you", "bot": hit.profile_name}.get(hit.role, hit.role)
        who = one_line(hit.speaker or usual)
        where = f"  {one_line(hit.title)} · {who} · {local(hit.created_at):%Y-%m-%d %H:%M}"
        snippet += literal(hit.snippet[place:])
        return Content("\n").join([snippet, literal(where, FAINT)])

    def _told(self, typed: str, found: int) -> str:
        if len(typed.strip()) < SHORTEST:
            return "Type the words to look for · esc back"
        if not found:
            return "Nothing has all these words · esc back"
        more = " or more" if found == MOST else ""
        return f"{found}{more} found · enter goes there · esc back"
