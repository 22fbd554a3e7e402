"""ByteTrack of `trackers` (Roboflow, Apache-2.0) on detections that csu made: CPU seconds and the numbers it gave.

Run by `.venv-peer/bin/python track_peer.py DETECTIONS.json FRAMES_PER_S`; one JSON object on stdout. Knows nothing of
csu. Its thresholds are set to csu's, where it has the same ones.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import supervision
from trackers import ByteTrackTracker


def main() -> None:
    pictures = json.loads(Path(sys.argv[1]).read_text())
    frames_per_s = float(sys.argv[2])
    made = [
        supervision.Detections(
            xyxy=np.array(each["boxes"], np.float32).reshape(-1, 4),
            confidence=np.array(each["scores"], np.float32),
            class_id=np.zeros(len(each["scores"]), int),
        )
        for each in pictures
    ]
    best_s, numbers = float("inf"), []
    for _ in range(5):
        tracker = ByteTrackTracker(
            lost_track_buffer=30,
            frame_rate=frames_per_s,
            track_activation_threshold=0.35,
            minimum_consecutive_frames=3,
            high_conf_det_threshold=0.3,
        )
        began_s = time.process_time()
        told = [tracker.update(each) for each in made]
        best_s = min(best_s, time.process_time() - began_s)
        numbers = [each.tracker_id.tolist() for each in told]
        boxes = [each.xyxy.tolist() for each in told]
    print(json.dumps({"s": best_s, "numbers": numbers, "boxes": boxes}))


main()
