"""Where things lie on the wall.

In: cameras and a size. Out: a scene in pixels.
"""
