"""Destruction on its day: rounds of the purge over every tier, the catalogue's hours and days, the keys; and by hand.

In: what the law wants of each camera's day, what is held. Out: destroyed footage, lines of the legal register, counts.
"""
