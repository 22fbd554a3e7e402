"""A simulated city: virtual time, cameras, nodes, panels, people, faults, and oracles that judge the engine.

In: a scenario and a seed. Out: devices behind the ports of `csu.hal`, a run of the real `csu.centre`, a verdict.
Of csu it knows `csu.hal` and `csu.centre` only; `csu` knows nothing of it.
"""
