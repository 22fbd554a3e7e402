"""The receiver and simulated panels over real sockets: told once, acknowledged after the engine, refusals said."""

from __future__ import annotations

import asyncio
import os

import pytest

from csu.hal.alarms import AlarmKind
from hardware.dc09 import Reason
from hardware.dc09.errors import FramesNotKept, ReceiverNotOpened
from hardware.dc09.frames import FRAME_BYTES_MAX
from hardware.dc09.store import FrameStore
from sim.endpoints.dc09 import DiallerFault, Outcome, open_diallers
from sim.endpoints.dc09.wire import envelope

SILENCE, TAMPER, TECHNICAL, INTRUSION = "", "tamper", "technical", "intrusion"


def play(story):
    async def bounded():
        async with asyncio.timeout(60):
            await story()

    asyncio.run(bounded())


def test_both_formats_every_key_and_both_transports_are_heard_and_answered(dc09, tmp_path):
    keyed = {"1234": dc09.KEY, "0192": dc09.KEY_192, "256F": dc09.KEY_256, "00AB12": None}
    names = {"1234": "k/1234", "0192": "k/192", "256F": "k/256", "00AB12": None}

    async def story():
        told = dc09.settings(*(dc09.account(number, names[number]) for number in keyed))
        async with dc09.open_room(tmp_path, told) as room:
            for number, key in keyed.items():
                number_of = 0
                for kind in ("SIA-DCS", "ADM-CID"):
                    for transport in ("tcp", "udp"):
                        paths = (room.path(transport=transport),)
                        async with open_diallers([room.dialler(number, key, paths, format=kind)]) as panels:
                            panels[number]._number = number_of
                            assert await panels[number].raise_event() == Outcome("ACK", 1, "main")
                            assert await panels[number].poll(paths[0])
                            number_of += 1
            assert room.kinds == ["intrusion"] * 16
            assert len({message.sequence for message in room.heard}) == 16
            assert room.receiver.counts.reasons == {}

    play(story)


def test_the_wire_is_acknowledged_after_the_engine_and_not_before(dc09, tmp_path):
    async def story():
        async with dc09.open_room(tmp_path) as room:
            room.acknowledges = False
            async with open_diallers([room.dialler(answer_within_s=0.4, tries_max=50)]) as panels:
                raising = asyncio.create_task(panels["1234"].raise_event())
                await dc09.until(lambda: len(room.heard) == 3)
                assert panels["1234"].counts.words["ACK"] == 0
                assert len({message.sequence for message in room.heard}) == 1
                await room.receiver.acknowledge(room.heard[0])
                outcome = await raising
                assert (outcome.word, outcome.tries >= 3) == ("ACK", True)
            assert room.receiver.counts.reasons == {}

    play(story)


def test_a_frame_that_raises_two_alarms_is_acknowledged_when_both_are(dc09, tmp_path):
    async def story():
        async with dc09.open_room(tmp_path) as room:
            room.acknowledges = False
            async with open_diallers([room.dialler(answer_within_s=8.0)]) as panels:
                raising = asyncio.create_task(panels["1234"].raise_event("BA1/FA"))
                await dc09.until(lambda: len(room.heard) == 2)
                assert room.kinds == ["fire", "intrusion"]
                await room.receiver.acknowledge(room.heard[0])
                await asyncio.sleep(0.05)
                assert not raising.done()
                await room.receiver.acknowledge(room.heard[1])
                assert (await raising).word == "ACK"

    play(story)


def test_an_event_on_both_paths_at_once_is_one_alarm_acknowledged_on_both(dc09, tmp_path):
    async def story():
        paths = [{"name": name, "door": name, "silent_after_s": 60} for name in ("main", "back-up")]
        told = dc09.settings(dc09.account(paths=paths), doors=[{"name": "main"}, {"name": "back-up"}])
        async with dc09.open_room(tmp_path, told) as room:
            ways = (room.path("main", "tcp", "main"), room.path("back-up", "udp", "back-up"))
            async with open_diallers([room.dialler(paths=ways, both_paths=True)]) as panels:
                for zone in range(1, 6):
                    assert (await panels["1234"].raise_event("FA", zone)).word == "ACK"
                assert panels["1234"].counts.words == {"ACK": 10}
            assert room.kinds == ["fire"] * 5

    play(story)


def test_a_path_that_falls_silent_is_an_alarm_once_and_its_return_is_told(dc09, tmp_path):
    async def story():
        paths = [{"name": n, "door": "main", "transport": n, "silent_after_s": 0.5} for n in ("tcp", "udp")]
        async with dc09.open_room(tmp_path, dc09.settings(dc09.account(paths=paths))) as room:
            ways = {name: room.path(name, name) for name in ("tcp", "udp")}
            main = room.dialler(paths=(ways["tcp"],), poll_every_s=0.1)
            async with open_diallers([main]):
                await dc09.until(lambda: room.kinds == [TECHNICAL])
                await asyncio.sleep(0.6)
                assert room.kinds == [TECHNICAL]
                assert "udp: silent" in room.notices[-1].words.en
                assert room.notices[-1].number == room.heard[0].sequence
                async with open_diallers([room.dialler(paths=(ways["udp"],), poll_every_s=0.1)]):
                    await dc09.until(lambda: room.receiver.counts.paths_back == 1)
                    assert room.notices[-1].words.fr == "chemin udp : de retour"
                    assert room.notices[-1].account == "1234"
            await dc09.until(lambda: room.kinds == [TECHNICAL] * 3)
            assert sum("no other left" in notice.words.en for notice in room.notices) == 1

    play(story)


# word: what the panel ends with; reason: what is counted; kinds: what the room hears
QUIRKS = [
    (DiallerFault.REPLAYED, "ACK", None, [INTRUSION]),
    (DiallerFault.REHEADED, "ACK", Reason.REPLAY, [INTRUSION, TAMPER]),
    (DiallerFault.DOWNGRADED, SILENCE, Reason.DOWNGRADE, [TAMPER]),
    (DiallerFault.WRONG_KEY, SILENCE, Reason.WRONG_KEY, [TAMPER]),
    (DiallerFault.STALE_CLOCK, SILENCE, Reason.STALE, [TECHNICAL]),
    (DiallerFault.SLOW_CLOCK, "ACK", Reason.STALE, [TECHNICAL, INTRUSION]),
    (DiallerFault.MISMATCHED_ACCOUNT, SILENCE, Reason.MISMATCH, [TAMPER]),
    (DiallerFault.FLOOD, SILENCE, Reason.FLOOD, [TAMPER]),
    (DiallerFault.SPLIT_FRAMES, "ACK", None, [INTRUSION]),
    (DiallerFault.JOINED_FRAMES, "ACK", None, [INTRUSION]),
    (DiallerFault.BAD_CRC, SILENCE, Reason.UNREADABLE, [TECHNICAL]),
    (DiallerFault.UNKNOWN_CODE, "DUH", Reason.UNHANDLED, [TECHNICAL]),
    (DiallerFault.OVERSIZED, SILENCE, Reason.UNREADABLE, [TECHNICAL]),
    (DiallerFault.NO_LINE, "ACK", None, [INTRUSION]),
    (DiallerFault.NEVER_POLLS, "ACK", None, [INTRUSION]),
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk[0].value)
def test_whatever_a_panel_does_is_refused_counted_and_told_once(dc09, tmp_path, quirk):
    fault, word, reason, kinds = quirk

    async def story():
        async with dc09.open_room(tmp_path) as room:
            spec = room.dialler(faults=frozenset({fault}), answer_within_s=1.0 if word else 0.3, poll_every_s=None)
            async with open_diallers([spec]) as panels:
                assert (await panels["1234"].raise_event("BA", 3)).word == word
            await dc09.until(lambda: len(room.heard) >= len(kinds))
            await asyncio.sleep(0.05)
            assert sorted(room.kinds) == sorted(kinds)
            assert set(room.receiver.counts.reasons) == ({reason} if reason else set())
            assert all(message.site in ("mairie", "csu") for message in room.heard)

    play(story)


def test_a_panel_that_never_polls_is_silent_whatever_it_reports(dc09, tmp_path):
    async def story():
        told = dc09.settings(dc09.account(paths=[{"name": "main", "door": "main", "silent_after_s": 0.3}]))
        async with dc09.open_room(tmp_path, told) as room:
            spec = room.dialler(poll_every_s=0.05, faults=frozenset({DiallerFault.NEVER_POLLS}))
            async with open_diallers([spec]):
                await dc09.until(lambda: room.kinds == [TECHNICAL])

    play(story)


def test_a_thousand_bad_frames_ring_once(dc09, tmp_path):
    async def story():
        told = dc09.settings(limits={"address_burst": 1e6, "address_frames_per_s": 1e6})
        async with dc09.open_room(tmp_path, told) as room:
            reader, writer = await asyncio.open_connection("127.0.0.1", room.receiver.addresses["main"].port)
            for _ in range(1_000):
                writer.write(b"\n00000010garbage!\r")
            await writer.drain()
            await dc09.until(lambda: room.receiver.counts.reasons[Reason.UNREADABLE] == 1_000)
            writer.close()
            await dc09.until(lambda: room.kinds == [TECHNICAL])

    play(story)


# -- sockets --


def test_connections_are_bounded_and_a_frame_that_never_ends_costs_nothing(dc09, tmp_path):
    async def story():
        told = dc09.settings(limits={"connections_per_address_max": 5})
        async with dc09.open_room(tmp_path, told) as room:
            port = room.receiver.addresses["main"].port
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(9)]
            await dc09.until(lambda: room.receiver.connections.refused == 4)
            for _, writer in opened[:5]:
                writer.write(b"\n" + b"x" * (FRAME_BYTES_MAX + 100))
            await dc09.until(lambda: room.receiver.counts.reasons[Reason.UNREADABLE] == 5)
            for _, writer in opened:
                writer.close()
            await dc09.until(lambda: room.receiver.connections.open == 0)
            async with open_diallers([room.dialler()]) as panels:
                assert (await panels["1234"].raise_event()).word == "ACK"

    play(story)


def test_a_door_that_is_taken_is_told(dc09, tmp_path):
    async def story():
        async with dc09.open_room(tmp_path) as room:
            port = room.receiver.addresses["main"].port
            with pytest.raises(ReceiverNotOpened, match=str(port)):
                async with dc09.open_room(tmp_path / "2", dc09.settings(doors=[{"name": "main", "port": port}])):
                    pass

    play(story)


# -- the disk --


def test_a_restart_knows_what_was_acknowledged_and_delivers_what_was_not(dc09, tmp_path):
    async def story():
        async with dc09.open_room(tmp_path) as room:
            async with open_diallers([room.dialler(answer_within_s=0.3, tries_max=1)]) as panels:
                assert (await panels["1234"].raise_event("BA")).word == "ACK"
                room.acknowledges = False
                assert (await panels["1234"].raise_event("FA")).word == SILENCE
            kept, (done, pending) = panels["1234"], room.heard[:2]
        async with dc09.open_room(tmp_path) as room:
            await dc09.until(lambda: room.heard)
            assert room.heard == [pending], "the same message under the same number, before any panel calls"
            again = await kept.send_again(room.path(), kept.sent[0])
            assert b'"*ACK"' in again, "an identical frame of before the restart"
            async with open_diallers([room.dialler()]) as panels:
                assert (await panels["1234"].raise_event("BA")).word == "ACK", "and the same event, enciphered anew"
                panels["1234"]._number = 7
                assert (await panels["1234"].raise_event("BA")).word == "ACK"
            assert [m.kind for m in room.heard] == [AlarmKind.FIRE, AlarmKind.INTRUSION]
            assert room.heard[1].sequence > pending.sequence > done.sequence

    play(story)


def test_a_replay_of_before_a_restart_is_known(dc09, tmp_path):
    async def story():
        async with dc09.open_room(tmp_path) as room, open_diallers([room.dialler()]) as panels:
            await panels["1234"].raise_event("BA")
            (made,) = panels["1234"].sent
        other = made[9:-1].replace(b"0001L0", b"0002L0", 1)
        async with dc09.open_room(tmp_path) as room:
            async with open_diallers([room.dialler(answer_within_s=0.2)]) as panels:
                assert await panels["1234"].send_again(room.path(), envelope(other)) == b""
            await dc09.until(lambda: room.kinds == [TAMPER])

    play(story)


def test_what_cannot_be_written_is_not_acknowledged_and_comes_again_as_one_alarm(dc09, tmp_path, monkeypatch):
    write, refused = FrameStore.write, []

    def refusing(self, batch):
        if batch.sightings and len(refused) < 2:
            refused.append(batch)
            with self._told():
                raise OSError("no space left on device")
        write(self, batch)

    monkeypatch.setattr(FrameStore, "write", refusing)

    async def story():
        async with dc09.open_room(tmp_path) as room:
            async with open_diallers([room.dialler(answer_within_s=0.5, tries_max=20)]) as panels:
                outcome = await panels["1234"].raise_event()
                assert (outcome.word, outcome.tries > 1) == ("ACK", True)
            assert room.kinds == [INTRUSION]
            assert any("no space" in notice.words.en for notice in room.notices)
            assert room.receiver.counts.not_kept >= 2

    play(story)


def test_a_receiver_that_broke_down_tells_its_engine(dc09, tmp_path, monkeypatch):
    """A defect of its own: it would take frames and acknowledge none, and the engine would hear nothing of it."""
    monkeypatch.setattr(FrameStore, "write", lambda self, batch: {}["a defect"])

    async def story():
        async with dc09.open_room(tmp_path) as room, open_diallers([room.dialler(answer_within_s=0.2)]) as panels:
            assert (await panels["1234"].raise_event()).word == SILENCE
            with pytest.raises(KeyError, match="a defect"):
                await anext(room.receiver.messages())

    play(story)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "dc09.sqlite").write_bytes(os.urandom(4_096))
    with pytest.raises(FramesNotKept, match=r"dc09\.sqlite"):
        FrameStore(tmp_path / "dc09.sqlite")


def test_a_new_file_gives_no_number_that_an_old_one_gave(dc09, tmp_path):
    """The desk takes (panel, number) for one message: a receiver whose file was lost must not begin at one."""
    first = FrameStore(tmp_path / "a.sqlite").load(dc09.NOON_NS).next_number
    later = FrameStore(tmp_path / "b.sqlite").load(dc09.NOON_NS + 10**9).next_number
    assert 0 < first < later
