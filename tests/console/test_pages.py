"""The built pages are committed, so that users need no Node: they must be the ones the sources make."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import csu.console
from csu.console.ptz import PtzAnswer
from csu.console.wall_answers import ChangeAnswer, CoverageAnswer, ProgrammeAnswer, TileAnswer, WallAnswer
from csu.hal.camera import CameraLifecycle
from csu.ingest.board import CameraState
from csu.operations import PtzRank
from csu.wall import SlotRule

WEB = Path(csu.console.__file__).parent / "web"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
    "dist",
)


def test_the_built_pages_are_those_of_the_sources() -> None:
    """On failure: `npm ci && npm run build` in csu/console/web, and commit dist."""
    files = {
        path.relative_to(WEB).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in SOURCES
        for path in ([WEB / name] if (WEB / name).is_file() else (WEB / name).rglob("*"))
        if path.is_file() and path.name != "SOURCES.sha256"
    }
    lines = (WEB / "dist" / "SOURCES.sha256").read_text(encoding="utf-8").splitlines()
    built = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert built == files


def test_the_page_knows_the_states_and_places_in_life_that_the_api_tells() -> None:
    """The types of the page are written by hand; its build refuses a word that is missing in one language."""
    types = (WEB / "src" / "room.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("Lifecycle", CameraLifecycle), ("CameraState", CameraState)):
        line = re.search(rf"export type {name} = (.+)", types)
        assert line is not None
        assert set(re.findall(r"'(\w+)'", line[1])) == {value.value for value in told}


def test_the_page_knows_the_wall_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "wall_desk.svelte.ts").read_text(encoding="utf-8")
    rules = re.search(r"export type SlotRule = (.+)", types)
    assert rules is not None
    assert set(re.findall(r"'(\w+)'", rules[1])) == {rule.value for rule in SlotRule}
    told = {"WallTile": TileAnswer, "Programme": ProgrammeAnswer, "WallAnswer": WallAnswer}
    told |= {"Change": ChangeAnswer, "Coverage": CoverageAnswer}
    for name, answer in told.items():
        written = re.search(rf"export type {name} = {{(.*?)\n?}}\n\n", types, re.DOTALL)
        assert written is not None
        of_type = written[1]
        while (flatter := re.sub(r"{[^{}]*}", "", of_type)) != of_type:  # what lies deeper is not of this type
            of_type = flatter
        assert set(re.findall(r"(\w+):", of_type)) == set(answer.model_fields), name


def test_the_page_knows_who_turns_a_camera_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "ptz_desk.svelte.ts").read_text(encoding="utf-8")
    ranks = re.search(r"export type PtzRank = (.+)", types)
    answer = re.search(r"export type PtzAnswer = {(.*?)\n}\n", types, re.DOTALL)
    assert ranks is not None
    assert answer is not None
    assert set(re.findall(r"'(\w+)'", ranks[1])) == {rank.name.lower() for rank in PtzRank}
    assert set(re.findall(r"(\w+):", answer[1])) == set(PtzAnswer.model_fields)


def test_the_lock_file_names_no_host_to_fetch_from() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_page_and_its_assets_are_served(console) -> None:
    page = console.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assets = re.findall(r'"(/assets/[^"]+)"', page.text)
    assert {asset.rsplit(".", 1)[1] for asset in assets} == {"js", "css"}
    for asset in assets:
        assert console.get(asset).status_code == 200
    assert console.get("/favicon.svg").headers["content-type"] == "image/svg+xml"


def test_the_page_fetches_nothing_from_elsewhere_and_runs_no_inline_script(console) -> None:
    page = console.get("/").text
    assert not re.findall(r'(?:src|href)="(?!/)', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert not re.findall(r"\bon[a-z]+=", page)


def test_nothing_outside_the_built_assets_can_be_fetched(console) -> None:
    for path in ("/assets/../index.html", "/assets/%2e%2e/SOURCES.sha256", "/assets/..%2f..%2fpackage.json"):
        assert console.get(path).status_code == 404


def test_the_licence_of_what_is_bundled_travels_along() -> None:
    bundled = json.loads((WEB / "dist" / "third-party.json").read_text(encoding="utf-8"))
    assert {package["name"] for package in bundled} >= {"svelte"}
    assert all(package["identifier"] == "MIT" and package["text"] for package in bundled)
