"""The wall's desk (`csu.console.wall_desk.WallDesk`): what its room shows and why, and what people ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from csu.centre.events import CentreEvent
from csu.centre.rooms.wall_journal import decisions_of, journaled_name, letters_of
from csu.centre.rooms.wall_room import WallRoom
from csu.console.wall_now import Box, CoverageNow, Held, ProgrammeNow, TileNow, WallNow
from csu.governance.journal_entry import Operation
from csu.governance.journal_extract import newest_of
from csu.governance.spans import Span
from csu.hal.clock import NS_PER_DAY, Clock, Nanoseconds
from csu.hal.wall import WallError
from csu.wall import (
    CameraRequested,
    SceneChanged,
    SlotId,
    SlotShown,
    TileChanged,
    WallDirector,
    WallInput,
)
from csu.wall.directing.account import Account, Told
from csu.wall.directing.wishes import Wish
from csu.wall.model import Rect, Tile, Wall
from csu.wall.model.placing import area_mm

CHANGES_KEPT = 50
"""Of each tile, in memory; the journal has all."""
ROWS_READ_MAX = 20_000
"""Of the journal, when a centre starts: what its wall did before [D]."""
WEEKS = 2
"""A camera that was on the wall in none of so many is told (OPS-6) [D]."""
WEEKLY_AHEAD_NS = NS_PER_DAY
"""Programmes of the week are told so long before they come up [D]."""


class WallAccount:
    """The last changes of each tile, those of the centre's earlier life among them."""

    def __init__(self, before: Sequence[SceneChanged | TileChanged] = ()) -> None:
        self._account = Account(CHANGES_KEPT)
        for decision in before:
            self._account.hear(decision)

    @staticmethod
    def of_journal(directory: Path) -> WallAccount:
        """With what the journal's newest rows tell. Blocks. Raises JournalUnavailable."""
        return WallAccount(decisions_of(newest_of(directory, Operation.WALL_LAYOUT, ROWS_READ_MAX)))

    def observe(self, event: CentreEvent) -> None:
        """Hear what the centre tells."""
        if isinstance(event, SceneChanged | TileChanged):
            self._account.hear(event)

    def of(self, tile: SlotId) -> list[Told]:
        """The newest last. Of an earlier life a tile has the name that the journal gave it."""
        names = dict.fromkeys([letters_of(tile), journaled_name(tile), tile])
        return [told for name in names for told in self._account.of(SlotId(name))][-CHANGES_KEPT:]


class DeskOfWall:
    """One wall. Everything answers at once, from memory."""

    def __init__(self, room: WallRoom, account: WallAccount, clock: Clock) -> None:
        self._room, self._account, self._clock = room, account, clock
        self._scenes = {each.scene: _called(room, each.scene) for each in room.director.plan.scenes}

    @property
    def scenes(self) -> Mapping[str, str]:
        """All there are, and how people call them."""
        return self._scenes

    def now(self) -> WallNow:
        """See WallDesk."""
        director, now_ns = self._room.director, self._clock.now_ns()
        wall, scene = self._room.wall, self._room.scene(director.scene)
        shown, plan = director.tiles, director.plan
        return WallNow(
            at_ns=now_ns,
            scene=director.scene,
            cause=director.scene_cause,
            scenes=self._scenes,
            aspect=wall.visible_mm.width / wall.visible_mm.height,
            panels={panel.panel: _shares(wall, panel.visible_mm) for panel in wall.panels},
            tiles=tuple(
                _tile(wall, tile, shown[tile.tile], director, now_ns) for tile in scene.tiles if tile.tile in shown
            ),
            programmes=_programmes(director, now_ns),
            budget=director.budget(now_ns),
            per_person=plan.tiles_per_person,
            waiting=director.waiting,
        )

    def can_undo(self, person: str) -> bool:
        """See WallDesk."""
        return self._room.director.wishes.can_undo(person)

    def ask(self, told: WallInput) -> None:
        """See WallDesk. What follows is journaled, then shown: within a second, where the journal can be written."""
        self._room.hear(told)

    def why(self, tile: SlotId) -> Sequence[Told]:
        """See WallDesk."""
        return self._account.of(tile)

    def coverage(self) -> CoverageNow:
        """See WallDesk."""
        coverage, now_ns = self._room.coverage(), self._clock.now_ns()
        return CoverageNow(coverage.so_far(now_ns), WEEKS, coverage.never_seen(WEEKS, now_ns))


def _called(room: WallRoom, scene: str) -> str:
    """As people call it; one whose tiles would be too small has its name all the same."""
    try:
        return room.scene(scene).name or scene
    except WallError:
        return scene


def _tile(wall: Wall, tile: Tile, shown: SlotShown, director: WallDirector, now_ns: Nanoseconds) -> TileNow:
    wishes, scene = director.wishes, director.scene
    return TileNow(
        tile=tile.tile,
        at=_shares(wall, area_mm(wall, tile.rect, tile.anchor)),
        z=tile.z,
        rule=tile.slot.rule,
        camera=shown.camera,
        cause=shown.cause,
        request=_held(wishes.request(scene, tile.tile), now_ns),
        lock=_held(wishes.lock(scene, tile.tile), now_ns),
    )


def _held(wish: Wish | None, now_ns: Nanoseconds) -> Held | None:
    if wish is None or wish.until_ns <= now_ns:
        return None
    given = wish.given
    is_close = isinstance(given, CameraRequested) and given.is_close
    needs_reason = isinstance(given, CameraRequested) and is_close and not given.reason
    return Held(given.person, wish.until_ns, is_close, wish.until_ns if needs_reason else None)


def _programmes(director: WallDirector, now_ns: Nanoseconds) -> tuple[ProgrammeNow, ...]:
    """Those on and to come: of the week, of the day that comes; one that was ended by a person is none."""
    wishes = director.wishes
    planned = [each for each in wishes.programmes if each.span.to_ns > now_ns]
    named = {each.programme for each in planned}
    ahead = Span(now_ns, now_ns + WEEKLY_AHEAD_NS)
    weekly = [
        each
        for week in director.plan.weekly
        for each in week.within(ahead)
        if each.programme not in named and not wishes.is_dropped(each.programme)
    ]
    found = [*(ProgrammeNow(each, False) for each in planned), *(ProgrammeNow(each, True) for each in weekly)]
    return tuple(sorted(found, key=lambda each: (each.programme.span.from_ns, each.programme.rank)))


def _shares(wall: Wall, rect: Rect) -> Box:
    """A rectangle of the wall, in shares of all that can be seen of it."""
    whole = wall.visible_mm
    left, top = (rect.left - whole.left) / whole.width, (rect.top - whole.top) / whole.height
    return (left, top, rect.width / whole.width, rect.height / whole.height)
