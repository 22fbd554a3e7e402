"""The examination of a display panel: what it says of itself, whom it obeys, and whether it does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError

from csu.hal.clock import NS_PER_S, Clock
from csu.hal.conformance import Check, Examination, StreamEyes
from csu.hal.errors import BadInput
from csu.hal.wall_panel import PanelError, PanelPower, WallPanel
from csu.hal.words import Words
from csu.machine import SystemClock
from hardware.conform.asking import Answer, ask_all, at_most, either, fails, holds, lacks, question
from hardware.panels.opening import open_panel
from hardware.panels.settings import PanelNetwork, PanelProtocol, PanelSettings

ANSWER_S_MAX = 2.0
OBEYS_WITHIN_S = 90.0
"""Panels warm up for a minute and more."""
LOOK_EVERY_S = 0.2
POLLS = 5
NO_SUCH_INPUT = "network/Z"
"""A name that PJLink allows, so that it is the panel that refuses it, and that no panel has."""
_OTHER_INPUTS = {PanelProtocol.MDC: ("hdmi1", "hdmi2"), PanelProtocol.PJLINK: ("digital/1", "digital/2")}


@dataclass(slots=True)
class _Subject:
    settings: PanelSettings
    network: PanelNetwork
    password: SecretStr | None
    panel: WallPanel
    how: Examination
    clock: Clock

    async def until(self, power: PanelPower) -> float | None:
        """Seconds until it says so; None: it does not in time."""
        began_ns = self.clock.monotonic_ns()
        while True:
            passed_s = (self.clock.monotonic_ns() - began_ns) / NS_PER_S
            try:
                if (await self.panel.state()).power is power:
                    return passed_s
            except PanelError:
                pass  # it may be away while it changes; what counts is what it says in the end
            if passed_s > OBEYS_WITHIN_S:
                return None
            await asyncio.sleep(LOOK_EVERY_S)


@question(
    "panel.answers", "OPS-5", Words("Il répond et dit ce qu'il est", "It answers, and says what it is"), ends=True
)
async def answers(subject: _Subject) -> Answer:
    who = await subject.panel.identity()
    return holds(Words.same(f"{who.make} {who.model} {who.serial}".strip()))


@question("panel.polls", "OPS-5", Words("Il répond à chaque fois, vite", "It answers each time, and soon"))
async def polls(subject: _Subject) -> Answer:
    longest_s = 0.0
    for _ in range(POLLS):
        began_ns = subject.clock.monotonic_ns()
        await subject.panel.state()
        longest_s = max(longest_s, (subject.clock.monotonic_ns() - began_ns) / NS_PER_S)
    found = Words(f"{POLLS} fois, {longest_s:.2f} s au plus", f"{POLLS} times, {longest_s:.2f} s at most")
    return at_most(longest_s, ANSWER_S_MAX, "s", found)


@question("panel.on", "OPS-5", Words("Il est allumé", "It is on"))
async def on(subject: _Subject) -> Answer:
    power = (await subject.panel.state()).power
    return either(power is PanelPower.ON, Words.same(power.value), Words.same(power.value))


@question("panel.sound", "OPS-5", Words("Rien n'y est en panne", "Nothing in it has failed"))
async def sound(subject: _Subject) -> Answer:
    state = await subject.panel.state()
    parts = ", ".join(sorted(part.value for part in state.failed))
    warned = ", ".join(sorted(part.value for part in state.warned)) or "-"
    return either(not parts, Words(f"avertissements : {warned}", f"warnings: {warned}"), Words.same(parts))


@question("panel.login", "TEC-5", Words("Un mauvais mot de passe est refusé", "A wrong password is refused"))
async def login(subject: _Subject) -> Answer:
    if subject.settings.protocol is PanelProtocol.MDC:
        return lacks(Words("MDC n'a pas de mot de passe : réseau isolé", "MDC has no password: an isolated network"))
    await subject.panel.state()  # the control: it is there, and takes the right one
    stranger = open_panel(subject.settings, subject.network, SecretStr("not-the-password"))
    try:
        await stranger.state()
    except PanelError:
        return holds(Words("refusé", "refused"))
    finally:
        await stranger.close()
    return fails(Words("accepté : il n'en demande pas", "taken: it asks for none"))


@question("panel.input", "OPS-5", Words("Il change d'entrée et revient", "It changes its input, and back"))
async def inputs(subject: _Subject) -> Answer:
    first = (await subject.panel.state()).input
    other = next(name for name in _OTHER_INPUTS[subject.settings.protocol] if name != first)
    try:
        await subject.panel.choose_input(other)
        await asyncio.sleep(LOOK_EVERY_S)
        there = (await subject.panel.state()).input
    finally:
        await subject.panel.choose_input(first)
    await asyncio.sleep(LOOK_EVERY_S)
    back = (await subject.panel.state()).input
    found = Words.same(f"{first} > {there} > {back}")
    return either((there, back) == (other, first), found, found)


@question("panel.unknown_input", "OPS-5", Words("Une entrée qu'il n'a pas est refusée", "No such input: refused"))
async def unknown_input(subject: _Subject) -> Answer:
    if subject.settings.protocol is PanelProtocol.MDC:
        return lacks(Words("MDC ne dit pas quelles entrées un écran a", "MDC does not say which inputs a panel has"))
    first = (await subject.panel.state()).input
    try:
        await subject.panel.choose_input(NO_SUCH_INPUT)
    except PanelError:
        await subject.panel.state()  # it is there, and goes on answering: it was a refusal
        return holds(Words("refusée", "refused"))
    await subject.panel.choose_input(first)
    return fails(Words("acceptée", "taken"))


@question("panel.power", "OPS-5", Words("Il s'éteint et se rallume", "It switches off, and on again"))
async def power(subject: _Subject) -> Answer:
    if not subject.how.may_restart:
        return lacks(Words("le redémarrer : pas demandé (--no-restart)", "not asked (--no-restart)"))
    try:
        await subject.panel.switch(on=False)
        off_s = await subject.until(PanelPower.OFF)
    finally:
        await subject.panel.switch(on=True)
    on_s = await subject.until(PanelPower.ON)
    if off_s is None or on_s is None:
        return fails(Words("il dit oui et n'obéit pas", "it says yes and does not obey"))
    return at_most(on_s, OBEYS_WITHIN_S, "s", Words(f"rallumé en {on_s:.1f} s", f"on again in {on_s:.1f} s"))


QUESTIONS = (answers, polls, on, sound, login, unknown_input, inputs, power)


async def examine_panel(target: str, eyes: StreamEyes, examination: Examination) -> AsyncIterator[Check]:
    """See `csu.hal.conformance.Examiner`. `target`: `mdc://HOST:PORT/DISPLAY` or `pjlink://:password@HOST:PORT`."""
    settings, network, password = _read(target)
    panel = open_panel(settings, network, password)
    try:
        async for check in ask_all(QUESTIONS, _Subject(settings, network, password, panel, examination, SystemClock())):
            yield check
    finally:
        await panel.close()


def _read(target: str) -> tuple[PanelSettings, PanelNetwork, SecretStr | None]:
    try:
        parts = urlsplit(target)
        host, protocol = ip_address(parts.hostname or ""), PanelProtocol(parts.scheme)
        display = int(parts.path.strip("/") or 1) if protocol is PanelProtocol.MDC else 1
        password = SecretStr(unquote(parts.password)) if parts.password else None
        settings = PanelSettings(
            panel="examined",
            protocol=protocol,
            address=host,
            port=parts.port or 0,
            display=display,
            input=_OTHER_INPUTS[protocol][0],
            secret="examined" if password and protocol is PanelProtocol.PJLINK else "",
        )
        return settings, PanelNetwork(allowed=(ip_network(host),)), password
    except (ValueError, ValidationError):
        raise BadInput(
            Words("ce n'est pas l'adresse d'un écran", "this is no address of a panel"),
            where="conform/panel",
            what_to_do=Words(
                "Donnez mdc://10.0.0.5:1515/1 ou pjlink://:secret@10.0.0.5:4352, l'adresse en chiffres",
                "Give mdc://10.0.0.5:1515/1 or pjlink://:secret@10.0.0.5:4352, the address as a number",
            ),
        ) from None
