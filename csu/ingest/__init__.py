"""Ingest: from a camera's stream to masked pictures and packets, and an honest word about every second that is missing.

In: assignments and pose readings; H.264 over RTSP, video track only, or a clip. Out: masked pictures and packets, to
the outlets `csu.cluster` hands in; events, gaps and counts. A clear picture lives and dies inside one `Connection`.
"""

from csu.ingest.board import CameraBoard, CameraChanged, CameraState, CameraStatus
from csu.ingest.connection import Outlets
from csu.ingest.edge_connection import EdgeRoute, EdgeStage, Kept, NotKept
from csu.ingest.errors import CameraLost, CameraRefused, IngestError, StreamUnsupported
from csu.ingest.pipeline import CameraPipeline
from csu.ingest.ports import EventSink, MaskRoute, MaskStage, PacketSink, PictureShape, PictureSink, RecordingSink
from csu.ingest.tally import Account, add_counts

__all__ = [
    "Account",
    "CameraBoard",
    "CameraChanged",
    "CameraLost",
    "CameraPipeline",
    "CameraRefused",
    "CameraState",
    "CameraStatus",
    "EdgeRoute",
    "EdgeStage",
    "EventSink",
    "IngestError",
    "Kept",
    "MaskRoute",
    "MaskStage",
    "NotKept",
    "Outlets",
    "PacketSink",
    "PictureShape",
    "PictureSink",
    "RecordingSink",
    "StreamUnsupported",
    "add_counts",
]
