"""From masked pictures to signals: motion gate, detector, tracker, metres on the ground, the eight rules.

In: masked pictures and an `AnalysisAssignment`. Out: `EventSignal`s for a person to judge, and crossings to count.
Nothing here knows a person, keeps one, or acts. Who may be looked at is `csu.governance`'s answer, given beforehand.
"""
