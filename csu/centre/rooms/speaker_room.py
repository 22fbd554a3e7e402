"""Loudspeakers at work: a message is journaled, with its author and its place, and then it is said (AUD-4).

The decisions are the book's (`csu.operations.loudspeaker`). A camera that would make it a conversation is told and
never spoken through again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from csu.centre.control import Centre
from csu.centre.events import Trouble
from csu.governance import Action, Author, Journal, JournalEntry
from csu.governance.journal_entry import Outcome
from csu.governance.journaled_actions import action_entry
from csu.hal.camera import CameraError, CameraId
from csu.hal.clock import Clock
from csu.hal.loudspeaker import Loudspeaker, ReturnChannel, Speech, SpokenMessage
from csu.operations import SpeechBook, SpeechRefused, SpeechRule

NO_SPEECH = Speech((), ())
"""Of a site without loudspeakers, as most are: every message is refused, and journaled."""


@dataclass(slots=True)
class SpeechCounts:
    """Since the centre started."""

    said: int = 0
    refused: int = 0
    failed: int = 0
    return_channels: int = 0
    """Messages that a return channel ended."""


class SpeakerRoom:
    """All loudspeakers of a running centre (`csu.console.loudspeaker.Speaking`)."""

    def __init__(
        self, speech: Speech | None, *, centre: Centre, clock: Clock, journal: Journal, tell: Callable[[Trouble], None]
    ) -> None:
        """`speech`: None: the site has no loudspeaker. `tell`: who hears troubles."""
        speech = speech or NO_SPEECH
        self._centre, self._clock, self._journal, self._tell = centre, clock, journal, tell
        self._speakers = {speaker.record.camera: speaker for speaker, _ in speech.speakers}
        self._book = SpeechBook(speech.messages, {speaker.record.camera: permit for speaker, permit in speech.speakers})
        self.counts = SpeechCounts()

    def messages(self) -> Sequence[SpokenMessage]:
        """All approved messages."""
        return self._book.messages

    def speakers(self) -> Sequence[CameraId]:
        """The cameras that may speak at all now."""
        return self._book.speakers(self._clock.now_ns())

    async def say(self, camera: CameraId, message: str, by: Author) -> SpokenMessage:
        """Say an approved message; returns when it was said.

        Raises SpeechRefused; ReturnChannel, NoLoudspeaker, CameraError: it was cut short, or not said. Each is in the
        journal. JournalUnavailable: it cannot be, and nothing was said.
        """
        now_ns, entry = self._clock.now_ns(), self._entry(camera, message, by)
        is_open = bool(entry.data) and self._centre.may_watch(camera)
        is_short = self._centre.is_short_of_watch
        try:
            spoken = self._book.begin(camera, message, now_ns, is_open=is_open, is_short=is_short)
        except SpeechRefused as error:
            await self._refuse(entry, error.rule)
            raise
        try:
            await self._speak(self._speakers[camera], spoken, replace(entry, sha256=spoken.sha256))
        except ReturnChannel as error:
            self._book.silence(camera)
            self.counts.return_channels += 1
            self._tell(Trouble(camera, error.trouble.beside(camera), self._clock.now_ns()))
            await self._refuse(entry, SpeechRule.RETURN_CHANNEL)
            raise
        except CameraError as error:
            self.counts.failed += 1
            self._tell(Trouble(camera, error.trouble.beside(camera), self._clock.now_ns()))
            raise
        finally:
            self._book.end(camera, self._clock.now_ns())
        self.counts.said += 1
        return spoken

    def _entry(self, camera: CameraId, message: str, by: Author) -> JournalEntry:
        """What was typed is no identifier until the centre knows it: else it stays out of the journal (LOG-5)."""
        known = message in {each.message for each in self._book.messages}
        cameras = [status.record.camera for status in self._centre.board.all() if status.record.camera == camera]
        return action_entry(Action.SPEAK, by, *cameras, subject=f"message/{message}" if known else "message/unknown")

    async def _speak(self, camera: Loudspeaker, spoken: SpokenMessage, entry: JournalEntry) -> None:
        """The entry is durable before the first sample leaves; how it went is written after the last."""
        async with self._journal.before(entry):
            await camera.speak(spoken.pcmu)

    async def _refuse(self, entry: JournalEntry, rule: SpeechRule) -> None:
        self.counts.refused += 1
        await self._journal.record(replace(entry, outcome=Outcome.REFUSED, refusal=rule.value))
