"""Questions to a camera about its network: who it is, who may talk to it, what time it thinks it is."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

import httpx
from onveef import envelopes

from csu.hal.camera import StreamAddress
from csu.hal.clock import NS_PER_S
from csu.hal.errors import CsuError
from csu.hal.tls import client_context
from csu.hal.words import Words
from hardware.conform.asking import Answer, at_most, either, fails, holds, lacks, question
from hardware.conform.camera_subject import CameraSubject
from hardware.onvif import ClockSkewed, LoginRefused
from hardware.onvif.reading import users
from hardware.onvif.session import Session
from hardware.onvif.xml_door import local
from hardware.vault.defaults import default_logins
from hardware.vault.login import Login

OFFSET_S_MAX = 1.0
"""TEC-4 asks for an alarm beyond it."""
DRIFT_S_A_DAY_MAX = 10.0
"""Without time servers quartz drifts by 1 to 5 s a day."""
NOISE_S = 0.02
"""What sender reports are uncertain by on a quiet network."""
STILL_TIMEOUT_S = 4.0

_REFUSED = Words("refusé, comme il se doit", "refused, as it must be")
_TAKEN = Words("accepté : n'importe qui entre", "taken: anybody gets in")


@question("device.answers", "TEC-6", Words("Elle répond et dit ce qu'elle sait faire", "It answers"), ends=True)
async def answers(subject: CameraSubject) -> Answer:
    told = await subject.session.call("device", "GetDeviceInformation", envelopes.device_get_information())
    subject.make = _manufacturer(told)
    can = await subject.capabilities()
    sizes = ", ".join(f"{each.width_px}x{each.height_px}" for each in can.profiles)
    return holds(Words(f"flux {sizes}", f"streams {sizes}"))


@question("tls.offered", "TEC-5", Words("On lui parle chiffré (TLS)", "It is spoken to over TLS"))
async def tls(subject: CameraSubject) -> Answer:
    if not subject.target.is_tls:
        return fails(Words("en clair : réseau fermé exigé", "in clear: a closed network is demanded"))
    told = subject.fingerprint
    return holds(Words(f"certificat sha256 {told}, à inscrire", f"certificate sha256 {told}, to be entered"))


@question(
    "tls.streams", "TEC-5", Words("Ses flux se prennent chiffrés (RTSPS)", "Its streams can be taken over TLS (RTSPS)")
)
async def secure_streams(subject: CameraSubject) -> Answer:
    """From then on they are: the other checks see what will be seen in service."""
    if not subject.target.is_tls:
        return fails(Words("en clair : réseau fermé exigé", "in clear: a closed network is demanded"))
    profiles = await subject.profiles()
    for profile in profiles:
        await subject.eyes.offer(await subject.secure.stream(profile))
    subject.takes_rtsps = True
    return holds(
        Words(f"{len(profiles)} flux, du même certificat", f"{len(profiles)} streams, by the same certificate")
    )


@question("login.demanded", "TEC-5", Words("Sans compte, rien ne se lit", "Nothing is read without an account"))
async def demanded(subject: CameraSubject) -> Answer:
    return either(not await _opens(subject, None), _REFUSED, _TAKEN)


@question("login.wrong_refused", "TEC-5", Words("Un faux secret est refusé", "A wrong password is refused"))
async def wrong_refused(subject: CameraSubject) -> Answer:
    login = subject.target.login
    return either(not await _opens(subject, Login(login.user, login.password[::-1] + "x")), _REFUSED, _TAKEN)


@question(
    "login.no_default", "TEC-5", Words("Les comptes d'usine sont refusés", "The vendor's default logins are refused")
)
async def no_default(subject: CameraSubject) -> Answer:
    for login in default_logins(subject.make):
        if login == subject.target.login or await _opens(subject, login):
            return fails(Words(f"le compte d'usine {login.user} entre", f"the default login {login.user} gets in"))
    return holds(_REFUSED)


@question("login.own_account", "TEC-5", Words("Le compte existe sur l'appareil", "The account exists on the device"))
async def own_account(subject: CameraSubject) -> Answer:
    told = users(await subject.session.call("device", "GetUsers", envelopes.device_get_users()))
    is_there = subject.target.login.user in told
    found = Words(f"{len(told)} compte(s)", f"{len(told)} account(s)")
    return either(is_there, found, Words("il n'est pas dans sa liste", "it is not on its list"))


@question("stream.login_demanded", "TEC-5", Words("Le flux veut un compte", "The stream wants an account"))
async def stream_login(subject: CameraSubject) -> Answer:
    address = await subject.address((await subject.profiles())[0])
    await subject.eyes.offer(address)  # the control: with its account it answers
    try:
        await subject.eyes.offer(StreamAddress(address.url, trust=address.trust))
    except CsuError:
        return holds(_REFUSED)
    return fails(_TAKEN)


@question("still.login_demanded", "TEC-5", Words("L'image fixe veut un compte", "The still picture wants an account"))
async def still_login(subject: CameraSubject) -> Answer:
    address = await subject.camera.snapshot()
    if address is None:
        return lacks(Words("pas d'image fixe", "no still picture"))
    try:
        async with (
            httpx.AsyncClient(
                verify=client_context(address.trust), trust_env=False, follow_redirects=False, timeout=STILL_TIMEOUT_S
            ) as client,
            client.stream("GET", address.url) as answer,  # not HEAD: cameras answer 405 before they ask who
        ):
            status = answer.status_code
    except httpx.HTTPError as error:
        return fails(Words.same(type(error).__name__))
    return either(status in (401, 403), _REFUSED, Words(f"réponse {status}", f"answer {status}"))


@question("clock.offset", "TEC-4", Words("Son horloge est juste à 1 s près", "Its clock is right within 1 s"))
async def offset(subject: CameraSubject) -> Answer:
    reading = await subject.session.clock_reading()
    ahead_s, unsure_s = reading.offset_ms / 1000, reading.uncertain_ms / 1000
    if reading.looks_like_local_time:
        return fails(Words("elle dit l'heure locale pour l'UTC", "it tells local time as UTC"))
    found = Words(f"{ahead_s:+.2f} s, à {unsure_s:.2f} s près", f"{ahead_s:+.2f} s, give or take {unsure_s:.2f} s")
    return at_most(max(0.0, abs(ahead_s) - unsure_s), OFFSET_S_MAX, "s", found)


@question(
    "clock.stream", "TEC-4", Words("Ses images sont datées juste à 1 s près", "Its pictures are dated within 1 s")
)
async def stream_clock(subject: CameraSubject) -> Answer:
    ahead_s = (await subject.main_look()).clock_ahead_s
    if ahead_s is None:
        return fails(Words("elle ne date pas ses images (RTCP)", "it does not date its pictures (RTCP)"))
    return at_most(abs(ahead_s), OFFSET_S_MAX, "s", Words.same(f"{ahead_s:+.3f} s"))


@question("clock.drift", "TEC-4", Words("Son horloge ne dérive pas", "Its clock does not drift"))
async def drift(subject: CameraSubject) -> Answer:
    await subject.main_look()
    first, main = subject.first_ahead, (await subject.profiles())[0]
    again = await subject.eyes.watch(await subject.address(main), 3.0)
    if first is None or again.clock_ahead_s is None:
        return fails(Words("elle ne date pas ses images (RTCP)", "it does not date its pictures (RTCP)"))
    passed_s = max(1.0, subject.clock.monotonic_ns() / NS_PER_S - first[0])
    a_day = 86_400 / passed_s
    moved = abs(again.clock_ahead_s - first[1]) * a_day
    unsure = (NOISE_S + first[2] + again.clock_unsure_s) * a_day
    found = Words(
        f"vu sur {passed_s:.0f} s, à {unsure:.0f} s/j près", f"over {passed_s:.0f} s, within {unsure:.0f} s/d"
    )
    return at_most(max(0.0, moved - unsure), DRIFT_S_A_DAY_MAX, "s/d", found)


@question("events.pulled", "TEC-6", Words("Ses événements se laissent chercher", "Its events can be pulled"))
async def events(subject: CameraSubject) -> Answer:
    point = await subject.session.subscribe(60)
    try:
        for _ in range(2):
            await subject.session.pull(point, 1, 8)
    finally:
        await subject.session.unsubscribe(point)
    return holds(Words("deux fois de suite", "twice in a row"))


def _manufacturer(told: Element) -> str:
    return next((each.text or "" for each in told.iter() if local(each) == "Manufacturer"), "")[:64]


async def _opens(subject: CameraSubject, login: Login | None) -> bool:
    """Whether that login, or none, gets at the list of accounts."""
    async with Session(replace(subject.settings), login, subject.clock) as session:
        try:
            await session.call("device", "GetUsers", envelopes.device_get_users())
        except (LoginRefused, ClockSkewed):
            return False
    return True


FIRST = (answers,)
QUESTIONS = (
    tls,
    secure_streams,
    demanded,
    wrong_refused,
    no_default,
    own_account,
    stream_login,
    still_login,
    offset,
    events,
)
AT_THE_END = (stream_clock, drift)
