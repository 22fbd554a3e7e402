"""The simulated world: a city, its people and devices, virtual time, faults, oracles and scenarios.

In: a seed, a scenario, options. Out: sites for the engine (`csu.bindings`), real endpoints on the loopback, verdicts.
It implements the ports of `csu.hal` and never decides anything for the centre.
"""
