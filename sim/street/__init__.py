"""The street: a small world of buildings, people and vehicles, and the picture a camera has of it.

In: a seed, an instant, a pose. Out: the same 4:2:0 picture each time, and the truth about what is in it.
Pure: no clock, no file, no chance but the seed.
"""
