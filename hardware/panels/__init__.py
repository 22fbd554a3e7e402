"""Display panels of the wall: Samsung MDC and PJLink behind csu.hal.wall_panel.WallPanel.

In: a `PanelSettings`, the addresses that may be spoken to, a password. Out: a WallPanel whose every call ends within
`answer_within_s` or raises PanelError. Neither protocol knows who speaks: MDC has no login at all, PJLink's is MD5. So
panels live on a network of their own, and an address that is not on the list is never spoken to.
"""

from hardware.panels.mdc import MdcPanel
from hardware.panels.opening import PanelAddressRefused, open_panel
from hardware.panels.pjlink import PjlinkPanel
from hardware.panels.settings import PanelNetwork, PanelSettings, PanelsFile

__all__ = [
    "MdcPanel",
    "PanelAddressRefused",
    "PanelNetwork",
    "PanelSettings",
    "PanelsFile",
    "PjlinkPanel",
    "open_panel",
]
