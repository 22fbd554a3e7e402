"""The accounts of the media nodes: each believed once, counted, and written to the catalogue together."""

from __future__ import annotations

import asyncio

from csu.centre.events import CatalogueWritten, ManifestRefused, ManifestTaken
from csu.centre.footing import Footing, words_of
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import NO_FRAMES, Manifest, NodeId, NodeLost
from csu.hal.words import Words
from csu.recording.catalogue import Catalogue

CATALOGUE_EVERY_S = 1.0
"""Manifests are written together; a crash of the control plane loses at most this much index, never a segment."""
CATALOGUE_WAITING_MAX = 4096
"""Manifests that may wait for the catalogue: 46 nodes for 89 minutes. When full the nodes are left to buffer."""
CATALOGUE_LAST_TRIES = 3
"""Tries for what is left when the centre stops; the segments say of themselves what the catalogue then lacks."""

_OLD_EPOCH = Words("ancienne époque", "old epoch")
_ALREADY_TAKEN = Words("déjà reçu", "already taken")


class Manifests:
    """`take` each as it comes; `write` runs until the None that `end` puts behind the last."""

    def __init__(self, footing: Footing, catalogue: Catalogue) -> None:
        self._footing, self._catalogue = footing, catalogue
        self._waiting: list[Manifest] = []
        self._to_write: asyncio.Queue[Manifest | None] = asyncio.Queue(CATALOGUE_WAITING_MAX)
        self._accounts: dict[NodeId, tuple[int, int]] = {}
        self.heard_at_ns: Nanoseconds | None = None
        """When the last one came; None before the first."""

    async def take(self, manifest: Manifest) -> bool:
        """Queue it for the catalogue, and tell. False: it is not believed, and changes nothing."""
        now_ns = self._footing.now()
        if not self._believe(manifest):
            return False
        self._count(manifest)
        if self._to_write.full():
            await self._to_write.put(manifest)
        else:  # as a rule: one task step less
            self._to_write.put_nowait(manifest)
        self.heard_at_ns = now_ns
        self._footing.tell(ManifestTaken(manifest, now_ns))
        return True

    async def end(self) -> None:
        """No manifest comes any more: a cancelled write would go on in its thread, so the writer ends by itself."""
        await self._to_write.put(None)

    async def write(self) -> None:
        """Write what came, together; after the last manifest (a None), write the rest or say that it cannot be."""
        failures, last = 0, False
        while not last or self._waiting:
            if not self._waiting and not last:
                last = self._set_aside(await self._to_write.get())
                if not last:
                    await asyncio.sleep(CATALOGUE_EVERY_S)
            while len(self._waiting) < CATALOGUE_WAITING_MAX and not self._to_write.empty():
                last = self._set_aside(self._to_write.get_nowait())
            try:
                await self._footing.chaos("catalogue.write")
                await self._write_waiting()
            except (OSError, CsuError) as error:
                failures += 1
                self._footing.tell_trouble("catalogue", words_of(error, "catalogue"))
                if last and failures > CATALOGUE_LAST_TRIES:
                    count = len(self._waiting)
                    what = Words(f"comptes rendus non écrits : {count}", f"manifests not written: {count}")
                    self._footing.tell_trouble("catalogue", what)
                    return
                await asyncio.sleep(self._footing.retry_after_s("retry/catalogue", failures))
            else:
                failures = 0

    def lose(self, lost: NodeLost) -> None:
        """Its epoch is over, had it accounted for anything or not: one that only froze is not believed later."""
        epoch, expected = self._accounts.get(lost.node, (0, 0))
        if epoch <= lost.node_epoch:
            epoch, expected = lost.node_epoch + 1, 0
        self._accounts[lost.node] = (epoch, expected)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _believe(self, manifest: Manifest) -> bool:
        """Only the newest epoch of a node, each sequence once."""
        epoch, expected = self._accounts.get(manifest.node, (manifest.node_epoch, 0))
        counts = self._footing.counts
        if manifest.node_epoch > epoch:
            expected = 0
        elif manifest.node_epoch < epoch or manifest.sequence < expected:
            why = _OLD_EPOCH if manifest.node_epoch < epoch else _ALREADY_TAKEN
            counts.manifests_refused += 1
            now_ns = self._footing.now()
            self._footing.tell(ManifestRefused(manifest.node, manifest.node_epoch, manifest.sequence, now_ns, why))
            return False
        missing = manifest.sequence - expected
        if missing:
            counts.manifests_missing += missing
            what = Words(f"comptes rendus manquants : {missing}", f"manifests missing: {missing}")
            self._footing.tell_trouble(manifest.node, what)
        self._accounts[manifest.node] = (manifest.node_epoch, manifest.sequence + 1)
        return True

    def _count(self, manifest: Manifest) -> None:
        counts, more = self._footing.counts, manifest.counts
        counts.manifests_taken += 1
        counts.segments_closed += len(manifest.segments.camera)
        if more is NO_FRAMES:
            return
        counts.frames_decoded += more.decoded
        counts.frames_masked += more.masked
        counts.frames_wholly_masked += more.wholly_masked
        counts.frames_dropped += more.dropped
        counts.clear_refused += more.clear_refused
        counts.packets_lost += more.packets_lost

    def _set_aside(self, manifest: Manifest | None) -> bool:
        """Keep one manifest for the next writing; True for the None behind the last."""
        if manifest is not None:
            self._waiting.append(manifest)
        return manifest is None

    async def _write_waiting(self) -> None:
        batch = tuple(self._waiting)
        if batch:
            await self._footing.in_executor(lambda: self._catalogue.record(batch))
            self._waiting.clear()
            self._footing.counts.manifests_written += len(batch)
            self._footing.tell(CatalogueWritten(len(batch), self._footing.now()))
