"""Media nodes and what they keep: followed and started again, their accounts believed once, their volumes looked after.

In: nodes' manifests and health, volumes. Out: rows of the catalogue, troubles, lost volumes declared.
"""
