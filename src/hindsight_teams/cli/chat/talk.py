"""The conversation: each line is a command, or a message to the team with its answer and calls of memory."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hindsight_teams.cli.chat.partners import Partner
from hindsight_teams.cli.failing import in_words
from hindsight_teams.cli.failing import line as error_line
from hindsight_teams.cli.output import clean, console, counted, glyph, item, say, say_done, say_more, styled
from hindsight_teams.cli.stage import CANCELLED, Watch
from hindsight_teams.errors import HindsightTeamsError, InvalidInput, NotFound, did_you_mean
from hindsight_teams.requests import Capability

if TYPE_CHECKING:
    from hindsight_teams.audit import AuditEvent
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.forgetting import ForgetReport


class TurnFailed(HindsightTeamsError):
    """The team gave no answer."""


@dataclass(slots=True)
class Turn:
    """What one exchange was.

    Attributes:
        said: The user's words.
        user: Whose they are.
        answer: The team's.
        events: What the memory did, in order.
    """

    said: str
    user: str | None
    answer: str = ""
    events: list[AuditEvent] = field(default_factory=list)

    @property
    def runs(self) -> list[str]:
        """The runs that retained something."""
        return list(dict.fromkeys(event.run for event in self.events if event.verb == "retain" and event.run))


def follow(
    runner: Any,
    turn: Turn,
    log: Watch,
    *,
    session: str,
    on_text: Callable[[str], None],
    on_event: Callable[[AuditEvent], None],
) -> None:
    """Run one exchange to its end, handing out text and memory events as they come.

    Raises:
        TurnFailed: The run ended in an error, and without an answer.
    """
    failure = ""
    streamed: list[str] = []

    def drain() -> None:
        for happened in log.take():
            turn.events.append(happened)
            on_event(happened)

    for event in runner.run(turn.said, user_id=turn.user, session_id=session, stream=True, stream_events=True):
        drain()
        kind = str(getattr(event, "event", ""))
        whose = getattr(event, "team_id", None) or getattr(event, "agent_id", None)
        if kind in ("TeamRunContent", "RunContent") and whose == runner.id and event.content:
            streamed.append(str(event.content))
            on_text(streamed[-1])
        elif kind in ("TeamRunCompleted", "RunCompleted") and whose == runner.id:
            turn.answer = str(event.content or "")
        elif kind in ("TeamRunError", "RunError"):
            failure = str(getattr(event, "content", "") or "it gave no reason")
        elif kind in CANCELLED:
            raise KeyboardInterrupt
    drain()
    if failure and not turn.answer and not streamed:
        raise TurnFailed("the team gave no answer; the model or the network may be at fault", reason=failure)
    if turn.answer and not streamed:
        on_text(turn.answer)
    turn.answer = turn.answer or "".join(streamed)


def texts(event: AuditEvent, backend: Backend) -> Iterator[str]:
    """The memories that an event names, as they stand now; the text that was retained where a backend names none."""
    shown = False
    for name in event.memory_ids if event.bank_id and Capability.GET_MEMORY in backend.capabilities else ():
        bank_id, _, memory_id = (name if "#" in name else f"{event.bank_id}#{name}").rpartition("#")
        try:
            yield backend.get_memory(bank_id, memory_id).text
        except NotFound:
            yield f"{memory_id} (no longer there)"
        shown = True
    if not shown and event.verb == "retain" and event.text:
        yield event.text


def visible(text: str) -> str:
    """Streamed text without what a terminal would obey, its line breaks kept."""
    return "\n".join(clean(line) for line in text.split("\n"))


COMMANDS = {
    "/memory": "what the last turn recalled and retained",
    "/as": "USER: speak as somebody else, in a session of their own",
    "/forget": "forget what the last turn retained; `/forget all`: all that was retained for this user",
    "/new": "begin a new session: only memory connects it with the old one",
    "/help": "this list",
    "/quit": "end; so does Ctrl-D",
}
_STYLES = {"retain": "yellow", "recall": "cyan", "inject": "cyan", "reflect": "magenta", "propose": "yellow"}
_SHOWN = 8
_WORDS = re.compile(r"(\n| +)")


class Conversation:
    """A user, a session, and the turns so far.

    Args:
        partner: Whom to talk with.
        backend: Where the banks live.
        log: The audit sink that the partner's memory writes to.
        user: Who speaks.
        session: The session's id; a new one when None.
        confirm: Asks before something is deleted.
        silent: Print nothing: for ``--json``.

    Attributes:
        turns: What was said, in order.
        failed: Some line failed.
    """

    def __init__(
        self,
        partner: Partner,
        backend: Backend,
        log: Watch,
        *,
        user: str,
        session: str | None = None,
        confirm: Callable[[str], bool],
        silent: bool = False,
    ) -> None:
        self.partner = partner
        self.backend = backend
        self.user = user
        self.session = session or _new_session()
        self.turns: list[Turn] = []
        self.failed = False
        self._log = log
        self._confirm = confirm
        self._silent = silent

    def hear(self, line: str) -> bool:
        """Take one line; False when it ends the conversation. What fails is told, and the conversation goes on."""
        words = line.strip()
        if not words:
            return True
        name, _, rest = words.partition(" ")
        if name in ("/quit", "/exit", "/q"):
            return False
        try:
            if words.startswith("/"):
                self._obey(name, rest.strip())
            else:
                self.say(words)
        except HindsightTeamsError as error:
            self.failed = True
            error_line(in_words(error))
        return True

    def say(self, words: str) -> Turn:
        """Say something to the team.

        Raises:
            TurnFailed: The team gave no answer.
        """
        turn = Turn(words, self.user)
        self.turns.append(turn)
        writer = _Writer(silent=self._silent)
        try:
            follow(
                self.partner.runner, turn, self._log, session=self.session, on_text=writer.text, on_event=writer.event
            )
        except KeyboardInterrupt:
            writer.end()
            say(("interrupted", "dim"))
        finally:
            turn.events += self._log.take()  # such as what a run retains after its answer
            writer.end()
        return turn

    def _obey(self, name: str, rest: str) -> None:
        if name == "/memory":
            self._show_memory()
        elif name == "/as":
            self._speak_as(rest)
        elif name == "/forget":
            self._forget(rest)
        elif name == "/new":
            self.session = _new_session()
            say(("A new session; only memory connects it with the old one.", "dim"))
        elif name == "/help":
            for command, what in COMMANDS.items():
                item(styled((f"  {command:<9}", "cyan")), styled((what, "dim")))
        else:
            raise InvalidInput(f"{name!r} is not a command; {did_you_mean(name, COMMANDS)}")

    def _show_memory(self) -> None:
        events = self.turns[-1].events if self.turns else []
        if not events:
            say(("The last turn touched no memory." if self.turns else "Nothing was said yet.", "dim"))
        for event in events:
            _announce(event)
            found = list(texts(event, self.backend))
            for text in found[:_SHOWN]:
                item(styled("    ", (glyph("none"), "dim"), " "), styled(text))
            say_more(len(found) - _SHOWN)
            if event.reason:
                item(styled("    "), styled((event.reason, "dim")))

    def _speak_as(self, user: str) -> None:
        if not user:
            raise InvalidInput("say as whom: /as USER")
        self.user, self.session = user, _new_session()
        say(("You are now ", "dim"), (user, "bold"), (", in a new session.", "dim"))

    def _forget(self, what: str) -> None:
        memory = self.partner.memory
        if memory is None:
            raise InvalidInput("this team brought its own memory; `hindsight-teams forget` works on it")
        if what not in ("", "all"):
            raise InvalidInput("say /forget for the last turn, or /forget all for all of this user's")
        memory.flush()
        if self.turns:
            self.turns[-1].events += self._log.take()
        selections: list[dict[str, Any]] = (
            [{"user": self.user}]
            if what == "all"
            else [{"run": run} for run in (self.turns[-1].runs if self.turns else ())]
        )
        reports: list[ForgetReport] = [memory.forget(dry_run=True, **selection) for selection in selections]
        found = [entry for report in reports for memories in report.memories.values() for entry in memories]
        self._log.take()
        if not found:
            say(("There is nothing to forget.", "dim"))
            return
        for entry in found[:_SHOWN]:
            item(styled("    ", (glyph("none"), "dim"), " "), styled(entry.text))
        say_more(len(found) - _SHOWN)
        if not self._confirm(f"Forget {counted(len(found))} for good?"):
            say(("Nothing was forgotten.", "dim"))
            return
        deleted = sum(memory.forget(dry_run=False, **selection).deleted for selection in selections)
        self._log.take()
        say_done(f"{counted(deleted)} forgotten")


class _Writer:
    """Prints a turn as it comes: memory events on lines of their own, the answer in between, folded between words.

    A word is printed when it has ended, for only then is it known whether it fits on the line.
    """

    def __init__(self, *, silent: bool) -> None:
        screen = console()
        self._silent = silent
        self._width = screen.width
        self._column = 0
        self._word = ""
        self._shown: set[tuple[str | None, ...]] = set()

    def text(self, piece: str) -> None:
        """Print a piece of the answer."""
        *whole, self._word = _WORDS.split(self._word + visible(piece))
        for part in whole:
            self._put(part)
        sys.stdout.flush()

    def event(self, event: AuditEvent) -> None:
        """Print what the memory did: of what a member reads in a bank, the first that it found; ``/memory`` has all."""
        if event.outcome == "allowed" and event.verb not in ("retain", "propose"):
            read = (event.member, event.verb, event.bank_id)
            if event.count == 0 or read in self._shown:
                return
            self._shown.add(read)
        if not self._silent:
            self.end()
            _announce(event)

    def end(self) -> None:
        """Finish the line that is open."""
        self._put(self._word)
        self._word = ""
        if self._column:
            self._put("\n")
            sys.stdout.flush()

    def _put(self, part: str) -> None:
        from rich.cells import cell_len

        if self._silent or not part:
            return
        if part != "\n" and 0 < self._column and self._column + cell_len(part) > self._width:
            sys.stdout.write("\n")
            self._column = 0
            part = part.lstrip(" ")
        sys.stdout.write(part)
        self._column = 0 if part == "\n" else self._column + cell_len(part)


def _announce(event: AuditEvent) -> None:
    arrow = glyph("arrow") if event.verb in ("retain", "propose") else glyph("back")
    outcome = "" if event.outcome == "allowed" else f"  {event.outcome}"
    count = "" if event.count is None or event.verb == "retain" else f"  {counted(event.count)}"
    item(
        styled("  "),
        styled(
            (event.member or "", "dim"), "  ", (event.verb, _STYLES.get(event.verb, "dim")),
            (f" {arrow} {event.bank or event.bank_id or ''}{count}", "dim"), (outcome, "red"),
        ),
    )  # fmt: skip


def greet(partner: Partner, user: str) -> None:
    """Say who is there, and how to go on."""
    say((partner.title, "bold"))
    if partner.model is not None:
        say((partner.model.notice, "yellow" if partner.model.offline else "dim"))
    say((f"You are {user}. /help lists the commands, /memory shows what a turn recalled and retained.", "dim"))
    console().print()


def _new_session() -> str:
    return f"chat-{uuid.uuid4().hex[:12]}"
