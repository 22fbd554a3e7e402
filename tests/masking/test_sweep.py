"""Covers that hold although nobody knows just where a camera looks: wrong within bounds, or somewhere on its way."""

from __future__ import annotations

from csu.hal.place import PoseBounds
import pytest

ALL = PoseBounds(angle_deg=0.4, position_m=0.3, focal_share=0.01, k1=0.02)

@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name,kw", {
 "plain": dict(),
 "shapes": dict(shapes=True),
 "zones": dict(shapes=True, zones=True),
 "bent": dict(shapes=True, zones=True, k1=(-0.3,0.1), focal_px=(250,1500)),
 "allwrong": dict(shapes=True, zones=False, k1=(-0.2,0.1), bounds=ALL),
 "allwrong0": dict(shapes=True, zones=False, bounds=ALL),
 "sweep": dict(shapes=True, zones=True, sweep=(12,5,.3)),
 "sweepall": dict(shapes=True, zones=False, sweep=(20,10,1), bounds=ALL, k1=(-.2,.05)),
 "tele": dict(shapes=True, zones=True, sweep=(6,3,.3), focal_px=(2000,15000)),
 "down": dict(shapes=True, height_m=(30, 60), tilt_deg=(-90, -45), reach_m=50, sweep=(20,3,0), bounds=ALL),
 "angle": dict(bounds=PoseBounds(0.3), focal_px=(4000,15000), roll_deg=30),
}.items())
def test_x(coverage, name, kw, seed):
    r=coverage(100+seed, 15, **kw)
    print(name, r, round(r.overcovered/r.other,3))
    assert r.missed==0
