"""The OpenAPI description of the console: its routes, what each is for, and how to say who asks."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from csu.console.access import door_of

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "csu-console-token-1",
    "description": "Signed token of a few minutes (docs/decisions/0036). On a demonstration's own machine: none.",
}
_REFUSED = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}


def described(app: FastAPI) -> dict[str, Any]:
    """The description, with the door and the right of every operation under `x-csu-door` and `x-csu-action`."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    schema = app.openapi()
    schema.setdefault("components", {})["securitySchemes"] = {"token": _TOKEN}
    schema["security"] = [{"token": []}, {}]
    for route in app.routes:
        door = door_of([getattr(route, "endpoint", None)])
        if door is None or not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            operation = schema["paths"][route.path_format][method.lower()]
            operation["x-csu-door"], operation["x-csu-action"] = door.name, door.action.value
            for status in ("4XX", "5XX"):  # a stream of events or a picture is refused in JSON too
                operation["responses"][status]["content"] = _REFUSED
    return schema
