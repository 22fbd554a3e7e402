"""The operators' console: a web application that shows live masked pictures and camera states, and nothing of the past.

In: a `RoomView` (what the centre lets the console see) and a clock. Out: an ASGI application, and pages for a browser.
No decision about cameras or law is taken here; a line that knows a device or a disk belongs to another room.
"""

from csu.console.app import ConsoleSettings, create_app
from csu.console.refusals import ConsoleError
from csu.console.room import RoomCounters, RoomHealth, RoomView
from csu.console.serving import serve_console

__all__ = [
    "ConsoleError",
    "ConsoleSettings",
    "RoomCounters",
    "RoomHealth",
    "RoomView",
    "create_app",
    "serve_console",
]
