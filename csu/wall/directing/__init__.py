"""Who is shown where, and why.

In: the wall's plan (scenes of slots, programmes), alarms, requests, signals, rights. Out: decisions with their causes.
"""
