"""Guard tours over HTTP: of one's own communes only, and what no tour saw is said (OPS-6, COM-3)."""

from __future__ import annotations

import asyncio
from datetime import date

import httpx
import pytest

from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.console.tours import TourNow, ToursNow
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.words import NO_WORDS, Words
from csu.operations import GuardTour, TourReport
from csu.operations.guard_tour import TourRefused
from csu.wall import SlotId
from tests.console.test_map import ARS, FOREIGN, MINE, SILENT, NotArs
from tests.console.test_ptz import WhoeverTheHeaderSays

WHY = Words("pas d'image en direct", "no live picture")
SLOT = SlotId("place")
ASKED = {"name": "Nuit", "cameras": [MINE], "dwell_s": 10, "slot": SLOT}


class Desk:
    """A tour of Ars and Metz is on; one of both is over."""

    def __init__(self) -> None:
        self.begun: list[tuple[GuardTour, str, str]] = []
        self.ended: list[str] = []

    async def now(self) -> ToursNow:
        on = TourNow("Soir", "brice", SLOT, FOREIGN, 1, 2, 5)
        over = TourReport("Soir", "anne", 1, 2, {MINE: 4 * NS_PER_S, FOREIGN: 9 * NS_PER_S}, {SILENT: WHY}, True)
        return ToursNow((SLOT,), (on,), 0, (over,))

    def begin(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        if person == "absent":
            raise TourRefused(Words("pas en poste", "no post"), where=tour.tour, what_to_do=NO_WORDS)
        self.begun.append((tour, slot, person))

    def end(self, person: str) -> None:
        self.ended.append(person)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def ask(console, desk):
    object.__setattr__(console.room.status[2].record, "commune", ARS)
    rights = NotArs(DemonstrationRights(console.room, date(2026, 6, 1)))
    access = Access(rights, WhoeverTheHeaderSays(), JournalInMemory(console.clock))

    def asked(method: str, path: str, body=None, person: str = "anne", has_tours: bool = True) -> httpx.Response:
        desks = Desks(tours=desk if has_tours else None)
        app = create_app(console.room, clock=console.clock, access=access, desks=desks)

        async def run():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8600") as one:
                return await one.request(method, path, json=body, headers={"x-person": person})

        return asyncio.run(run())

    return asked


def test_one_hears_of_the_tours_what_concerns_ones_own_cameras(ask) -> None:
    told = ask("GET", "/api/tours").json()
    assert told["on"] == [
        {
            "tour": "Soir",
            "person": "brice",
            "is_mine": False,
            "slot": SLOT,
            "camera": None,
            "done": 1,
            "of": 2,
            "begun_ns": 5,
        }
    ]
    (over,) = told["reports"]
    assert over["seen"] == [{"camera": MINE, "seen_s": 4.0}]
    assert over["not_seen"] == [{"camera": SILENT, "why": {"fr": WHY.fr, "en": WHY.en}}]
    assert told["not_seen"] == [SILENT]


def test_a_tour_is_begun_and_broken_off_by_who_goes_round(ask, desk) -> None:
    assert ask("POST", "/api/tours/begin", ASKED | {"cameras": [MINE, SILENT, MINE]}).status_code == 200
    assert desk.begun == [(GuardTour("Nuit", (MINE, SILENT), 10 * NS_PER_S), SLOT, "anne")]
    assert ask("POST", "/api/tours/end").status_code == 200
    assert desk.ended == ["anne"]
    refused = ask("POST", "/api/tours/begin", ASKED, person="absent")
    assert (refused.status_code, refused.json()["code"]) == (409, "tour_refused")
    assert "pas en poste" in refused.json()["detail"]["fr"]


@pytest.mark.parametrize("camera", [FOREIGN, CameraId("cam-404")])
def test_a_camera_of_another_commune_is_refused_like_one_that_is_none(ask, desk, camera) -> None:
    refused = ask("POST", "/api/tours/begin", ASKED | {"cameras": [MINE, camera]})
    assert (refused.status_code, refused.json()["code"], refused.json()["where"]) == (404, "camera_unknown", "tours")
    assert desk.begun == []


@pytest.mark.parametrize(
    "wrong", [{"cameras": []}, {"dwell_s": 2}, {"name": "<b>"}, {"slot": ""}, {"cameras": ["x"] * 257}, {"more": 1}]
)
def test_what_is_no_tour_is_refused(ask, desk, wrong) -> None:
    assert ask("POST", "/api/tours/begin", ASKED | wrong).status_code == 422
    assert desk.begun == []


def test_a_centre_without_tours_says_so(ask) -> None:
    answer = ask("GET", "/api/tours", has_tours=False)
    assert (answer.status_code, answer.json()["code"]) == (503, "tours_absent")
