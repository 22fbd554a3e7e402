"""What the console answers: states, health, the wall, counts, and its refusals in two languages."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from csu.console import RoomHealth
from csu.hal.camera import CameraLifecycle
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.wall import WallError
from csu.hal.words import Words
from csu.ingest.board import CameraState
from csu.recording.space import GIB, VolumeFault, VolumeState


def test_every_camera_is_listed_with_its_state_and_its_refused_sound(console) -> None:
    cameras = console.get("/api/cameras").json()
    assert [line["camera"] for line in cameras] == ["cam-001", "cam-002", "cam-003"]
    assert [line["state"] for line in cameras] == ["live", "lost", "live"]
    assert [line["audio_offered"] for line in cameras] == [False, False, True]
    assert cameras[1]["detail"] == {"fr": "aucun paquet en 10 s", "en": "no packet for 10 s"}
    assert cameras[0]["since_ms"] == (console.clock.now_ns() - 5 * NS_PER_S) // NS_PER_MS


def test_every_camera_says_where_it_stands_in_its_life_and_which_masks_it_has(console) -> None:
    console.room.change(0, lifecycle=CameraLifecycle.ACTIVE, mask_version=3)
    console.room.change(1, lifecycle=CameraLifecycle.NOT_COMMISSIONED)
    told = [(line["lifecycle"], line["mask_version"]) for line in console.get("/api/cameras").json()]
    assert told == [("active", 3), ("not_commissioned", 0), ("draft", 0)]


def test_the_health_counts_every_place_in_life_by_name(console) -> None:
    console.room.change(0, lifecycle=CameraLifecycle.ACTIVE, mask_version=3)
    console.room.change(1, lifecycle=CameraLifecycle.NOT_COMMISSIONED)
    counted = {"draft": 1, "not_commissioned": 1, "active": 1, "suspended": 0, "fault": 0, "retired": 0}
    assert console.get("/health").json()["lifecycle"] == counted


def test_a_healthy_centre_answers_200_and_counts_every_state_by_name(console) -> None:
    answer = console.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["cameras"] == {"starting": 0, "live": 2, "lost": 1, "refused": 0, "unsupported": 0, "unauthorised": 0}
    assert body["cameras_expected"] == 3
    assert body["manifest_age_ms"] == 20_000
    assert (body["nodes_up"], body["nodes_expected"], body["version"]) == (2, 2, "1.2.3")


def test_a_centre_in_trouble_answers_503_and_says_why(console) -> None:
    console.room.answer = RoomHealth(False, "1.2.3", 0, 1, 2, None, Words("node-2 a disparu", "node-2 is gone"))
    answer = console.get("/health")
    assert answer.status_code == 503
    assert answer.json()["trouble"] == {"fr": "node-2 a disparu", "en": "node-2 is gone"}
    assert answer.json()["manifest_age_ms"] is None


def test_state_gives_health_and_cameras_in_one_reading(console) -> None:
    state = console.get("/api/state").json()
    assert state["cameras"] == console.get("/api/cameras").json()
    assert state["health"] == console.get("/health").json()


def test_metrics_tell_the_room_and_the_console(console) -> None:
    console.room.change(0, state=CameraState.REFUSED, lifecycle=CameraLifecycle.NOT_COMMISSIONED)
    console.get("/api/nowhere")
    series = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(console.get("/metrics").text)
        for sample in family.samples
    }
    assert series["csu_cameras", "live"] == 1
    assert series["csu_cameras", "refused"] == 1
    assert series["csu_cameras_lifecycle", "not_commissioned"] == 1
    assert series["csu_cameras_lifecycle", "draft"] == 2
    assert series["csu_camera_live", "cam-003", "metz"] == 1
    assert series["csu_camera_audio_offered", "cam-003", "metz"] == 1
    assert series["csu_frames_total", "masked"] == 490
    assert series["csu_frames_total", "clear_refused"] == 0
    assert series["csu_audio_offered_total",] == 1
    assert series["csu_segments_total",] == 7
    assert series["csu_manifest_age_seconds",] == 20
    assert series["csu_console_refused_total", "not_found"] == 1


def test_metrics_tell_how_each_volume_stands_and_how_long_space_lasts(console) -> None:
    volumes = (
        VolumeState("/mnt/a", 100 * GIB, 9 * GIB),
        VolumeState("/mnt/b", 0, 0, VolumeFault.ABSENT),
    )
    console.room.answer = replace(console.room.answer, volumes=volumes, hours_left=12.5)
    series = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(console.get("/metrics").text)
        for sample in family.samples
    }
    assert series["csu_volume_free_bytes", "/mnt/a"] == 9 * GIB
    assert [series["csu_volume_writable", name] for name in ("/mnt/a", "/mnt/b")] == [1, 0]
    assert series["csu_volume_high_water", "/mnt/a"] == 1
    assert series["csu_space_hours_left",] == 12.5


def test_two_consoles_in_one_process_count_apart(make_console) -> None:
    one, other = make_console(), make_console()
    one.get("/api/nowhere")
    assert 'refused_total{code="not_found"}' in one.get("/metrics").text
    assert 'refused_total{code="not_found"}' not in other.get("/metrics").text


def test_pages_that_ask_for_the_wall_together_share_one_drawing(console) -> None:
    answers = console.ask(lambda client: asyncio.gather(*(client.get("/api/wall.png") for _ in range(5))))
    assert {answer.content for answer in answers} == {b"\x89PNG picture"}
    assert {answer.headers["content-type"] for answer in answers} == {"image/png"}
    assert console.room.wall_drawn == 1


def test_a_wall_picture_is_drawn_anew_once_it_is_old(console) -> None:
    console.get("/api/wall.png")
    console.clock.at_ns += 600 * NS_PER_MS
    console.room.wall = b"newer"
    assert console.get("/api/wall.png").content == b"newer"


def test_without_a_wall_the_answer_says_so_in_french_and_english(console) -> None:
    console.room.wall = None
    answer = console.get("/api/wall.png")
    assert answer.status_code == 503
    assert answer.json()["code"] == "wall_absent"
    assert "mur" in answer.json()["fr"]
    assert "wall" in answer.json()["en"]


def test_a_trouble_of_the_wall_reaches_the_page_with_what_to_do(console) -> None:
    console.room.wall = WallError(
        Words("pas de contexte GL", "no GL context"), where="wall", what_to_do=Words("Installez EGL", "Install EGL")
    )
    answer = console.get("/api/wall.png")
    assert answer.status_code == 503
    assert answer.json()["code"] == "centre_trouble"
    assert answer.json()["detail"] == {
        "fr": "wall : pas de contexte GL. Installez EGL",
        "en": "wall: no GL context. Install EGL",
    }


def test_a_fault_of_ours_is_told_without_its_insides(console) -> None:
    console.room.wall = RuntimeError("secret detail")
    answer = console.get("/api/wall.png")
    assert answer.status_code == 500
    assert answer.json()["code"] == "fault"
    assert "secret" not in answer.text


def test_an_unknown_page_is_a_typed_404_and_a_write_a_typed_405(console) -> None:
    assert console.get("/api/nowhere").json()["code"] == "not_found"
    refused = console.request("POST", "/api/cameras")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_refused")
