"""A question is a function that asks a device one thing; what goes wrong while it asks is its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from csu.hal.conformance import Check, CheckStatus
from csu.hal.errors import CsuError
from csu.hal.words import Words

_S = TypeVar("_S")
"""The device as questions see it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found."""

    status: CheckStatus
    found: Words
    measured: float | None = None
    limit: float | None = None
    unit: str = ""


def holds(found: Words) -> Answer:
    """It is as it must be."""
    return Answer(CheckStatus.PASSED, found)


def fails(found: Words) -> Answer:
    """It is not."""
    return Answer(CheckStatus.FAILED, found)


def lacks(found: Words) -> Answer:
    """The device does not have it, and may be without."""
    return Answer(CheckStatus.NOT_SUPPORTED, found)


def either(is_so: bool, good: Words, bad: Words) -> Answer:
    """One of the two."""
    return holds(good) if is_so else fails(bad)


def at_most(measured: float, limit: float, unit: str, found: Words) -> Answer:
    """A figure that must not exceed its limit."""
    status = CheckStatus.PASSED if measured <= limit else CheckStatus.FAILED
    return Answer(status, found, measured, limit, unit)


def at_least(measured: float, limit: float, unit: str, found: Words) -> Answer:
    """A figure that must reach its limit."""
    status = CheckStatus.PASSED if measured >= limit else CheckStatus.FAILED
    return Answer(status, found, measured, limit, unit)


@dataclass(frozen=True, slots=True)
class Question(Generic[_S]):
    """`ends`: when it fails nothing more can be asked."""

    check: str
    requirement: str
    asked: Words
    ask: Callable[[_S], Awaitable[Answer]]
    ends: bool = False


def question(
    check: str, requirement: str, asked: Words, *, ends: bool = False
) -> Callable[[Callable[[_S], Awaitable[Answer]]], Question[_S]]:
    """Makes a question of the function below."""

    def made(ask: Callable[[_S], Awaitable[Answer]]) -> Question[_S]:
        return Question(check, requirement, asked, ask, ends)

    return made


async def ask_all(questions: Sequence[Question[_S]], device: _S) -> AsyncIterator[Check]:
    """Each in its turn; a CsuError is a failure, told in its own words."""
    for each in questions:
        try:
            answer = await each.ask(device)
        except CsuError as error:
            answer = fails(error.trouble.what)
        yield Check(
            each.check,
            each.requirement,
            each.asked,
            answer.status,
            answer.found,
            answer.measured,
            answer.limit,
            answer.unit,
        )
        if each.ends and answer.status is CheckStatus.FAILED:
            return
