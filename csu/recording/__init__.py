"""Recording: masked packets become one-minute files, and manifests become a catalogue that says where every second is.

In: `MaskedPacket`s of one camera; `Manifest`s of the nodes. Out: `ClosedSegment`s on a `Disk`; answers to "what was
recorded of this camera, when". Anything clear, and any sound, is refused here.
"""

from csu.recording.catalogue import Catalogue
from csu.recording.catalogue_postgres import open_catalogue
from csu.recording.check import SegmentCheck, check_segment
from csu.recording.coverage import CameraCoverage, coverage_of, paris_day
from csu.recording.errors import CatalogueError, RecordingError
from csu.recording.kept import CatalogueTotals, Destruction, DestructionReason
from csu.recording.names import SegmentName, parse_segment_name, segment_name
from csu.recording.pages import SegmentRow
from csu.recording.recorder import CameraRecorder
from csu.recording.rollover import SEGMENT_NS, SEGMENT_NS_MAX, Rollover
from csu.recording.segment import ClosedSegment, SegmentWriter

__all__ = [
    "SEGMENT_NS",
    "SEGMENT_NS_MAX",
    "CameraCoverage",
    "CameraRecorder",
    "Catalogue",
    "CatalogueError",
    "CatalogueTotals",
    "ClosedSegment",
    "Destruction",
    "DestructionReason",
    "RecordingError",
    "Rollover",
    "SegmentCheck",
    "SegmentName",
    "SegmentRow",
    "SegmentWriter",
    "check_segment",
    "coverage_of",
    "open_catalogue",
    "paris_day",
    "parse_segment_name",
    "segment_name",
]
