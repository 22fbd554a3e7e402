"""Calls over mTLS: signed, closed, taken by a name or by nobody, whatever the other side does."""

from __future__ import annotations

import asyncio
import json
import ssl
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import DispatchCall, DispatchError
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.operations import Incident
from hardware.dispatch import open_dispatch
from hardware.dispatch.answer import taken_by
from hardware.dispatch.message import body_of, signed_headers, webhook_id
from hardware.dispatch.webhook import tls_context
from sim.endpoints.police import StationQuirk, serving

# -- what is told --


def test_what_is_told_is_six_values_of_a_closed_schema_and_nobodys_name(police) -> None:
    async def story() -> None:
        async with police.line() as line:
            call = police.call(at_ns=1_795_392_000 * NS_PER_S)
            receipt = await line.dispatch.notify(call, "hotel")
            assert (receipt.call, receipt.taken_by) == (call.call, "brigadier 12")
            assert json.loads(line.station.received["panel-1/1"].body) == {
                "specversion": "1.0",
                "id": "panel-1/1",
                "source": "urn:csu:metz",
                "type": "fr.csu.call.v1",
                "time": "2026-11-23T00:00:00Z",
                "datacontenttype": "application/json",
                "data": {
                    "call": "panel-1/1",
                    "service": "police",
                    "commune": "orval",
                    "site": "École Jean-Moulin",
                    "words": "intrusion confirmée",
                },
            }

    asyncio.run(story())


@pytest.mark.parametrize(
    "more",
    [
        {"words": "intrusion confirmée, un homme blond"},
        {"words": "AB-123-CD"},
        {"words": ""},
        {"site": "parking, véhicule AB-123-CD"},
        {"site": "voir https://csu.example/alarme.jpg"},
        {"site": "alarme.jpg"},
        {"site": "data:image/png;base64,iVBORw0KGgo"},
        {"site": "gardien 06 12 34 56 78"},
        {"site": "gardien@mairie.example"},
        {"site": "école\x1b[2J"},
        {"site": "école " * 30},
        {"call": ""},
        {"call": "k" * 201},
    ],
    ids=lambda more: "-".join(more),
)
def test_free_words_plates_pictures_and_addresses_never_leave(police, more) -> None:
    async def story() -> None:
        async with police.line() as line:
            key = more.pop("call", "panel-1/1")
            with pytest.raises(DispatchError):
                await line.dispatch.notify(police.call(key, **more), "hotel")
            assert line.station.asked == 0

    more = dict(more)
    asyncio.run(story())


@settings(max_examples=40)
@given(st.text(max_size=140), st.text(max_size=40))
def test_whatever_a_site_is_called_the_event_is_the_agreed_one_or_nothing_is_told(site, words) -> None:
    may_say = frozenset(incident.words.fr for incident in Incident)
    for said in (words, Incident.FIRE.words.fr):
        try:
            body = body_of(DispatchCall("k", CommuneId("orval"), "police", site, said, "agent-7", 0), "urn:c", may_say)
        except DispatchError:
            continue
        data = json.loads(body)["data"]
        assert set(data) == {"call", "service", "commune", "site", "words"}
        assert data["words"] in may_say
        assert "://" not in data["site"]
        assert len(body) < 4096


def test_the_same_call_is_the_same_bytes_and_a_library_we_did_not_write_finds_it_signed(police) -> None:
    call, key = police.call("panel é.1/1"), b"k" * 32
    body = body_of(call, "urn:csu:metz", police.MAY_SAY)
    assert body == body_of(call, "urn:csu:metz", police.MAY_SAY)
    headers = dict(signed_headers(webhook_id(call), body, key, police.clock.now_ns()))
    assert headers["webhook-id"] == "panel%20%C3%A9.1/1"
    assert Webhook(key).verify(body, headers)["data"]["site"] == "École Jean-Moulin"


# -- who answers --


def test_a_person_who_takes_his_time_is_waited_for(police) -> None:
    async def story() -> None:
        async with police.line(taken_after_s=0.2) as line:
            assert (await line.dispatch.notify(police.call())).taken_by == "brigadier 12"
            assert line.station.received["panel-1/1"].tellings == 1
            assert line.station.asked > 2

    asyncio.run(story())


REFUSING = [
    (StationQuirk.BROKEN, "refuses (500)"),
    (StationQuirk.REFUSES, "refuses (403)"),
    (StationQuirk.CLOCK_OFF, "refuses (401)"),
    (StationQuirk.REDIRECTS, "redirects"),
    (StationQuirk.NAMELESS, "what was agreed"),
    (StationQuirk.OTHER_CALL, "another call"),
    (StationQuirk.HUGE, "more than 4096 bytes"),
    (StationQuirk.GARBAGE, "cut"),
    (StationQuirk.LOSES_ANSWERS, "cut"),
    (StationQuirk.BAD_CERTIFICATE, "not safe"),
    (StationQuirk.WRONG_NAME, "not safe"),
    (StationQuirk.EXPIRED, "not safe"),
]


@pytest.mark.parametrize(("quirk", "why"), REFUSING, ids=[quirk.value for quirk, _ in REFUSING])
def test_a_contact_that_does_not_take_the_call_is_told_why_at_once(police, quirk, why) -> None:
    async def story() -> None:
        async with police.line(answer_within_s=20.0) as line:
            line.station.misbehave(quirk)
            began_s = time.monotonic()
            with pytest.raises(DispatchError) as caught:
                await line.dispatch.notify(police.call())
            assert time.monotonic() - began_s < 10
            assert why in str(caught.value)
            assert caught.value.trouble.where == "hotel"
            if why == "not safe":
                assert line.station.asked == 0
            line.station.heal()
            assert (await line.dispatch.notify(police.call())).taken_by == "brigadier 12"
            assert list(line.station.received) == ["panel-1/1"]

    asyncio.run(story())


@pytest.mark.parametrize("quirk", [StationQuirk.SILENT, StationQuirk.NOBODY])
def test_nobody_is_waited_for_longer_than_was_given(police, quirk) -> None:
    async def story() -> None:
        async with police.line(answer_within_s=0.4) as line:
            line.station.misbehave(quirk)
            began_s = time.monotonic()
            with pytest.raises(DispatchError, match=r"nobody took the call within 0\.4 s"):
                await line.dispatch.notify(police.call())
            assert time.monotonic() - began_s < 5

    asyncio.run(story())


def test_an_answer_too_many_is_nobodys_answer(police) -> None:
    """The station answers twice, the second time in another name: that is not the answer to the next question."""

    async def story() -> None:
        async with police.line(taken_after_s=0.2) as line:
            line.station.misbehave(StationQuirk.ANSWERS_TWICE)
            assert (await line.dispatch.notify(police.call())).taken_by == "brigadier 12"

    asyncio.run(story())


def test_a_contact_that_kept_the_call_may_fail_to_say_so_for_a_while(police) -> None:
    async def story() -> None:
        async with police.line(taken_after_s=0.5) as line:
            telling = asyncio.create_task(line.dispatch.notify(police.call()))
            while not line.station.received:
                await asyncio.sleep(0.01)
            line.station.misbehave(StationQuirk.LOSES_ANSWERS)
            await asyncio.sleep(0.3)
            assert not telling.done()
            line.station.heal()
            assert (await telling).taken_by == "brigadier 12"

    asyncio.run(story())


HTTP_LIKE = st.builds(
    lambda status, header, body: b"HTTP/1.1 %d x\r\n%s\r\n\r\n%s" % (status, header, body),
    st.sampled_from([100, 101, 200, 202, 204, 301, 307, 500, 999]),
    st.sampled_from(
        [b"", b"Content-Length: 9", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"]
        + [
            b"Location: \x80://",
            b"Set-Cookie: \xff=\xff; Domain=.",
            b"a: " + b"b" * 9000,
            b":",
            b"Content-Length: 2\r\n b",
        ]
    ),
    st.one_of(st.binary(max_size=40), st.just(b"ffffffff\r\n"), st.just(b'{"call":"panel-1/1","state":"taken"}')),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=60), HTTP_LIKE))
def test_whatever_a_receiver_sends_only_dispatch_errors_come_out(police, monkeypatch, answer) -> None:
    async def answer_one(station, reader, writer) -> bool:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        return False

    monkeypatch.setattr(serving, "_answer_one", answer_one)

    async def story() -> None:
        async with police.line() as line:
            with pytest.raises(DispatchError):
                await line.dispatch.notify(police.call())

    asyncio.run(story())


@given(st.integers(100, 599), st.one_of(st.binary(max_size=200), st.text(max_size=40).map(str.encode)))
def test_only_the_agreed_answer_with_a_name_takes_a_call(status, body) -> None:
    assert isinstance(taken_by(status, body, "c"), Words), "noise takes nothing and keeps nothing"


@pytest.mark.parametrize(
    ("status", "told", "taken"),
    [
        (200, {"call": "c", "state": "taken", "taken_by": " brigadier 12 "}, "brigadier 12"),
        (200, {"call": "c", "state": "taken", "taken_by": "brigadier 12", "more": 1}, "brigadier 12"),
        (202, {"call": "c", "state": "waiting"}, None),
        (200, {"call": "c", "state": "waiting"}, Words),
        (202, {"call": "c", "state": "taken", "taken_by": "brigadier 12"}, Words),
        (201, {"call": "c", "state": "taken", "taken_by": "brigadier 12"}, Words),
        (200, {"call": "d", "state": "taken", "taken_by": "brigadier 12"}, Words),
        (200, {"call": "c", "state": "taken", "taken_by": "  "}, Words),
        (200, {"call": "c", "state": "taken", "taken_by": 12}, Words),
        (200, {"call": "c", "state": "taken", "taken_by": "a\nb"}, Words),
        (200, {"call": "c", "state": "taken", "taken_by": "x" * 81}, Words),
        (200, {"call": "c", "state": "taken"}, Words),
    ],
)
def test_what_an_answer_means(status, told, taken) -> None:
    answer = taken_by(status, json.dumps(told).encode(), "c")
    assert isinstance(answer, Words) if taken is Words else answer == taken


# -- who is spoken to, and who speaks --


def test_without_a_certificate_of_the_agreed_authority_nothing_is_heard(police) -> None:
    async def story() -> None:
        async with police.line(foreign=True) as line:
            with pytest.raises(DispatchError):
                await line.dispatch.notify(police.call())
            assert line.station.asked == 0

    asyncio.run(story())


@pytest.mark.parametrize("wrong", [{"secret": b"whsec_" + b"A" * 44}, {"off_s": -600}, {"off_s": 600}])
def test_a_message_signed_by_another_or_at_another_time_is_not_kept(police, wrong) -> None:
    async def story() -> None:
        async with police.line(**wrong) as line:
            with pytest.raises(DispatchError, match="401"):
                await line.dispatch.notify(police.call())
            assert line.station.received == {}
            assert len(line.station.refused) == 1

    asyncio.run(story())


def test_one_key_is_one_call(police) -> None:
    async def story() -> None:
        async with police.line() as line:
            await line.dispatch.notify(police.call(at_ns=0))
            with pytest.raises(DispatchError, match="409"):
                await line.dispatch.notify(police.call(at_ns=0, site="Mairie"))

    asyncio.run(story())


def test_a_contact_hears_of_no_other_service_and_no_other_commune(police) -> None:
    async def story() -> None:
        async with police.line() as line:
            assert line.dispatch.contacts("police", "orval") == ("hotel",)
            for more in ({"commune": "brenne"}, {"service": "fire_brigade"}):
                asked = {"commune": "orval", "service": "police", **more}
                assert line.dispatch.contacts(asked["service"], asked["commune"]) == ()
                for name in ("", "hotel"):
                    with pytest.raises(DispatchError):
                        await line.dispatch.notify(police.call(**more), name)
            with pytest.raises(DispatchError):
                await line.dispatch.notify(police.call(), "the neighbour")
            assert line.station.asked == 0

    asyncio.run(story())


def test_tls_is_1_2_at_least_and_only_the_private_authority_is_believed(police) -> None:
    context = tls_context(police.secrets({}))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert [dict(rdn[0] for rdn in each["subject"])["commonName"] for each in context.get_ca_certs()] == ["rehearsal"]


def test_no_secret_is_ever_shown(police) -> None:
    async def story() -> None:
        async with police.line() as line:
            line.station.misbehave(StationQuirk.REFUSES)
            with pytest.raises(DispatchError) as caught:
                await line.dispatch.notify(police.call())
            shown = (
                f"{caught.value!r} {line.dispatch!r} {line.secrets!r} {line.settings!r} {vars(line.dispatch).keys()}"
            )
            for secret in (line.station.secret, line.secrets.key_pem, line.secrets.certificate_pem):
                assert secret.decode()[10:40] not in shown

    asyncio.run(story())


@pytest.mark.parametrize(
    "secret", [b"", b"whsec_", b"whsec_AAAA", b"whsec_!!!!", b"perce-neige", b"whsec_" + b"A" * 400]
)
def test_a_signing_secret_that_is_none_is_refused_and_not_shown(police, secret) -> None:
    async def story() -> None:
        async with police.line() as line:
            secrets = police.secrets({"p": secret})
            with pytest.raises(BadInput, match="hotel") as caught:
                async with open_dispatch(line.settings, secrets, may_say=police.MAY_SAY, clock=police.clock):
                    pass
            assert "perce-neige" not in str(caught.value)

    asyncio.run(story())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
def test_a_key_or_certificate_that_is_none_is_refused(police, junk) -> None:
    good = police.secrets({})
    for bad in (
        type(good)(junk, good.certificate_pem, good.key_pem, {}),
        type(good)(good.authority_pem, junk, good.key_pem, {}),
        type(good)(good.authority_pem, good.certificate_pem, junk, {}),
    ):
        with pytest.raises(BadInput):
            tls_context(bad)
