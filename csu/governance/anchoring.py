"""Keeps noting the heads of a chain elsewhere: each minute in which something happened, each hour with a stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csu.governance.anchor import Anchor, AnchorPlace, AnchorRhythm, make_anchor, stamped
from csu.governance.centre_key import CentreKey
from csu.governance.register_errors import AnchorUnavailable, StampRefused
from csu.governance.time_stamps import StampAuthority, StampTrust
from csu.hal.clock import Nanoseconds


class AnchorPlaces:
    """Several places at once: who wants to hide a cut must reach them all."""

    def __init__(self, places: Sequence[AnchorPlace]) -> None:
        self._places = tuple(places)

    def keep(self, anchor: Anchor) -> None:
        """In each of them, whatever happens to the others. Raises AnchorUnavailable for the first that failed."""
        failed: AnchorUnavailable | None = None
        for place in self._places:
            try:
                place.keep(anchor)
            except AnchorUnavailable as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def anchors(self) -> list[Anchor]:
        """What any of them knows, each once: one that was emptied takes nothing away. Raises AnchorUnavailable."""
        return list(dict.fromkeys(anchor for place in self._places for anchor in place.anchors()))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where heads are noted, and who stamps them; no authority: notes alone."""

    place: AnchorPlace
    authority: StampAuthority | None = None
    trust: StampTrust | None = None
    rhythm: AnchorRhythm = AnchorRhythm()

    def __post_init__(self) -> None:
        if (self.authority is None) is not (self.trust is None):
            raise ValueError("an authority that stamps, and whom to believe: both or neither")


class Anchoring:
    """Of one chain, in one process. A place that failed, and an authority that refused, are asked again next time."""

    def __init__(self, chain: str, key: CentreKey, elsewhere: Elsewhere) -> None:
        self._chain, self._key, self._elsewhere = chain, key, elsewhere
        self._last: Anchor | None = None
        self._last_stamped: Anchor | None = None

    def note(self, sequence: int, head: str, now_ns: Nanoseconds, *, now: bool = False) -> Anchor | None:
        """Note this head when that is due, `now` without waiting for the minute; None: nothing was due. Blocks.

        Where the authority fails a head that is due is noted without its token, and the refusal raised: StampRefused.
        Raises AnchorUnavailable.
        """
        elsewhere = self._elsewhere
        is_new = sequence != (self._last.sequence if self._last is not None else 0)
        due = (now and is_new) or elsewhere.rhythm.note_is_due(self._last, sequence, now_ns)
        made, refused = make_anchor(self._chain, sequence, head, now_ns, self._key), None
        if elsewhere.authority is not None and elsewhere.trust is not None:
            if elsewhere.rhythm.stamp_is_due(self._last_stamped, sequence, now_ns):
                try:
                    made, due = stamped(made, elsewhere.authority, elsewhere.trust), True
                except StampRefused as error:
                    refused = error
        if due:
            elsewhere.place.keep(made)
            self._last = made
            self._last_stamped = made if made.token else self._last_stamped
        if refused is not None:
            raise refused
        return made if due else None
