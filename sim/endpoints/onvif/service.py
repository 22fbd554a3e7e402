"""Services: which operations there are, who may call each, and what does the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.soap import render
from sim.endpoints.onvif.spec import UserLevel


@dataclass(frozen=True, slots=True)
class Call:
    """One call as an operation gets it: what was asked, and at which path."""

    node: Element
    path: str


Handler = Callable[[OnvifDevice, Call], Awaitable[Markup]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: who may call it at least, and what does it."""

    level: UserLevel
    handler: Handler


class Service:
    """One service. Its operations are functions whose names are the operation's in snake case; its answers are the
    macros of `templates/<template>.xml.j2`, named after the operation.
    """

    def __init__(self, namespace: str, path: str, template: str, version: tuple[int, int]) -> None:
        self.namespace = namespace
        self.path = path
        self.version = version
        self.operations: dict[str, Operation] = {}
        self._template = template

    def operation(self, level: UserLevel) -> Callable[[Handler], Handler]:
        """Make the function that follows an operation of this service."""

        def register(handler: Handler) -> Handler:
            self.register(_camel(getattr(handler, "__name__", "")), level, handler)
            return handler

        return register

    def tells(self, operation: str, level: UserLevel, values: Callable[[OnvifDevice], Mapping[str, object]]) -> None:
        """Have an operation that only tells: its answer is made of these values, whatever was asked."""

        async def tell(device: OnvifDevice, call: Call) -> Markup:
            return self.answer(operation, **values(device))

        self.register(operation, level, tell)

    def register(self, operation: str, level: UserLevel, handler: Handler) -> None:
        """Have this operation."""
        self.operations[operation] = Operation(level, handler)

    def answer(self, operation: str, **values: object) -> Markup:
        """The answer to an operation."""
        return render(self._template, operation, **values)

    def done(self, operation: str) -> Markup:
        """The answer of an operation that has nothing to say."""
        return render("done", "done", namespace=self.namespace, operation=operation)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
