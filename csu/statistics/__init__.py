"""Statistics: how many pass, how much is put into bins, hour by hour; never who (STA-1 to STA-3).

In: crossings and deposits where pictures are looked at, then `SlotCount`s; the counters that a controller decided on.
Out: figures that may be read (late, five or more), profiles, collection hours, CSV and Parquet. Nothing here feeds an
alarm, a signal or the wall, and nothing of it is about one person.
"""

from csu.statistics.bin_visits import BinVisits
from csu.statistics.collection_hours import Collection, CollectionPlan, CollectionTerms, collection_plan
from csu.statistics.count_store import CountsNotKept, CountStore, Kept
from csu.statistics.counter_ledger import CounterLedger, CountersBroken, CountersNotKept
from csu.statistics.counters import Counter, CounterKind, Counters, CountersUnusable, counters_from, counters_text
from csu.statistics.flows import Change, DaySum, HourMean, Series, ToldDay
from csu.statistics.legal_basis import CountsOfCamera, counted_now, may_count
from csu.statistics.publication import Figure, Told, figures, readable_at_ns
from csu.statistics.slot_counter import SlotCounter

__all__ = [
    "BinVisits",
    "Change",
    "Collection",
    "CollectionPlan",
    "CollectionTerms",
    "CountStore",
    "Counter",
    "CounterKind",
    "CounterLedger",
    "Counters",
    "CountersBroken",
    "CountersNotKept",
    "CountersUnusable",
    "CountsNotKept",
    "CountsOfCamera",
    "DaySum",
    "Figure",
    "HourMean",
    "Kept",
    "Series",
    "SlotCounter",
    "Told",
    "ToldDay",
    "collection_plan",
    "counted_now",
    "counters_from",
    "counters_text",
    "figures",
    "may_count",
    "readable_at_ns",
]
