"""The cameras of the suites: 4.5 to 11 m high, zoomed so that people are 50 to 130 px, and fewer where said."""

from __future__ import annotations

from csu.detection.evaluation.scenes.clip import Conditions, Daylight
from csu.detection.evaluation.scenes.place import Place, avenue, square, street
from csu.hal.place import Pose

STREET, SQUARE, AVENUE = street(), square(), avenue()
Camera = tuple[Place, Pose]

STREET_6: Camera = (STREET, Pose(6.5, 0.0, 6.0, -12.0, -14.0, 0.0, 1000.0))
STREET_4: Camera = (STREET, Pose(6.8, 0.0, 4.5, -11.0, -9.5, 0.0, 950.0))
SQUARE_8: Camera = (SQUARE, Pose(0.0, 0.0, 8.0, 3.0, -18.0, 0.0, 1100.0))
SQUARE_4: Camera = (SQUARE, Pose(1.0, 0.0, 4.5, -2.0, -10.0, 0.5, 1000.0))
SQUARE_11: Camera = (SQUARE, Pose(-2.0, 0.0, 11.0, 4.0, -24.5, 0.0, 1250.0))
WIDE_8: Camera = (SQUARE, Pose(0.0, 0.0, 8.0, 3.0, -17.0, 0.0, 900.0))
WIDE_4: Camera = (SQUARE, Pose(1.0, 0.0, 4.5, -2.0, -9.0, 0.5, 850.0))
WIDE_11: Camera = (SQUARE, Pose(-2.0, 0.0, 11.0, 4.0, -24.0, 0.0, 1050.0))
AVENUE_7: Camera = (AVENUE, Pose(0.0, 0.0, 7.0, 0.0, -15.5, 0.0, 640.0))
AVENUE_10: Camera = (AVENUE, Pose(-8.0, -2.0, 10.0, 16.0, -19.0, 0.0, 700.0))

DAY = Conditions()
GREY = Conditions(Daylight.OVERCAST)
NIGHT = Conditions(Daylight.NIGHT)
INFRARED = Conditions(Daylight.INFRARED)
RAIN = Conditions(Daylight.OVERCAST, rain=True)
RAINY_NIGHT = Conditions(Daylight.NIGHT, rain=True)
SHAKE = Conditions(Daylight.SUN, shake_px=0.6)
EXPOSURE = Conditions(Daylight.OVERCAST, exposure=0.3)
CLOUD = Conditions(Daylight.SUN, cloud=True)
LEAVES = Conditions(Daylight.SUN, leaves=True)
PUDDLE = Conditions(Daylight.OVERCAST, puddle=True)
