"""What a receiver's answer means: taken by a named person, kept and waiting for one, or refused."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from csu.hal.words import Words

ANSWER_BYTES_MAX = 4096
NAME_SIGNS_MAX = 80


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a name has visible signs only")
    return text


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    call: Annotated[str, StringConstraints(max_length=256)]


class _Waiting(_Answer):
    state: Literal["waiting"]


class _Taken(_Answer):
    state: Literal["taken"]
    taken_by: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_SIGNS_MAX), AfterValidator(_visible)
    ]


def taken_by(status: int, body: bytes, call: str) -> str | None | Words:
    """Who took the call; None: nobody yet, ask again; Words: why this is no answer.

    Only 200 with a name takes a call, only 202 keeps it. `call`: whose answer is wanted; another's takes nothing.
    """
    if 300 <= status < 400:
        return Words("le récepteur renvoie ailleurs : on n'y va pas", "the receiver redirects: nobody follows")
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        return Words(f"le récepteur refuse ({status})", f"the receiver refuses ({status})")
    if len(body) > ANSWER_BYTES_MAX:
        return Words(f"plus de {ANSWER_BYTES_MAX} octets de réponse", f"more than {ANSWER_BYTES_MAX} bytes of answer")
    try:
        answer = (_Taken if status == HTTPStatus.OK else _Waiting).model_validate_json(body)
    except ValidationError:
        return Words("la réponse ne dit pas ce qui est convenu", "the answer does not say what was agreed")
    if answer.call != call:
        return Words("c'est la réponse à un autre appel", "it is the answer to another call")
    return answer.taken_by if isinstance(answer, _Taken) else None
