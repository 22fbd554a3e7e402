"""What may be wrong with destruction, holds, registers and doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sim.mutants.planting import Defect, Patch

_HOUR_NS = 3_600 * 1_000_000_000
_PURGE = "csu.centre.purge.purge:Purge"
_KEEPER = "csu.centre.desk.keeper:DeskKeeper"
_GATE = "csu.console.gate:Gate"
_RIGHTS = "csu.governance.rights:Rights"


def _lead(patch: Patch, lead_ns: int) -> None:
    for module in ("csu.recording.destruction", "csu.recording.hour_footage", "csu.recording.agenda"):
        patch.set(patch.find(module), "LEAD_NS", lead_ns)
    patch.set(patch.find("csu.centre.purge.scan"), "LEAD_NS", lead_ns)


def footage_is_destroyed_two_hours_early(patch: Patch) -> None:
    _lead(patch, 2 * _HOUR_NS)


def footage_is_destroyed_ten_minutes_late(patch: Patch) -> None:
    _lead(patch, -_HOUR_NS // 6)


def the_purge_does_nothing(patch: Patch) -> None:
    async def idle(self: Any) -> Any:
        return replace(self.counts)

    patch.set(patch.find(_PURGE), "round", idle)


def files_stay_where_they_are(patch: Patch) -> None:
    purge = patch.find("csu.centre.purge.purge")
    patch.set(purge, "_still_held", lambda tier, names, work: set())
    unlink = patch.set(patch.find(_PURGE), "_unlink", None)

    def forgetful(self: Any, work: Any) -> None:
        tiers, ports = self._ports.tiers, self._ports
        self._ports = replace(ports, tiers=())
        try:
            unlink(self, work)
        finally:
            self._ports = replace(ports, tiers=tiers)

    patch.set(patch.find(_PURGE), "_unlink", forgetful)


def the_month_of_the_order_is_a_day_shorter(patch: Patch) -> None:
    rule = patch.find("csu.governance.retention")
    terms = patch.set(rule, "_terms_of_hour", None)

    def shorter(*args: Any) -> Any:
        found = terms(*args)
        return replace(found, expiry_ns=found.expiry_ns - 24 * _HOUR_NS)

    patch.set(rule, "_terms_of_hour", shorter)


def a_hold_holds_nothing(patch: Patch) -> None:
    _protection(patch, holds={})


def a_lock_locks_nothing(patch: Patch) -> None:
    _protection(patch, locks={})


def _protection(patch: Patch, **changes: Any) -> None:
    keeper = patch.find(_KEEPER)
    protection = patch.set(keeper, "protection", None)
    patch.set(keeper, "protection", lambda self, now_ns: replace(protection(self, now_ns), **changes))


def a_locked_stretch_is_not_copied(patch: Patch) -> None:
    def preserve(self: Any, footage: Any, spans: Any) -> None:
        self._safe[footage.name] = (*self._safe.get(footage.name, ()), *spans)

    patch.set(patch.find(_KEEPER), "preserve", preserve)


def living_footage_is_marked_destroyed(patch: Patch) -> None:
    _marked_destroyed(patch, since_first_ns=0)


def _marked_destroyed(patch: Patch, since_first_ns: int) -> None:
    catalogue, first_ns = patch.find("csu.recording.catalogue:Catalogue"), list[int]()
    reason = patch.find("csu.recording.kept:DestructionReason")
    record = patch.set(catalogue, "record", None)

    def marking(self: Any, manifests: Any) -> None:
        record(self, manifests)
        first_ns.extend(manifest.minute_ns for manifest in manifests[: not first_ns])
        for manifest in manifests[:1]:
            if manifest.minute_ns - first_ns[0] < since_first_ns:
                continue
            end_ns = manifest.minute_ns + 60 * 1_000_000_000
            self.destroy(
                manifest.cameras[:1],
                manifest.minute_ns - 60 * 1_000_000_000,
                end_ns,
                reason=reason.EXPIRED,
                at_ns=end_ns,
                reference="x",
            )

    patch.set(catalogue, "record", marking)


def footage_of_today_is_marked_destroyed(patch: Patch) -> None:
    _marked_destroyed(patch, since_first_ns=20 * 24 * _HOUR_NS)  # what was recorded before the run came first


def a_refusal_is_not_written_down(patch: Patch) -> None:
    async def silent(self: Any, *args: Any) -> None:
        return None

    patch.set(patch.find(_GATE), "_note_refusal", silent)


def a_shut_door_leads_somewhere(patch: Patch) -> None:
    gate = patch.find("csu.console.gate")
    refusal = patch.set(gate, "_refusal", None)
    patch.set(gate, "_refusal", lambda scope, door, *rest: None if door.is_closed else refusal(scope, door, *rest))


def pictures_are_shown_without_a_journal(patch: Patch) -> None:
    ticket = patch.find("csu.governance.journal_desk:Ticket")
    desk = patch.find("csu.governance.journal_desk:JournalDesk")
    row = patch.find("csu.governance.journal_entry:JournalRow")

    @asynccontextmanager
    async def after(self: Any, entry: Any) -> AsyncIterator[Any]:
        given = ticket(row(self._journal.head[0] + 1, 0, entry), entry.operation)
        yield given
        await self.record(entry)

    patch.set(desk, "before", after)


def everybody_is_of_every_commune(patch: Patch) -> None:
    patch.set(patch.find(_RIGHTS), "_in_scope", lambda self, subject, resource, at_ns: True)


def a_list_is_not_cut_to_the_asker(patch: Patch) -> None:
    patch.set(patch.find(_GATE), "listed", lambda self, subject, cameras: list(cameras))


def one_person_is_enough(patch: Patch) -> None:
    patch.set(patch.find("csu.governance.rights"), "_second_person", lambda *args: True)
    patch.set(patch.find("csu.evidence.case"), "require_two_persons", lambda *args: None)


def a_name_typed_otherwise_is_another_person(patch: Patch) -> None:
    for module in ("csu.governance.rights", "csu.evidence.case"):
        patch.set(patch.find(module), "same_person", lambda one, other: one == other)


def a_package_leaves_before_its_release(patch: Patch) -> None:
    questions = patch.find("csu.console.case_questions")
    facts = patch.set(questions, "facts_of", None)
    patch.set(questions, "facts_of", lambda case: replace(facts(case), is_released=True))
    patch.set(patch.find("csu.centre.desk.room"), "_require_released", lambda found: None)


def the_journal_signs_nothing(patch: Patch) -> None:
    patch.set(patch.find("csu.governance.centre_key:CentreKey"), "sign", lambda self, text: "00" * 64)


def heads_are_noted_nowhere(patch: Patch) -> None:
    anchoring = patch.find("csu.governance.anchoring:Anchoring")
    patch.set(anchoring, "note", lambda self, sequence, head, now_ns, *, now=False: None)


DEFECTS = (
    Defect(footage_is_destroyed_two_hours_early, "nothing_too_young_destroyed", "past"),
    Defect(the_month_of_the_order_is_a_day_shorter, "nothing_too_young_destroyed", "past"),
    Defect(footage_is_destroyed_ten_minutes_late, "nothing_too_old", "past"),
    Defect(the_purge_does_nothing, "nothing_too_old", "past"),
    Defect(files_stay_where_they_are, "nothing_too_old", "past"),
    Defect(a_hold_holds_nothing, "held_is_kept", "past"),
    Defect(a_lock_locks_nothing, "held_is_kept", "past"),
    Defect(a_locked_stretch_is_not_copied, "held_is_kept", "past"),
    Defect(living_footage_is_marked_destroyed, "catalogue_is_the_disk", "past"),
    Defect(footage_of_today_is_marked_destroyed, "catalogue_is_the_disk", "past"),
    Defect(a_refusal_is_not_written_down, "replay_refused", "past"),
    Defect(a_shut_door_leads_somewhere, "replay_refused", "past"),
    Defect(pictures_are_shown_without_a_journal, "journaled_before", "past"),
    Defect(everybody_is_of_every_commune, "communes_apart", "past"),
    Defect(a_list_is_not_cut_to_the_asker, "communes_apart", "past"),
    Defect(one_person_is_enough, "export_by_two", "past"),
    Defect(a_name_typed_otherwise_is_another_person, "export_by_two", "past"),
    Defect(a_package_leaves_before_its_release, "export_by_two", "past"),
    Defect(the_journal_signs_nothing, "journal_unbroken", "past"),
    Defect(heads_are_noted_nowhere, "journal_unbroken", "past"),
)
