"""The drawing of the wall, and a reading of what its pixels show.

In: a scene laid out in pixels, masked pictures (from a `TileSource`). Out: pixels. `renderer` and `surface` need GL and
are imported by whoever draws; what tells states apart (`freshness`, `patterns`, `read_back`) needs none.
"""
