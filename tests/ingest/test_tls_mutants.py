"""Who tests the tester: each way of believing too much must fail the test that is there for it."""

from __future__ import annotations

import ssl
import warnings

import pytest

from csu.hal import tls
from csu.ingest import line, session, trust
from csu.ingest.describe import Door

SECOND = "test_the_connection_that_carries_pictures_is_verified_as_the_first_is"
STRANGER = "test_whoever_is_not_the_one_on_record_hears_nothing"


def changed(patch: pytest.MonkeyPatch, **attributes: object) -> None:
    """Every context of ours has these attributes, whatever it was given; in this order."""
    made = trust.client_context

    def make(whom: tls.TlsTrust | None) -> ssl.SSLContext:
        context = made(whom)
        for name, value in attributes.items():
            setattr(context, name, value)
        return context

    patch.setattr(trust, "client_context", make)


def nothing_is_verified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tls, "_require_pinned", lambda context, shown: None)
    changed(patch, check_hostname=False, verify_mode=ssl.CERT_NONE)


def what_the_pinned_one_signed_is_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tls, "_require_pinned", lambda context, shown: None)


def names_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    changed(patch, check_hostname=False)


def expired_is_taken(patch: pytest.MonkeyPatch) -> None:
    changed(patch, verify_flags=ssl.VERIFY_X509_PARTIAL_CHAIN | 0x200000)  # X509_V_FLAG_NO_CHECK_TIME


def old_tls_is_taken(patch: pytest.MonkeyPatch) -> None:
    made = trust.client_context

    def make(whom: tls.TlsTrust | None) -> ssl.SSLContext:
        context = made(whom)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    patch.setattr(trust, "client_context", make)


def ffmpeg_opens_it_by_itself(patch: pytest.MonkeyPatch) -> None:
    direct = Door.url_with_secrets
    patch.setattr(Door, "url_with_secrets", lambda self, local_port=None: direct(self))

    class Idle:
        port = 0
        trouble = None

        def __init__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    patch.setattr(session, "Tunnel", Idle)


def only_the_first_connection_is_verified(patch: pytest.MonkeyPatch) -> None:
    dial, seen = line.dialled, []

    def dialled(door, camera, stop, timeout_s=3.0):
        if seen:
            nothing_is_verified(patch)
            patch.setattr(line, "context_for", trust.context_for)
        seen.append(door)
        return dial(door, camera, stop, timeout_s)

    patch.setattr(line, "dialled", dialled)
    patch.setattr(session, "dialled", dialled)


PLANTED = [
    (nothing_is_verified, STRANGER, {"scheme": "rtsps", "case": "another pin"}),
    (nothing_is_verified, STRANGER, {"scheme": "https", "case": "signed by a stranger"}),
    (what_the_pinned_one_signed_is_taken, STRANGER, {"scheme": "rtsps", "case": "signed by what is pinned"}),
    (what_the_pinned_one_signed_is_taken, STRANGER, {"scheme": "https", "case": "signed by what is pinned"}),
    (names_are_not_looked_at, STRANGER, {"scheme": "rtsps", "case": "made out to another"}),
    (names_are_not_looked_at, STRANGER, {"scheme": "https", "case": "made out to another"}),
    (expired_is_taken, "test_an_expired_certificate_is_refused_even_when_it_is_the_pinned_one", {}),
    (old_tls_is_taken, "test_less_than_tls_1_2_is_refused", {"scheme": "rtsps"}),
    (ffmpeg_opens_it_by_itself, SECOND, {}),
    (only_the_first_connection_is_verified, SECOND, {}),
]


@pytest.mark.parametrize(("plant", "test", "given"), PLANTED, ids=lambda each: getattr(each, "__name__", None))
def test_the_tests_find_a_planted_defect(plant, test: str, given: dict[str, str], monkeypatch, must_fail) -> None:
    plant(monkeypatch)
    must_fail("test_tls", test, **given)
