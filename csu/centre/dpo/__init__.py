"""What the data protection officer does in a running centre, beside its work: registers, signatures, verifications.

Every desk here reads and writes files that other processes may share, in threads, one at a time; none keeps the centre
waiting, and none can show a picture.
"""

from csu.centre.dpo.opening import DpoHome, open_dpo

__all__ = ["DpoHome", "open_dpo"]
