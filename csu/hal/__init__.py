"""Ports: what a clock, a camera, a media node, a panel, a wall output, a dispatch contact and a disk ARE.

In: nothing. Out: protocols and frozen value types that every room, `hardware` and `sim` share.
No I/O and no decisions live here; a line that opens, waits or chooses belongs to a room or to a binding.
"""
