"""What may be wrong with taking in, keeping and showing what nodes account for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.mutants.planting import Defect, Patch

_CATALOGUE = "csu.recording.catalogue:Catalogue"
_BOARD = "csu.ingest.board:CameraBoard"
_CENTRE = "csu.centre.control:Centre"
_MANIFESTS = ("csu.centre.media.manifests:Manifests", _CENTRE)


def _recorded_otherwise(patch: Patch, other: Any) -> None:
    catalogue = patch.find(_CATALOGUE)
    record = patch.set(catalogue, "record", None)
    patch.set(catalogue, "record", lambda self, given: record(self, [other(manifest) for manifest in given]))


def _with_column(manifest: Any, name: str, change: Any) -> Any:
    table = manifest.segments
    return dataclasses.replace(manifest, segments=dataclasses.replace(table, **{name: change(getattr(table, name))}))


def gaps_are_not_logged(patch: Patch) -> None:
    _recorded_otherwise(patch, lambda manifest: dataclasses.replace(manifest, gaps=()))


def the_last_segment_of_a_manifest_is_forgotten(patch: Patch) -> None:
    def shorter(manifest: Any) -> Any:
        table = manifest.segments
        columns = [getattr(table, field.name)[:-1] for field in dataclasses.fields(table)]
        return dataclasses.replace(manifest, segments=type(table)(*columns))

    _recorded_otherwise(patch, shorter)


def segments_are_kept_a_second_too_short(patch: Patch) -> None:
    _recorded_otherwise(
        patch, lambda manifest: _with_column(manifest, "duration_ms", lambda ms: np.maximum(1, ms - 1000))
    )


def sizes_are_not_kept(patch: Patch) -> None:
    _recorded_otherwise(patch, lambda manifest: _with_column(manifest, "size_bytes", np.zeros_like))


def segments_are_filed_a_second_late(patch: Patch) -> None:
    _recorded_otherwise(patch, lambda manifest: _with_column(manifest, "start_ns", lambda ns: ns + 1_000_000_000))


def the_catalogue_forgets_what_a_crash_took(patch: Patch) -> None:
    def other(manifest: Any) -> Any:
        kept = tuple(gap for gap in manifest.gaps if gap.cause.value != "node_lost")
        return dataclasses.replace(manifest, gaps=kept)

    _recorded_otherwise(patch, other)


def a_manifest_sent_again_is_taken_again(patch: Patch) -> None:
    patch.set(patch.find(*_MANIFESTS), "_believe", lambda self, manifest: True)


def a_restarted_node_is_not_believed(patch: Patch) -> None:
    owner = patch.find(*_MANIFESTS)
    believe = patch.set(owner, "_believe", None)
    patch.set(owner, "_believe", lambda self, manifest: manifest.node_epoch == 1 and believe(self, manifest))


def a_batch_that_failed_is_dropped(patch: Patch) -> None:
    owner = patch.find(*_MANIFESTS)
    write = patch.set(owner, "_write_waiting", None)

    async def dropping(self: Any) -> None:
        waiting, self._waiting = self._waiting, []
        chaos = getattr(self, "_ports", None) or self._footing.ports
        await chaos.chaos("catalogue.write")  # an await between taking and writing: what fails here is gone
        self._waiting = waiting
        await write(self)

    patch.set(owner, "_write_waiting", dropping)


def the_board_never_ticks(patch: Patch) -> None:
    patch.set(patch.find(_BOARD), "tick", lambda self, now_ns: [])


def the_board_is_deaf_to_events(patch: Patch) -> None:
    board = patch.find(_BOARD)
    patch.set(board, "_hear_event", lambda self, event, now_ns: [])
    patch.set(board, "tick", lambda self, now_ns: [])
    patch.set(board, "lose", lambda self, node, cameras, now_ns: [])


def silence_is_believed_for_too_long(patch: Patch) -> None:
    patch.set(patch.find("csu.ingest.board"), "SILENT_AFTER_NS", 400 * 1_000_000_000)


def a_lost_node_is_waited_for_too_long(patch: Patch) -> None:
    owner = patch.find("csu.centre.footing:Footing", _CENTRE)
    name = "retry_after_s" if "retry_after_s" in vars(owner) else "_retry_after_s"
    patch.set(owner, name, lambda self, name, failures: 7200.0)


def a_lost_node_is_asked_without_pause(patch: Patch) -> None:
    owner = patch.find("csu.centre.footing:Footing", _CENTRE)
    name = "retry_after_s" if "retry_after_s" in vars(owner) else "_retry_after_s"
    patch.set(owner, name, lambda self, name, failures: 0.5)


def nodes_are_given_an_older_mask(patch: Patch) -> None:
    owner = patch.find("csu.centre.masks.mask_watch:MaskWatch")
    before = patch.set(owner, "__init__", None)

    def begin(self: Any, masks: Any, given: Any, *rest: Any, **more: Any) -> None:
        before(
            self, masks, [dataclasses.replace(each, mask_epoch=each.mask_epoch - 1) for each in given], *rest, **more
        )

    patch.set(owner, "__init__", begin)


def a_wrong_clock_is_not_told(patch: Patch) -> None:
    patch.set(patch.find("csu.centre.watches.clock_watch"), "WRONG_MS", 60_000)


DEFECTS = (
    Defect(gaps_are_not_logged, "catalogue_answers"),
    Defect(the_last_segment_of_a_manifest_is_forgotten, "manifests_once"),
    Defect(segments_are_kept_a_second_too_short, "manifests_once"),
    Defect(sizes_are_not_kept, "manifests_once"),
    Defect(segments_are_filed_a_second_late, "catalogue_answers"),
    Defect(the_catalogue_forgets_what_a_crash_took, "catalogue_answers"),
    Defect(a_manifest_sent_again_is_taken_again, "manifests_once"),
    Defect(a_restarted_node_is_not_believed, "manifests_once"),
    Defect(a_batch_that_failed_is_dropped, "manifests_once"),
    Defect(the_board_never_ticks, "camera_down_shown"),
    Defect(the_board_is_deaf_to_events, "camera_down_shown"),
    Defect(silence_is_believed_for_too_long, "camera_down_shown"),
    Defect(a_lost_node_is_waited_for_too_long, "all_well_at_the_end"),
    Defect(a_lost_node_is_asked_without_pause, "reconnects_bounded"),
    Defect(nodes_are_given_an_older_mask, "mask_epoch"),
    Defect(a_wrong_clock_is_not_told, "clock_error_told"),
)
