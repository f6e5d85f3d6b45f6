"""What can be done to messages and replies; each action has a line in actions.py.

Actions are for the chosen message: the last reply, until the person goes to another one.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import work
from textual.app import SuspendNotSupported

from chatbot.editor import edited
from chatbot.session import LONGEST_MESSAGE, UNSAVED, Message
from chatbot.tui.ask_screen import AskScreen
from chatbot.tui.composer import Composer
from chatbot.tui.confirm_screen import CANCEL, ConfirmScreen
from chatbot.tui.conversation import ConversationView
from chatbot.tui.edit_screen import EditScreen
from chatbot.tui.literal import clean, one_line
from chatbot.tui.pick_screen import PickScreen, Row
from chatbot.tui.replying import Replying

ANOTHER = "another"


class MessageActions(Replying):
    """The part of the chat screen that acts on messages."""

    # --- replies

    def action_stop(self) -> None:
        if self.turn:
            self.turn.stop()

    def action_regenerate(self) -> None:
        if not self.is_busy():
            with self.telling():
                self.follow(self.session.regenerate(self.conversation.picked, self.prefix))
                self.set_prefix("")

    def action_continue(self) -> None:
        if not self.is_busy():
            with self.telling():
                self.follow(self.session.continue_reply(self.conversation.picked))

    @work(exclusive=True, group="ask")
    async def action_start_with(self) -> None:
        question = "The next reply begins with (nothing: as it likes)"
        answer = await self.app.push_screen_wait(AskScreen(question, self.prefix))
        if answer is not None:
            self.set_prefix(clean(answer).strip())
            self.composer.focus()

    # --- alternatives and choosing

    async def action_previous(self) -> None:
        await self._go(-1)

    async def action_next(self) -> None:
        await self._go(1)

    async def on_conversation_view_sibling_asked(self, asked: ConversationView.SiblingAsked) -> None:
        await self._go(asked.step)

    async def _go(self, step: int) -> None:
        if self.is_busy():
            return
        with self.telling():
            view = self.conversation
            chosen, picked = view.chosen, view.picked
            path = self.session.sibling(step, chosen.id if chosen else None)
            await view.show(path)
            if chosen and picked is not None:
                view.pick_answer_to(chosen.parent_id)

    async def action_choose_before(self) -> None:
        await self.conversation.action_choose(-1)

    async def action_choose_after(self) -> None:
        await self.conversation.action_choose(1)

    async def action_next_bookmark(self) -> None:
        """The next one below the chosen message, or from the top again."""
        with self.telling():
            path = self.session.messages()
            marked = [place for place, message in enumerate(path) if message.bookmarked]
            if not marked:
                text = f"No message here has a bookmark. {self.key_of('bookmark')} sets one."
                self.notify(text, severity="warning", markup=False)
                return
            chosen = self.conversation.chosen
            here = next((i for i, m in enumerate(path) if chosen and m.id == chosen.id), -1)
            if self.conversation.picked is None and here not in marked:
                here = -1  # nothing was picked: begin at the top
            await self.conversation.reveal(path[next((i for i in marked if i > here), marked[0])].id)

    # --- the chosen message

    def _target(self) -> Message | None:
        """The message that the person means; None, and it is told, while there is none or a reply comes."""
        if self.is_busy():
            return None
        if (chosen := self.conversation.chosen) is None:
            self.notify("There is no message yet. Write something first.", severity="warning")
        return chosen

    @work(exclusive=True, group="ask")
    async def action_edit(self) -> None:
        if not (message := self._target()):
            return
        note = "stores it and asks for a reply" if message.role == "user" else "stores it beside the old one"
        screen = EditScreen(
            "Another text for this message", message.text, note=note, check=self.session.checked
        )
        text = await self.app.push_screen_wait(screen)
        if text is None or text.strip() in (message.text.strip(), clean(message.text).strip()):
            return  # as it was, or as the box shows it
        with self.telling():
            try:
                events = self.session.edit(message.id, text, self.prefix)
            except Exception:
                self.composer.give_back(text)
                raise
            if events is not None:
                self.follow(events, text)
                self.set_prefix("")
                return
            picked = self.conversation.picked
            await self.refresh_path()
            if picked is not None:
                self.conversation.pick_answer_to(message.parent_id)

    def action_copy(self) -> None:
        if (message := self.conversation.last_said) is None:
            self.notify("There is no message to copy yet. Write something first.", severity="warning")
        else:
            self.app.copy_to_clipboard(clean(message.text))

    async def action_bookmark(self) -> None:
        if message := self._target():
            await self._changed(self.session.bookmark, message.id, not message.bookmarked)

    async def action_hide(self) -> None:
        if message := self._target():
            await self._changed(self.session.hide, message.id, not message.hidden)

    async def action_branch(self) -> None:
        if (message := self._target()) and await self._changed(self.session.branch, message.id):
            self.conversation.pick(None)
            self.composer.focus()
            text = f"What you write now follows this message. The rest is in the tree: {self.key_of('tree')}."
            self.notify(text, markup=False)

    @work(exclusive=True, group="ask")
    async def action_speaker(self) -> None:
        """The text, its place and its alternatives stay as they are."""
        if not (message := self._target()):
            return
        if message.id == UNSAVED:
            self.notify("This greeting is stored nowhere yet. Write something first.", severity="warning")
            return
        speakers: list[tuple[str, str, str]] = []  # role, name where it is not the usual one, as it is shown
        with self.telling():
            speakers = self._known_speakers(message.conversation_id)
        rows = [
            Row(str(place), shown, "", (role, name) == (message.role, message.speaker))
            for place, (role, name, shown) in enumerate(speakers)
        ]
        rows.append(Row(ANOTHER, "Somebody else ..."))
        screen = PickScreen("Who said this?", rows, nothing="", enter="takes it")
        if (key := await self.app.push_screen_wait(screen)) is None:
            return
        role, name = message.role, ""
        if key == ANOTHER:
            name = one_line(await self.app.push_screen_wait(AskScreen("Who said this?")) or "")
            if not name:
                return
        else:
            role, name, _ = speakers[int(key)]
        if (role, name) == (message.role, message.speaker):
            return
        with self.telling():
            for memory in self.session.set_speaker(message.id, role, name):
                self.forgotten(memory)
            await self.refresh_path()
            self.refresh_names()  # the title may have been taken from it
            self.composer.recall_from(m.text for m in self.session.messages() if m.role == "user")
            await self.conversation.reveal(message.id)

    def _known_speakers(self, conversation_id: str) -> list[tuple[str, str, str]]:
        named = {(m.role, m.speaker) for m in self.session.manager.tree(conversation_id) if m.speaker}
        return [
            ("user", "", self.session.user_name or "you"),
            ("bot", "", self.session.profile.speaker),
            ("narrator", "", "nobody: it is narration"),
            *((role, name, name) for role, name in sorted(named)),
        ]

    @work(exclusive=True, group="ask")
    async def action_delete_message(self) -> None:
        if not (message := self._target()):
            return
        question = f"Delete this message for good? What followed it stays.\n\n{clean(message.text)[:200]}"
        if await self.app.push_screen_wait(ConfirmScreen(question, {"delete": "Delete"})) != CANCEL:
            view, picked = self.conversation, self.conversation.picked
            with self.telling():
                for memory in self.session.delete_message(message.id):
                    self.forgotten(memory)
                self.tell_what_is_left()
                there = [m.id for m in self.session.messages() if m.parent_id == message.parent_id]
                if all(map(view.holds, there)):  # what is off the record stays too
                    await view.remove_children([v for v in view.views if v.message.id == message.id])
                await self.refresh_path()
            if picked is not None:
                view.pick_answer_to(message.parent_id)  # it stands there now

    async def _changed(self, change: Callable[..., object], *arguments: object) -> bool:
        """Make a change and show the path as it is then; a greeting that was not stored is now. Whether it
        worked."""
        begun, done = self.session.conversation is not None, False
        with self.telling():
            change(*arguments)
            self.take_draft_along()
            if begun:
                await self.refresh_path()
            else:
                await self.refresh_all()
            done = True
        return done

    # --- what is written

    async def action_undo(self) -> None:
        if await self.free():
            with self.telling():
                text, gone = self.session.undo()
                for memory in gone:
                    self.forgotten(memory)
                if gone:
                    self.tell_what_is_left()
                await self.refresh_path()
                self.composer.give_back(text)
                self.composer.focus()

    @work(exclusive=True, group="ask")
    async def action_narrate(self) -> None:
        if self.is_busy():
            return
        screen = EditScreen("What happens", note="adds it to the conversation", check=self.session.checked)
        text = await self.app.push_screen_wait(screen)
        if text is not None and not await self._changed(self.session.narrate, text):
            self.composer.give_back(text)

    @work(exclusive=True, group="ask")
    async def on_composer_pasted(self, pasted: Composer.Pasted) -> None:
        text = pasted.text
        lines = text.count("\n") + 1
        question = f"What was pasted has {lines:,} line{'s' * (lines > 1)} and {len(text):,} characters."
        answers = {"insert": "Put it into the box"}
        if len(text) <= LONGEST_MESSAGE:
            answers["send"] = "Send it as it is"
        else:
            question += f" A message may have {LONGEST_MESSAGE:,}."
        answer = await self.app.push_screen_wait(ConfirmScreen(question, answers))
        if answer == "insert":
            self.composer.insert(text)
        elif answer == "send":
            await self.on_composer_sent(Composer.Sent(text))

    def action_editor(self) -> None:
        if self.off_record or self.session.manager.path_of_database is None:
            what = "what is off the record is written to" if self.off_record else "this chat writes"
            text = f"An editor needs a file, and {what} none. Shift+Enter begins a new line in the box."
            self.notify(text, severity="warning", markup=False)
            return
        with self.telling():
            try:
                with self.app.suspend():
                    text = edited(self.composer.text)
            except SuspendNotSupported:
                self.notify("The editor cannot be opened in this terminal.", severity="warning")
            else:
                self.composer.put(text)
                self.composer.focus()
