"""The one door whose body is read before anything is decided: of whom, how much, and what a peer that leaves does."""

from __future__ import annotations

import json

import pytest

from csu.governance import Role

SHOW = "/api/wall/tiles/place/camera"


def show(world, messages, role=Role.OPERATOR) -> tuple[list[dict], int]:
    """What was answered when the body comes like this, and how many messages of it were read."""
    sent, read = [], 0

    async def receive():
        nonlocal read
        read += 1
        return messages[read - 1]

    async def send(message):
        sent.append(message)

    headers = {"host": "127.0.0.1:8600", "content-type": "application/json"}
    headers |= {"authorization": world.token(role)} if role else {}
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": "POST", "path": SHOW, "raw_path": SHOW.encode(), "root_path": "", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8600),
    }  # fmt: skip
    world.entries()
    world.runner.run(world.app(scope, receive, send))
    return sent, read


def part(data: bytes, more: bool = True) -> dict:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_body_that_comes_in_pieces_is_one_question(world) -> None:
    sent, _ = show(world, [part(b'{"camera": "cam-0'), part(b'012"}', more=False)])
    assert sent[0]["status"] == 200
    (entry,) = world.entries()
    assert [span.camera for span in entry.data] == ["cam-0012"]


def test_who_leaves_before_saying_what_he_wants_is_answered_and_journaled_nothing(world) -> None:
    before = world.wall.director.tiles
    sent, _ = show(world, [part(b'{"camera": '), {"type": "http.disconnect"}])
    assert (sent, world.entries(), world.wall.director.tiles) == ([], [], before)


def test_of_nobody_unknown_not_a_byte_is_read(world) -> None:
    sent, read = show(world, [], role=None)
    assert (sent[0]["status"], read) == (401, 0)
    assert [entry.refusal for entry in world.entries()] == ["console.not_identified"]


@pytest.mark.parametrize("size", [4_097, 100_000])
def test_no_more_is_read_than_a_camera_and_a_reason_need(world, size) -> None:
    sent, read = show(world, [part(b" " * 4_000), part(b" " * size), part(b"{}", more=False)])
    assert (sent[0]["status"], read) == (413, 2)
    assert json.loads(sent[1]["body"])["code"] == "body_too_large"
    assert [entry.refusal for entry in world.entries()] == ["console.body_too_large"]
