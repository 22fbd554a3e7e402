"""Cluster: where media nodes and the wall run, and how their processes are kept.

In: ports of the rooms (`csu.ingest`, `csu.masking`, `csu.recording`, `csu.wall`), composed here. Out: `MediaNode` and
`LiveRelay` for the control plane. Import the part you need: `csu.cluster.embedded`, `csu.cluster.wall_process`.
"""
