"""What must hold of every run: the world as the scenario declared it, against what the centre says and has written.

Each oracle returns a `Judgement` with the number of its invariant. One that had no case to judge does not hold.
"""
