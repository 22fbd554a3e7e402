"""Who looks after the volumes of media of a running centre: opens them, tells of them, takes back one that was lost.

A volume that is lost, swapped or restored is not admitted any more: nodes write nothing to it, nobody reads it. When it
is there again, what expired meanwhile is destroyed on it first (RET-4); then it is opened anew and admitted. None of it
needs a restart. The decisions are `csu.recording.space`'s; what the nodes see is the note (`csu.cluster.volumes`).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.purge.tiers import Tier, VolumeTier
from csu.cluster.node_disk import refused
from csu.cluster.volume_note import (
    AsksSpace,
    Volume,
    ask_host,
    look_at,
    note_of,
    read_identity,
    read_note,
    write_note,
    write_whole,
)
from csu.cluster.volumes import VolumesDisk
from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_MINUTE, Clock, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import NO_WORDS, Words
from csu.machine import PARTIAL_SUFFIX
from csu.recording.space import (
    IDENTITY_NAME,
    MARKS,
    SpaceWatch,
    VolumeIdentity,
    VolumeState,
    Watermarks,
    next_identity,
)
from csu.recording.space_left import SpaceRate

LOOK_EVERY_S = 10.0
RETURN_RETRY_NS = NS_PER_MINUTE
"""A volume that came back and could not be purged or opened is tried again after this."""
PROBE = ".csu-probe" + PARTIAL_SUFFIX
PROBE_BYTES = 4096
LOCK = "volumes.lock"


@contextmanager
def volumes_held(data_directory: Path) -> Iterator[None]:
    """While inside, nobody else changes the note: one centre, or one person who declares a loss. Raises BadInput."""
    path = data_directory / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                Words("un centre tourne sur ces données", "a centre runs on these data"),
                where=str(data_directory),
                what_to_do=Words("Arrêtez-le d'abord", "Stop it first"),
            ) from None
        yield


class VolumeKeeper:
    """One for each centre. `open` it before its nodes, then `run` it beside the purge."""

    def __init__(
        self,
        data_directory: Path,
        declared: Sequence[Path],
        *,
        clock: Clock,
        ids: Ids,
        marks: Watermarks = MARKS,
        ask_space: AsksSpace = ask_host,
    ) -> None:
        """`declared`: the directories a person named; those noted before stay until they are declared lost.

        `ask_space`: how full a directory is: the host says, or a world that simulates it.
        """
        self.note = note_of(data_directory)
        self.disk = VolumesDisk(lambda: read_note(self.note), clock=clock, marks=marks, ask_space=ask_space)
        """All that was recorded, on whichever volume, as far as it may be read. For reading."""
        self.states: tuple[VolumeState, ...] = ()
        """As last looked at."""
        self.hours_left: float | None = None
        """Until nothing can be recorded, at the present pace; None: never, or not known."""
        self._declared = [directory.absolute() for directory in declared]
        self._clock, self._ids = clock, ids
        self._held = ExitStack()
        self._watch, self._rate = SpaceWatch(marks), SpaceRate(marks)
        self._strange: dict[Path, Words] = {}
        """Declared, and not taken: why."""
        self._next_try_ns: dict[Path, Nanoseconds] = {}
        self._failed = NO_WORDS
        """Why the last look failed."""

    # -- opening ------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Note what is new, open what is ours, set aside what is not. Blocks.

        Raises DiskError when the note fails, BadInput when a centre runs on these data.
        """
        with ExitStack() as held:
            held.enter_context(volumes_held(self.note.parent))
            self._open()
            self._held = held.pop_all()

    def _open(self) -> None:
        known = {volume.directory for volume in read_note(self.note)}
        for directory in self._declared:
            if directory not in known:
                self._take_new(directory)
        for volume in read_note(self.note):
            try:
                if volume.is_new:
                    self._admit_first(volume)
                elif volume.is_admitted:
                    self._admit(volume)
            except DiskError:
                self._set(replace(volume, is_admitted=False))  # `run` tells why
        self.states = tuple(self._all_states())

    def close(self) -> None:
        """Let go of the note."""
        self._held.close()

    def tiers(self) -> list[Tier]:
        """One for each volume: what is not there holds nothing, until it comes back."""
        return [VolumeTier(volume.directory, self._is_ours(volume)) for volume in read_note(self.note)]

    def is_out_of_reach(self) -> bool:
        """Whether copies may lie on a volume that is not there now. Blocks."""
        return bool(self.disk.out_of_reach())

    def directories(self) -> list[Path]:
        """Of every volume."""
        return [volume.directory for volume in read_note(self.note)]

    def _take_new(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            found = read_identity(directory)
            if found is not None:
                next_identity(None, found, where=str(directory))  # refuses
            self._set(Volume(directory, VolumeIdentity(self._ids.new("vol"), 0), is_admitted=False))
        except OSError as error:
            self._strange[directory] = refused(error, directory).trouble.what
        except DiskError as error:
            self._strange[directory] = error.trouble.what

    def _admit_first(self, volume: Volume) -> None:
        """Give a new one its identity, also where that crashed before it was noted. Raises DiskError."""
        assert volume.identity is not None  # noqa: S101 - of a new one, by its definition
        found, first = read_identity(volume.directory), VolumeIdentity(volume.identity.volume, 1)
        if found != first:
            next_identity(volume.identity, found or volume.identity, where=volume.name)  # refuses another's
            write_whole(volume.directory / IDENTITY_NAME, first.to_bytes())
        self._set(Volume(volume.directory, first, is_admitted=True))

    def _admit(self, volume: Volume, *, is_purged: bool = False) -> None:
        """Open it anew: the note first, then its own identity, then admission. Raises DiskError."""
        found = read_identity(volume.directory)
        identity = next_identity(volume.identity, found, where=volume.name, is_purged=is_purged)
        self._set(Volume(volume.directory, identity, is_admitted=False))
        write_whole(volume.directory / IDENTITY_NAME, identity.to_bytes())
        self._set(Volume(volume.directory, identity, is_admitted=True))

    def _set(self, volume: Volume) -> None:
        others = [other for other in read_note(self.note) if other.directory != volume.directory]
        write_note(self.note, sorted([*others, volume], key=lambda each: each.name))

    def _is_ours(self, volume: Volume) -> Callable[[], bool]:
        """Whether the very volume is there, as it is or older: the purge may then clear it."""

        def ask() -> bool:
            now = next((each for each in read_note(self.note) if each.directory == volume.directory), volume)
            return look_at(now).may_be_purged

        return ask

    # -- looking ------------------------------------------------------------------------------------------------------

    async def run(self, purge: Callable[[], Awaitable[None]], tell: Callable[[Trouble], None]) -> None:
        """Look, for ever. `purge`: destroy all that has expired on every volume that is there; raises CsuError.

        `tell`: each volume once when its state changes, and what failed in taking one back.
        """
        while True:
            await self.look(purge, tell)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, purge: Callable[[], Awaitable[None]], tell: Callable[[Trouble], None]) -> None:
        """Once, as `run` does."""
        try:
            news = await asyncio.to_thread(self._look)
            for where, words in news:
                tell(Trouble(where, words, self._clock.now_ns()))
            for volume in await asyncio.to_thread(self._returned):
                await self._take_back(volume, purge, tell)
            self._failed = NO_WORDS
        except CsuError as error:
            why = error.trouble.beside("media")
            if why != self._failed:
                tell(Trouble("media", why, self._clock.now_ns()))
            self._failed = why

    def _look(self) -> list[tuple[str, Words]]:
        for volume in read_note(self.note):
            if volume.is_admitted and not look_at(volume).is_readable:
                self._set(replace(volume, is_admitted=False))
            elif volume.is_admitted:
                self._probe(volume)
        self.states = tuple(self._all_states())
        self.hours_left = self._rate.look(self.states, self._clock.now_ns())
        return self._watch.look(self.states, self.hours_left)

    def _all_states(self) -> list[VolumeState]:
        strange = [VolumeState(str(directory), 0, 0, trouble=why) for directory, why in self._strange.items()]
        return [*self.disk.states(), *strange]

    def _probe(self, volume: Volume) -> None:
        """Write a little, durably, and take it away: a disk that fails is found before a segment is."""
        path = volume.directory / PROBE
        if not self.disk.takes_files(volume):
            return
        try:
            with path.open("wb") as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except OSError as error:
            self.disk.failed(volume, refused(error, volume.directory))
        else:
            self.disk.worked(volume)

    def _returned(self) -> list[Volume]:
        now_ns = self._clock.monotonic_ns()
        return [
            volume
            for volume in read_note(self.note)
            if not volume.is_admitted
            and now_ns >= self._next_try_ns.get(volume.directory, now_ns)
            and look_at(volume).may_be_purged
        ]

    async def _take_back(
        self, volume: Volume, purge: Callable[[], Awaitable[None]], tell: Callable[[Trouble], None]
    ) -> None:
        self._next_try_ns[volume.directory] = self._clock.monotonic_ns() + RETURN_RETRY_NS
        try:
            await purge()
            await asyncio.to_thread(self._admit, volume, is_purged=True)
        except (CsuError, OSError) as error:
            name = volume.name
            why = error.trouble.beside(name) if isinstance(error, CsuError) else Words.same(str(error))
            tell(Trouble(name, why, self._clock.now_ns()))
