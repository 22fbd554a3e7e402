"""A time-stamping authority over HTTP (RFC 3161, 3.4): for the journal's anchors and for sealed exports."""

from __future__ import annotations

import httpx

from csu.governance.time_stamps import ANSWER_BYTES_MAX, stamp_refused

TIMEOUT_S = 10.0


class HttpAuthority:
    """Asks `url`. Blocks; a redirect is not followed."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s

    def answer(self, request: bytes) -> bytes:
        """The response to a request, both DER. Raises StampRefused."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            with httpx.stream("POST", self._url, content=request, headers=headers, timeout=self._timeout_s) as told:
                told.raise_for_status()
                found = b""
                for piece in told.iter_bytes(ANSWER_BYTES_MAX):
                    found += piece
                    if len(found) > ANSWER_BYTES_MAX:
                        raise stamp_refused(f"> {ANSWER_BYTES_MAX} B")
                return found
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise stamp_refused(type(error).__name__) from error
