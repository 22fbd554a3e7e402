"""What people type: each `csu` command of a centre, and the pages that it leaves.

In: what a person or a machine asks. Out: one answer (a table, or JSON) and an exit code. `csu.cli` imports each late.
"""
