"""An RTSP server that is not ours: GStreamer's, with cameras that burn the wall clock into their pictures.

Run by Debian's own interpreter (`/usr/bin/python3 gst_rtsp.py '{"pem": "...", "ports": [0, 0, 0]}'`): its `gi` is in no
virtual environment. Knows nothing of csu. One JSON object a line on stdout: first its ports (open, with a login, over
TLS with a login), then what clients did. It ends when its standard input does.
"""

import json
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  (versions are chosen before)

USER, PASSWORD, REALM = "csu", "Neutral-7", "neutral cameras"
WIDTH_PX, HEIGHT_PX, FRAMES_PER_S, SAMPLES_PER_S = 128, 96, 12, 8000
SQUARE_W_PX, SQUARE_H_PX = WIDTH_PX // 8, HEIGHT_PX // 8
"""64 squares: the bits of the wall clock in microseconds, the highest first."""

SOURCE = (
    "appsrc name=eye is-live=true format=time do-timestamp=true"
    f" caps=video/x-raw,format=I420,width={WIDTH_PX},height={HEIGHT_PX},framerate={FRAMES_PER_S}/1"
)
H264 = f"{SOURCE} ! openh264enc gop-size={FRAMES_PER_S} bitrate=300000 ! h264parse ! rtph264pay name=pay0 pt=96"
SOUND = (
    "appsrc name=ear is-live=true format=time do-timestamp=true"
    f" caps=audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate={SAMPLES_PER_S}"
)
"""Not audiotestsrc: it can seek, so the server seeks before it plays, which the eye cannot."""
CAMERAS = {
    "/h264": H264,
    "/locked": H264,
    "/udp-only": H264,
    "/aac": f"{H264} {SOUND} ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "/pcma": f"{H264} {SOUND} ! alawenc ! rtppcmapay name=pay1 pt=8",
    "/sound-first": f"{SOUND} ! alawenc ! rtppcmapay name=pay0 pt=8 {H264.replace('name=pay0', 'name=pay1')}",
    "/hevc": f"{SOURCE} ! x265enc speed-preset=ultrafast tune=zerolatency option-string=pools=none:frame-threads=1"
    " ! h265parse ! rtph265pay name=pay0 pt=96",
    "/mjpeg": f"{SOURCE} ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def picture():
    """The wall clock as black and white squares."""
    now_us = time.time_ns() // 1000
    rows = b""
    for row in range(8):
        bits = now_us >> (56 - 8 * row) & 0xFF
        line = b"".join((b"\xdc" if bits >> (7 - column) & 1 else b"\x20") * SQUARE_W_PX for column in range(8))
        rows += line * SQUARE_H_PX
    return rows + b"\x80" * (WIDTH_PX * HEIGHT_PX // 2)


def tone():
    """As long as a picture lasts."""
    count = SAMPLES_PER_S // FRAMES_PER_S
    return b"".join((b"\x00\x20" if n % 16 < 8 else b"\x00\xe0") for n in range(count))


def feed(_factory, media):
    """A picture, and a sound where there is one, each 1 / FRAMES_PER_S s, while the media lives."""
    pipeline = media.get_element()
    eye, ear = pipeline.get_by_name("eye"), pipeline.get_by_name("ear")
    lives = [True]
    media.connect("unprepared", lambda _: lives.clear())

    def push():
        if lives:
            eye.emit("push-buffer", Gst.Buffer.new_wrapped(picture()))
            if ear is not None:
                ear.emit("push-buffer", Gst.Buffer.new_wrapped(tone()))
        return bool(lives)

    push()
    GLib.timeout_add(1000 // FRAMES_PER_S, push)


def serve(mounts, port, pem=None, *, login):
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    server.set_mount_points(mounts)
    if login:
        auth = GstRtspServer.RTSPAuth.new()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.set_realm(REALM)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", USER)
        auth.add_digest(USER, PASSWORD, token)
        if pem is not None:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(pem))
        server.set_auth(auth)
    server.attach(None)
    return server


def main():
    asked = json.loads(sys.argv[1])
    Gst.init(None)
    missing = [name for name in ("openh264enc", "x265enc", "voaacenc", "jpegenc") if not Gst.ElementFactory.find(name)]
    if missing:
        sys.exit(f"GStreamer lacks {', '.join(missing)}")
    mounts = GstRtspServer.RTSPMountPoints.new()
    rights = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        rights.add_permission_for_role(USER, right, True)
    for path, launch in CAMERAS.items():
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(asked.get("shared", True))
        factory.set_permissions(rights)
        if path == "/udp-only":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        factory.connect("media-configure", feed)
        mounts.add_factory(path, factory)
    ports = asked.get("ports", [0, 0, 0])
    servers = [
        serve(mounts, ports[0], login=False),
        serve(mounts, ports[1], login=True),
        serve(mounts, ports[2], asked["pem"], login=True),
    ]
    say(ports=[server.get_bound_port() for server in servers])
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
