"""The eight types, each in a file of its own: pictures after gate, detector and tracker in, findings out. Pure."""

from csu.detection.rules.making import RulesMade, Unavailable, make_rules

__all__ = ["RulesMade", "Unavailable", "make_rules"]
