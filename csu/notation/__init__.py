"""How people write files for csu: YAML in which every fault has its line and column, quantities with their units.

In: a file, the pydantic model of what it holds. Out: texts with places, values, and all that is wrong with it in both
languages. What a scenario, a wall or a scene may say is told where these are read.
"""

from csu.notation.explain import Kinds, did_you_mean, explain, unknown
from csu.notation.quantities import BadQuantity
from csu.notation.refused import FileRefused
from csu.notation.text import CORRECT, Fault, FileKind, KeyPath, Place, WrittenText, read_text

__all__ = [
    "CORRECT",
    "BadQuantity",
    "Fault",
    "FileKind",
    "FileRefused",
    "KeyPath",
    "Kinds",
    "Place",
    "WrittenText",
    "did_you_mean",
    "explain",
    "read_text",
    "unknown",
]
