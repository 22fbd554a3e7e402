"""What of a call goes over the line: six values of a closed schema, signed. No picture and nobody's name.

Structured CloudEvents JSON (1.0.2), signed as Standard Webhooks ask. The same call is the same bytes whenever it is
told: its key is the event's id and the `webhook-id`, so the receiver acts once; only the instant of signing differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.dispatch import DispatchCall, DispatchError
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.words import Words

EVENT_TYPE = "fr.csu.call.v1"
CONTENT_TYPE = "application/cloudevents+json"
KEY_SIGNS_MAX = 200


def webhook_id(call: DispatchCall) -> str:
    """The call's key, as a header may carry it. Raises DispatchError for a key that is none."""
    key = quote(call.call, safe="/:@")
    if not 1 <= len(key) <= KEY_SIGNS_MAX:
        raise _untold(call, Words("la clé est vide ou trop longue", "the key is empty or too long"))
    return key


def body_of(call: DispatchCall, source: str, may_say: frozenset[str]) -> bytes:
    """The event. `may_say`: the closed list of what a call says; whatever else it says stays here.

    Raises DispatchError: people telephone.
    """
    if call.words not in may_say:
        raise _untold(call, Words("ses mots ne sont pas de la liste fermée", "its words are not of the closed list"))
    for name, text in (("site", call.site), ("commune", call.commune), ("service", call.service)):
        if found := unfit_for_a_place(text):
            raise _untold(call, Words(f"{name} contient : {found.fr}", f"{name} contains: {found.en}"))
    at = datetime.fromtimestamp(call.at_ns // NS_PER_S, UTC)
    event = CloudEvent(
        {
            "id": webhook_id(call),
            "source": source,
            "type": EVENT_TYPE,
            "time": at,
            "datacontenttype": "application/json",
        },
        {"call": call.call, "service": call.service, "commune": call.commune, "site": call.site, "words": call.words},
    )
    body = to_structured_event(event).body
    return body if isinstance(body, bytes) else body.encode()


def signed_headers(key: str, body: bytes, secret: bytes, now_ns: Nanoseconds) -> Mapping[str, str]:
    """The headers of one telling. `secret`: the bytes of the signing key."""
    now = datetime.fromtimestamp(now_ns // NS_PER_S, UTC)
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": key,
        "webhook-timestamp": str(now_ns // NS_PER_S),
        "webhook-signature": Webhook(secret).sign(key, now, body.decode()),
    }


def _untold(call: DispatchCall, what: Words) -> DispatchError:
    return DispatchError(
        what,
        where=call.call[:64],
        what_to_do=Words("Téléphonez, et notez qui répond", "Telephone, and note who answers"),
    )
