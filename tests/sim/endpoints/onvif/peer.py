"""A second opinion: onvif-python (zeep, typed by ONVIF's WSDL files) drives one simulated camera and says what it saw.

Run by `.venv-peer/bin/python peer.py HOST PORT USER PASSWORD`; one JSON object on stdout. Knows nothing of csu.
"""

from __future__ import annotations

import json
import sys
import time

from onvif import ONVIFClient
from onvif.utils.exceptions import ONVIFOperationException

COLOUR = {"X": 64, "Y": 132, "Z": 125, "Colorspace": "http://www.onvif.org/ver10/colorspace/YCbCr"}
POINTS = [(-0.5, 0.5), (0.5, 0.5), (0.5, -0.25)]


def main(host: str, port: str, user: str, password: str) -> None:
    client = ONVIFClient(host, int(port), user, password, timeout=10)
    device, media, media2, ptz = client.devicemgmt(), client.media(), client.media2(), client.ptz()
    seen = {
        "services": len(client.services),
        "model": device.GetDeviceInformation().Model,
        "users": [account.Username for account in device.GetUsers()],
        "profiles": [profile.token for profile in media.GetProfiles()],
        "widths": [one.Configurations.VideoEncoder.Resolution.Width for one in media2.GetProfiles(Type=["All"])],
        "stream": media2.GetStreamUri(Protocol="RtspUnicast", ProfileToken="profile-sub"),
        "snapshot": media.GetSnapshotUri(ProfileToken="profile-main").Uri,
        "masks": masks_of(media2),
        "pan": turned(ptz),
        "events": heard(client),
    }
    print(json.dumps(seen))


def masks_of(media2) -> dict[str, object]:
    options = media2.GetMaskOptions(ConfigurationToken="vsc-1")
    asked = {
        "ConfigurationToken": "vsc-1",
        "Polygon": {"Point": [{"x": x, "y": y} for x, y in POINTS]},
        "Type": "Color",
        "Color": COLOUR,
        "Enabled": True,
    }
    token = media2.CreateMask(Mask=asked)
    (told,) = media2.GetMasks()
    corners = [[round(point.x, 6), round(point.y, 6)] for point in told.Polygon.Point]
    media2.SetMask(Mask=asked | {"token": token, "Enabled": False})
    enabled = media2.GetMasks()[0].Enabled
    fault = ""
    try:
        for _ in range(options.MaxMasks):
            media2.CreateMask(Mask=asked)
    except ONVIFOperationException as error:
        fault = str(error)
    for mask in media2.GetMasks():
        media2.DeleteMask(Token=mask.token)
    return {"most": options.MaxMasks, "corners": corners, "enabled": enabled, "fault": fault, "left": media2.GetMasks()}


def turned(ptz) -> list[float]:
    """Pan before, after a continuous move with its own end, and back home."""
    profile = {"ProfileToken": "profile-main"}
    before = ptz.GetStatus(**profile).Position.PanTilt.x
    ptz.ContinuousMove(Velocity={"PanTilt": {"x": 0.5, "y": 0}}, Timeout="PT0.2S", **profile)
    after = rest(ptz)
    ptz.AbsoluteMove(Position={"PanTilt": {"x": before, "y": -10}}, **profile)
    return [before, after, rest(ptz)]


def rest(ptz) -> float:
    for _ in range(200):
        status = ptz.GetStatus(ProfileToken="profile-main")
        if status.MoveStatus.PanTilt == "IDLE":
            return status.Position.PanTilt.x
        time.sleep(0.02)
    raise RuntimeError("it never came to rest")


def heard(client) -> list[str]:
    subscription = client.events().CreatePullPointSubscription()
    point = client.pullpoint(subscription)
    pulled = point.PullMessages(Timeout="PT1S", MessageLimit=50)
    client.subscription(subscription).Unsubscribe()
    # zeep drops the text of a Topic (mixed content): the items tell as much.
    return sorted(note["Message"]["Message"]["Data"]["SimpleItem"]["Name"] for note in pulled.NotificationMessage)


if __name__ == "__main__":
    main(*sys.argv[1:])
