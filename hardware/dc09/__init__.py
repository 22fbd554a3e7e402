"""Alarm panels that dial the centre by SIA DC-09: one receiver for all of them.

In: frames over TCP and UDP (SIA-DCS, ADM-CID; AES-128, -192, -256 or in clear), a strict settings file, keys from the
vault. Out: messages of the port AlarmPanel; what is refused is counted and told.

    settings = read_settings(Path("dc09.yaml"))
    async with open_receiver(settings, {"dc09/1234": key}, Path("dc09.sqlite"), SystemClock()) as receiver:
        ...  # a centre takes it as one of its panels
"""

from hardware.dc09.errors import FramesNotKept, ReceiverNotOpened, ReceiverSettingsRefused
from hardware.dc09.notices import Counts, Notice
from hardware.dc09.reasons import Reason
from hardware.dc09.receiver import Dc09Receiver, open_receiver
from hardware.dc09.settings import ReceiverSettings, read_settings, settings_of

__all__ = [
    "Counts",
    "Dc09Receiver",
    "FramesNotKept",
    "Notice",
    "Reason",
    "ReceiverNotOpened",
    "ReceiverSettings",
    "ReceiverSettingsRefused",
    "open_receiver",
    "read_settings",
    "settings_of",
]
