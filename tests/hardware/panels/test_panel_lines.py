"""What a panel's adapter refuses: other addresses, other answers, and to say a password."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from samsung_mdc import MDC

from csu.hal.errors import BadInput
from csu.hal.wall_panel import PanelError, PanelPart, PanelPower
from hardware.panels import PanelAddressRefused, PanelNetwork, PanelSettings, PanelsFile, mdc, open_panel
from hardware.settings_file import read_settings
from sim.endpoints.panels import PanelQuirk, PanelSpec, serve_mdc, serve_pjlink

NETWORK = PanelNetwork.model_validate({"allowed": ["127.0.0.0/30"]})
PASSWORD = "perce-neige-42"


def of(protocol: str, port: int, *, address: str = "127.0.0.1", within_s: float = 1.0) -> PanelSettings:
    given = {"panel": "wall-1", "protocol": protocol, "address": address, "port": port, "input": "hdmi1"}
    return PanelSettings.model_validate({**given, "answer_within_s": within_s})


# -- addresses --


@pytest.mark.parametrize("protocol", ["mdc", "pjlink"])
def test_an_address_off_the_list_is_refused_before_anything_is_sent(protocol: str) -> None:
    async def story() -> None:
        async with serve_mdc() as device:
            with pytest.raises(PanelAddressRefused) as caught:
                open_panel(of(protocol, device.port, address="127.0.0.9"), NETWORK)
            assert "127.0.0.9" in str(caught.value)
            assert device.connections == 0

    asyncio.run(story())


@pytest.mark.parametrize("address", ["wall.example", "localhost", "127.0.0.1; rm", ""])
def test_an_address_is_a_number(address: str) -> None:
    with pytest.raises(ValidationError):
        of("mdc", 1, address=address)


def test_the_whole_world_is_no_list() -> None:
    with pytest.raises(ValidationError):
        PanelNetwork.model_validate({"allowed": ["0.0.0.0/0"]})


FILE = """network:
  allowed: [10.0.9.0/28, "fd00::10"]
panels:
  - {panel: left, protocol: mdc, address: 10.0.9.2, input: hdmi1}
  - panel: right
    protocol: pjlink
    address: 10.0.9.3
    input: digital/1
    secret: wall/right
"""


def test_a_settings_file_says_each_panel_once(tmp_path: Path) -> None:
    (tmp_path / "panels.yaml").write_text(FILE)
    read = read_settings(tmp_path / "panels.yaml", PanelsFile)
    assert [(panel.panel, panel.port_or_default) for panel in read.panels] == [("left", 1515), ("right", 4352)]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("10.0.9.3", "10.0.9.99", 1),  # off the list: told of the whole file
        ("protocol: pjlink", "protocol: telnet", 6),
        ("input: digital/1", "input: digital/1\n    colour: red", 9),
        ("    address: 10.0.9.3\n", "", 5),
        ("secret: wall/right", "secret: wall/right\n    secret: twice", 10),
        ("address: 10.0.9.3", "address: *left", 7),
        ("protocol: pjlink", "protocol: !!str pjlink", 6),
        ("input: hdmi1", "input: hdmi1, secret: x", 4),
        ("network:", "network: [", 3),
    ],
)
def test_a_fault_of_the_file_is_told_with_its_line(tmp_path: Path, before: str, after: str, line: int) -> None:
    path = tmp_path / "panels.yaml"
    path.write_text(FILE.replace(before, after))
    with pytest.raises(BadInput) as caught:
        read_settings(path, PanelsFile)
    assert caught.value.trouble.where == f"{path}:{line}"


# -- passwords --


def test_a_password_opens_the_panel_a_wrong_one_is_told_and_neither_is_ever_shown() -> None:
    async def story() -> None:
        async with serve_pjlink(PanelSpec(password=PASSWORD)) as device:
            panel = open_panel(of("pjlink", device.port), NETWORK, SecretStr(PASSWORD))
            assert (await panel.state()).power is PanelPower.ON
            device.misbehave(PanelQuirk.WRONG_PASSWORD)
            wrong = open_panel(of("pjlink", device.port), NETWORK, SecretStr(PASSWORD))
            without = open_panel(of("pjlink", device.port), NETWORK)
            for each in (wrong, without):
                with pytest.raises(PanelError, match="refuses the password") as caught:
                    await each.state()
                assert PASSWORD not in f"{caught.value!r} {caught.value} {each!r} {caught.value.trouble}"
            assert device.logins_refused == 1

    asyncio.run(story())


# -- each protocol's own words --


def test_a_panel_that_calls_its_input_by_another_name_is_still_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """HDMI1 labelled "PC" reads back as HDMI1_PC, which nobody can choose."""
    monkeypatch.setitem(serve_mdc.__wrapped__.__globals__["_CODE_OF"], "hdmi1", 0x22)

    async def story() -> None:
        async with serve_mdc() as device:
            assert (await open_panel(of("mdc", device.port), NETWORK).state()).input == "hdmi1"

    asyncio.run(story())


def test_what_only_one_protocol_can_say_is_heard() -> None:
    async def story() -> None:
        async with serve_mdc() as device:
            device.misbehave(PanelQuirk.NO_SIGNAL)
            assert (await open_panel(of("mdc", device.port), NETWORK).state()).failed == {PanelPart.SIGNAL}
        async with serve_pjlink() as device:
            device.misbehave(PanelQuirk.FILTER_WARNING)
            state = await open_panel(of("pjlink", device.port), NETWORK).state()
            assert (state.failed, state.warned) == (set(), {PanelPart.FILTER})

    asyncio.run(story())


def test_a_panel_that_wants_tls_says_so() -> None:
    async def story() -> None:
        async with bytes_at_once(b"MDCSTART<<TLS>>") as port:
            with pytest.raises(PanelError, match="asks for TLS"):
                await open_panel(of("mdc", port), NETWORK).state()

    asyncio.run(story())


# -- hostile bytes --


@asynccontextmanager
async def bytes_at_once(answer: bytes):
    """A server that says this to whoever connects, and no more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.write_eof()
        await reader.read(64)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


MDC_LIKE = st.builds(
    lambda command, data: (
        bytes([0xAA, 0xFF, 1, len(data) + 2, 0x41, command])
        + data
        + bytes([(0xFF + 1 + len(data) + 2 + 0x41 + command + sum(data)) & 0xFF])
    ),
    st.sampled_from([0x11, 0x14, 0x0D, 0x8A]),
    st.binary(max_size=12),
)
PJLINK_LIKE = st.builds(
    lambda hello, answer: hello + b"\r" + answer + b"\r",
    st.sampled_from([b"PJLINK 0", b"PJLINK 1 12345678", b"PJLINK", b"pjlink 2"]),
    st.one_of(st.binary(max_size=20), st.sampled_from([b"%1POWR=9", b"%1POWR=ERR4", b"%2POWR=1", b"PJLINK ERRA"])),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(protocol=st.sampled_from(["mdc", "pjlink"]), answer=st.one_of(st.binary(max_size=64), MDC_LIKE, PJLINK_LIKE))
def test_whatever_a_machine_on_that_address_says_only_panel_errors_come_out(protocol: str, answer: bytes) -> None:
    async def story() -> None:
        async with bytes_at_once(answer) as port:
            for call in ("identity", "state"):
                try:
                    await getattr(open_panel(of(protocol, port), NETWORK, SecretStr(PASSWORD)), call)()
                except PanelError as error:
                    assert PASSWORD not in str(error)

    asyncio.run(story())


# -- planted defects: what the library does without us --


@pytest.mark.parametrize("name", ["open", "send"])
def test_without_whole_reads_and_a_look_at_whose_answer_it_is_the_contract_fails(name, monkeypatch) -> None:
    """The library takes half a frame for a frame, and any answer for its own."""
    monkeypatch.setattr(mdc._Line, name, getattr(MDC, name))
    quirk = PanelQuirk.SPLIT if name == "open" else PanelQuirk.OTHER_ANSWER

    async def story() -> bool:
        async with serve_mdc() as device:
            device.misbehave(quirk)
            try:
                await open_panel(of("mdc", device.port), NETWORK).switch(on=True)
            except PanelError:
                return False
        return True

    assert asyncio.run(story()) is (name == "send")
