"""The requisition desk of a running centre: cases, holds, packages, and its bridge to the purge.

In: commands of a named person. Out: stored, applied and journaled acts; packages sealed to who asked.
"""
