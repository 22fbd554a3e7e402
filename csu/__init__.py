"""The engine of a centre de supervision urbain: written once, bound to real or simulated streets.

The house: `hal` (ports) below, then `governance`, the rooms (`masking`, `ingest`, `recording`, `alarms`, `wall`), then
`cluster` (processes that put rooms together), `console` (web), and on top `centre` (composition) and `cli`.
"""

from importlib.metadata import version

__version__ = version("csu")
