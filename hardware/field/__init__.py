"""A real site: the centre bound to cameras, alarm panels, display panels and contacts, and the engineer's way to them.

In: a site file, a file for each camera, the vault's key. Out: `csu.hal.site.Site` (entry point `csu.bindings`), and
`csu.hal.fieldwork.Fieldwork` by which cameras are entered (entry point `csu.fieldwork`). See decision 0059.
"""

from hardware.field.binding import open_field
from hardware.field.work import FIELDWORK

__all__ = ["FIELDWORK", "open_field"]
