"""The demonstration, whole and real: RTSP sockets, H.264, masks, segments on disk, GL, and a browser that looks on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from csu.centre.commands.demo_people import PAGE, told_by
from sim.endpoints import EndpointSpec, RtspFarm
from tests.e2e.signing_in import OPERATOR, sign_in

CAMERAS = 8
SECONDS = 20
ALL_IN_S = 55
CSU = Path(sys.executable).with_name("csu")


@dataclass
class Demo:
    """A demonstration that runs in its own process."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    report: Path
    began_s: float

    def wait_for_address(self, within_s: float = 30) -> None:
        deadline = time.monotonic() + within_s
        while self.url not in self.log.read_text():
            assert self.process.poll() is None, f"the demonstration ended early:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"no address after {within_s} s:\n{self.log.read_text()}"
            time.sleep(0.1)

    def accounts(self) -> dict[str, Any]:
        """What its page of the accounts tells, once the address is known."""
        told = told_by(self.report.with_name(PAGE))
        assert told is not None, self.log.read_text()
        return told

    def result(self) -> dict[str, Any]:
        out, _ = self.process.communicate(timeout=ALL_IN_S + 20)
        return json.loads(out)


def start_demo(directory: Path, *arguments: str) -> Demo:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log, report = directory / "stderr.log", directory / "report.html"
    command = [str(CSU), "demo", "--headless", "--json", "--port", str(port), "--report", str(report), *arguments]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=directory, start_new_session=True
        )
    return Demo(process, f"http://127.0.0.1:{port}", log, report, time.monotonic())


def stop(demo: Demo) -> None:
    if demo.process.poll() is None:
        os.killpg(demo.process.pid, signal.SIGKILL)
        demo.process.wait()


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = start_demo(tmp_path_factory.mktemp("demo"), "--cameras", str(CAMERAS), "--seconds", str(SECONDS))
    yield demo
    stop(demo)


def test_at_least_four_pictures_advance_in_a_real_browser(eight: Demo, advancing_tiles, chromium_page: Page) -> None:
    eight.wait_for_address()
    sign_in(chromium_page, eight.accounts(), OPERATOR)
    progress = advancing_tiles(None, tiles_min=4)
    chromium_page.screenshot(path=eight.report.with_name("console.png"))
    assert sum(tile.advances for tile in progress) >= 4, [(tile.before.mark, tile.after.mark) for tile in progress]


@pytest.mark.requirement("PRV-3", "AUD-2")
def test_eight_cameras_are_masked_deaf_recorded_and_on_the_wall(eight: Demo) -> None:
    found = eight.result()
    whole_s = time.monotonic() - eight.began_s
    assert eight.process.returncode == 0, (found, eight.log.read_text()[-3000:])
    assert found["cameras"]["expected"] == found["cameras"]["live"] == CAMERAS
    assert found["frames"]["masked"] > CAMERAS * SECONDS * 4
    assert found["frames"]["clear_left_ingest"] == 0
    assert found["frames"]["witnessed"] > 100
    assert found["analysis"] == {"pictures": 0, "signals": 0, "permitted": False}, "no order, no analysis"
    assert found["audio"]["offered"] >= 1
    assert found["audio"]["recorded"] == 0
    assert found["segments"]["closed"] == found["segments"]["playable"] == found["segments"]["on_disk"] > 0
    assert found["wall"]["tiles"] == found["wall"]["tiles_correct"] == CAMERAS
    assert found["latency_ms"]["p95"] > 0
    assert found["console"]["url"].startswith("http://127.0.0.1:")
    assert "<html" in eight.report.read_text()
    accounts = eight.accounts()
    assert found["accounts"] == {"standing": "new", "people": 15, "page": str(eight.report.with_name(PAGE))}
    secrets = [accounts["password"], *(each["secret"] for each in accounts["people"])]
    assert not [secret for secret in secrets if secret in json.dumps(found) + eight.log.read_text()]
    assert whole_s < ALL_IN_S + SECONDS, f"{whole_s:.0f} s in all"  # a hang, not a slow machine, breaks this


def clip(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        for index in range(30):
            picture = np.full((432, 352), (index * 8) % 200 + 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode())
    return path


@pytest.mark.nightly
@pytest.mark.requirement("PRV-5")
def test_a_clip_is_one_more_camera_wholly_masked(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--cameras", "2", "--seconds", "6", "--video", str(clip(tmp_path / "clip.mp4")))
    try:
        found = demo.result()
    finally:
        stop(demo)
    assert demo.process.returncode == 0, (found, demo.log.read_text()[-3000:])
    assert found["cameras"]["expected"] == found["cameras"]["live"] == 3
    assert found["wall"]["tiles_correct"] == 3
    assert found["frames"]["wholly_masked"] >= 6 * 10 // 2


@pytest.mark.nightly
@pytest.mark.requirement("PRV-5")
def test_an_added_camera_is_wholly_masked_and_one_with_a_wrong_password_harms_nobody(tmp_path: Path) -> None:
    with RtspFarm([EndpointSpec("real", number=40, password="right")]) as farm:
        host = farm.address("real").url.removeprefix("rtsp://")
        right, wrong = f"rtsp://csu:right@{host}", f"rtsp://csu:wr0ng@{host}"
        demo = start_demo(tmp_path, "--cameras", "1", "--seconds", "6", "--rtsp", right, "--rtsp", wrong)
        try:
            found = demo.result()
        finally:
            stop(demo)
    log = demo.log.read_text()
    assert demo.process.returncode == 1, log[-3000:]  # two of three cameras: it does not hold, and says so
    assert found["cameras"]["states"] == {"cam-0001": "live", "cam-0002": "live", "cam-0003": "refused"}
    assert found["wall"]["tiles_correct"] == 2
    assert found["frames"]["wholly_masked"] >= 6 * 12 // 2
    assert found["frames"]["clear_left_ingest"] == 0
    assert found["segments"]["playable"] == found["segments"]["closed"] > 0
    assert "cam-0003" in log
    assert "mot de passe" in log
    assert "wr0ng" not in log + json.dumps(found) + demo.report.read_text()


def test_ctrl_c_stops_everything_cleanly(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--cameras", "2")
    try:
        demo.wait_for_address()
        os.killpg(demo.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        found = demo.result()
    finally:
        stop(demo)
    log = demo.log.read_text()
    assert demo.process.returncode == 0, (found, log[-3000:])
    assert "Traceback" not in log
    assert found["segments"]["playable"] == found["segments"]["closed"] > 0
    assert left_alive(demo.process.pid) == []


def left_alive(group: int, within_s: float = 5) -> list[str]:
    """Command lines of the processes of a group that still run; the dead that nobody has buried yet do not count."""
    deadline = time.monotonic() + within_s
    while True:
        alive = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                _, _, fields = (process / "stat").read_text().rpartition(") ")
                state, _, process_group = fields.split()[:3]
                if int(process_group) == group and state != "Z":
                    alive.append((process / "cmdline").read_text().replace("\0", " "))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--binding", "atlantis"], "atlantis"),
        (["--rtsp", "http://camera.invalid/x"], "rtsp://"),
        (["--video", "no-such-clip.mp4"], "no-such-clip.mp4"),
        (["--option", "colour=red"], "colour"),
        (["--cameras", "zero"], "--cameras"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(tmp_path: Path, arguments: list[str], words: str) -> None:
    command = [str(CSU), "demo", "--headless", "--json", "--seconds", "2", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in " ".join(json.loads(done.stdout)["error"].values())
    assert "Traceback" not in done.stderr
    assert words in done.stderr


SMALL = Path(__file__).parents[2] / "scenarios" / "walls" / "petit"


def small_wall(scene: Path) -> list[str]:
    scenes = ["--scenes", str(scene), "--scenes", str(SMALL / "seul.yaml")]
    return ["--wall", str(SMALL / "mur.yaml"), *scenes, "--programmes", str(SMALL / "semaine.yaml")]


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_wall_by_files_is_drawn_by_a_process_for_each_machine_of_it(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--cameras", "4", "--seconds", "10", *small_wall(SMALL / "jour.yaml"))
    try:
        found = demo.result()
    finally:
        stop(demo)
    assert demo.process.returncode == 0, (found, demo.log.read_text()[-3000:])
    assert found["wall"]["tiles"] == found["wall"]["tiles_correct"] == 5


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_scene_of_a_camera_that_the_site_has_not_is_told_with_its_line_and_nothing_runs(tmp_path: Path) -> None:
    broken = tmp_path / "jour.yaml"
    broken.write_text((SMALL / "jour.yaml").read_text().replace("cam-0001..cam-0004}\n", "cam-0002..cam-0005}\n"))
    demo = start_demo(tmp_path, "--cameras", "4", "--seconds", "2", *small_wall(broken))
    assert demo.process.wait(400) == 2
    assert f"{broken}:6:" in demo.log.read_text()
