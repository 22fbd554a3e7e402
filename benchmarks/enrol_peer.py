"""onvif-python enters cameras one after another: the calls that `csu camera enrol` makes, and nothing kept.

Run by `.venv-peer/bin/python enrol_peer.py USER PASSWORD HOST:PORT...`. Knows nothing of csu; believes any certificate.
"""

from __future__ import annotations

import os
import sys

from onvif import ONVIFClient
from onvif.utils.exceptions import ONVIFOperationException

NEW, PASSWORD = "peer-a", "entered-by-the-peer-0"


for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)  # `requests` prefers them to being told to verify nothing


def main(user: str, password: str, addresses: list[str]) -> None:
    for address in addresses:
        host, _, port = address.partition(":")
        enter(host, int(port), user, password)
    print(len(addresses))


def enter(host: str, port: int, user: str, password: str) -> None:
    def logged_in(name: str, secret: str) -> ONVIFClient:
        return ONVIFClient(host, port, name, secret, timeout=30, use_https=True, verify_ssl=False)

    logged_in(user, password).devicemgmt().GetUsers()
    first = logged_in(user, password).devicemgmt()
    first.GetUsers()
    first.CreateUsers(User=[{"Username": NEW, "Password": PASSWORD, "UserLevel": "Administrator"}])
    logged_in(NEW, PASSWORD).devicemgmt().GetUsers()
    logged_in(NEW, PASSWORD).devicemgmt().DeleteUsers(Username=[user])
    try:
        logged_in(user, password).devicemgmt().GetUsers()
    except ONVIFOperationException:
        pass
    else:
        raise RuntimeError("the former account is alive")
    client = logged_in(NEW, PASSWORD)
    media = client.media2()
    profiles = media.GetProfiles(Type=["All"])
    media.GetMaskOptions(ConfigurationToken=profiles[0].Configurations.VideoSource.token)
    client.devicemgmt().GetEndpointReference()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
