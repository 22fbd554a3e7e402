"""The conformance kit: what a device is asked before it is put into service (entry points `csu.conformance`).

In: the address of a device, and the engine's eyes. Out: checks, one after the other, each with the requirement that it
answers to. A device is left as it was found.
"""
