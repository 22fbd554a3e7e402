"""Who answers a probe, and what of it is believed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.machine import SystemIds
from hardware.onvif.answers import ANSWERS_MAX, ANSWERS_OF_ONE_MAX, DATAGRAM_BYTES_MAX, Answers, Refused
from hardware.onvif.discovery import discover, probe
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.onvif import OnvifSpec, open_onvif

OURS = "urn:uuid:1"


def match(*xaddrs: str, relates_to: str = OURS, endpoint: str = "urn:uuid:cam", name: str = "Dome") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="a" xmlns:d="d"><s:Header>'
        f"<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        f"<a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>"
        f"<d:Scopes>onvif://www.onvif.org/name/{name}</d:Scopes><d:XAddrs>{' '.join(xaddrs)}</d:XAddrs>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def heard(*datagrams: bytes, sender: str = "10.57.0.9") -> Answers:
    answers = Answers([OURS])
    for datagram in datagrams:
        answers.heard(datagram, sender)
    return answers


def test_a_device_is_found_once_however_often_it_answers():
    answers = heard(*[match("http://10.57.0.9/onvif/device_service")] * 3)
    (device,) = answers.devices()
    assert (device.address, device.name) == ("http://10.57.0.9/onvif/device_service", "Dome")
    assert not device.contested


def test_of_several_addresses_the_sender_s_own_counts():
    (device,) = heard(match("http://169.254.1.2/a", "http://10.57.0.9/b")).devices()
    assert device.address == "http://10.57.0.9/b"


@pytest.mark.parametrize(
    ("datagram", "why"),
    [
        (match("http://10.57.0.1/onvif"), Refused.OTHER_HOST),
        (match("http://user:pass@10.57.0.1/x"), Refused.OTHER_HOST),
        (match("file:///etc/shadow"), Refused.OTHER_HOST),
        (match(), Refused.OTHER_HOST),
        (match("http://10.57.0.9/a", relates_to="urn:uuid:2"), Refused.NOT_ASKED),
        (match("http://10.57.0.9/a", relates_to=""), Refused.NOT_ASKED),
        (b"<!DOCTYPE a>" + match("http://10.57.0.9/a"), Refused.NO_SOAP),
        (b"\x00" * 50, Refused.NO_SOAP),
        (match("http://10.57.0.9/" + "a" * DATAGRAM_BYTES_MAX), Refused.TOO_LARGE),
    ],
    ids=["another", "another with a login", "file", "none", "not asked", "no question", "dtd", "bytes", "large"],
)
def test_a_hostile_answer_is_refused_and_counted(datagram, why):
    answers = heard(datagram)
    assert answers.devices() == ()
    assert answers.refused == {why: 1}


def test_two_hosts_with_one_name_are_both_told_as_contested():
    answers = heard(match("http://10.57.0.9/a"))
    answers.heard(match("http://10.57.0.66/a"), "10.57.0.66")
    assert [device.contested for device in answers.devices()] == [True, True]


def test_who_floods_is_not_listened_to_and_harms_nobody_else():
    answers = heard(*(match("http://10.57.0.9/a", endpoint=f"urn:uuid:{number}") for number in range(1_000)))
    assert len(answers.devices()) == ANSWERS_OF_ONE_MAX
    answers.heard(match("http://10.57.0.10/a"), "10.57.0.10")
    assert len(answers.devices()) == ANSWERS_OF_ONE_MAX + 1
    assert answers.refused[Refused.TOO_MANY] == 1_000 - ANSWERS_OF_ONE_MAX
    for number in range(ANSWERS_MAX):
        answers.heard(b"", f"10.58.{number // 250}.{number % 250}")
    assert answers.refused[Refused.TOO_MANY] == 1_000 - ANSWERS_OF_ONE_MAX + 1_001


def test_what_a_device_calls_itself_is_cut_to_what_can_be_shown():
    (device,) = heard(match("http://10.57.0.9/a", name="A\u202e\u200b" + "b" * 500)).devices()
    assert device.name == "A" + "b" * 61


@given(st.binary(max_size=300))
def test_no_datagram_breaks_the_search(datagram):
    heard(datagram)


def test_cameras_are_found_by_unicast_and_by_multicast_where_the_machine_has_it():
    endpoints = [EndpointSpec(f"cam-{number}", number) for number in (1, 2)]

    async def check() -> None:
        with RtspFarm(endpoints) as farm:
            async with open_onvif([OnvifSpec(each) for each in endpoints], farm=farm, multicast=True) as site:
                served = sorted(device.url for device in site.devices.values())
                alone = await probe("127.0.0.1", SystemIds(), port=site.discovery_port, listen_s=0.9)
                assert [device.address for device in alone.devices] == served
                assert not any(device.contested for device in alone.devices)
                if site.has_multicast:
                    found = await discover(SystemIds(), interface="127.0.0.1", listen_s=0.9)
                    assert {device.address for device in found.devices} >= set(served)

    asyncio.run(check())


def test_nobody_there_is_an_empty_answer():
    assert asyncio.run(probe("127.0.0.1", SystemIds(), port=9, listen_s=0.1)).devices == ()
