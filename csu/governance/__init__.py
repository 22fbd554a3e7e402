"""May this be done? The one decision point: law and local doctrine, as two layers; the stricter wins.

In: a question with camera, purpose, person and date. Out: yes or no with its source. Today: the local doctrine only.
"""

from csu.governance.doctrine import LocalDoctrine

__all__ = ["LocalDoctrine"]
