"""Time-stamps by HTTP, from a real `openssl ts`, and what is refused of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from csu.evidence import ExportFailed, HttpAuthority
from csu.evidence.timestamp import TimestampBroken, stamp, stamped_at


@pytest.fixture
def served() -> Iterator[Callable[[Callable[[bytes], tuple[int, bytes]]], str]]:
    """Serve one authority on loopback: the URL of a server that answers with what the function says."""
    servers: list[HTTPServer] = []

    def serve(answer: Callable[[bytes], tuple[int, bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                code, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(code)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_token_by_http_tells_when(pki, served):
    authority = HttpAuthority(served(lambda request: (200, pki.authority.stamp(request))))
    token = stamp(b"content", authority, (pki.stamp_root,))
    assert abs(stamped_at(token, b"content", (pki.stamp_root,)) - datetime.now(UTC)) < timedelta(seconds=30)


@pytest.mark.parametrize("answer", [(500, b""), (200, b""), (200, b"junk"), (200, bytes(200_000))])
def test_a_bad_answer_is_no_token(pki, served, answer):
    with pytest.raises(ExportFailed):
        stamp(b"content", HttpAuthority(served(lambda _: answer)), (pki.stamp_root,))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "nonsense", "http://[", ""])
def test_nobody_there_is_no_token(pki, url):
    with pytest.raises(ExportFailed):
        stamp(b"content", HttpAuthority(url), (pki.stamp_root,))


def test_a_token_is_over_its_own_content_and_from_its_own_authority(pki):
    token = stamp(b"content", pki.authority, (pki.stamp_root,))
    for content, trusted in ((b"other", (pki.stamp_root,)), (b"content", (pki.root,)), (b"content", ())):
        with pytest.raises(TimestampBroken):
            stamped_at(token, content, trusted)
