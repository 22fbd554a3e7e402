"""The only way masks reach a node: commissioning, the register's changes, cameras that mask by themselves.

In: a site, a register of masks. Out: what each camera's media node is told, and who must be masked by the engine.
"""
