"""The leak oracle: proof that what must not be seen is not, used by tests, scenarios and field acceptance.

In: chance (scenes, footage, persons) and the paths of other rooms. Out: counts and findings. It plays the truth against
the real cover policy, mask and encoder: `judge` for geometry by ray casting, `pictures` for pixels on every path,
`interference` for bit-exactness, `attack` for matching people, `by_products` for what a node leaves behind. `defects`
plants the mistakes that it must find.
"""

from csu.masking.proof.attack import AttackResult, attack
from csu.masking.proof.by_products import Trace, traces
from csu.masking.proof.cases import Case
from csu.masking.proof.edge_audit import edge_audit
from csu.masking.proof.interference import EVERY_KIND, interference
from csu.masking.proof.judge import CaseResult, CoverMaker, Sight, Tally, judge, sight_of
from csu.masking.proof.oracle import Part, Proof, findings, prove
from csu.masking.proof.pictures import PATHS, Leak, PictureResult, judge_pictures
from csu.masking.proof.rays import FORBIDDEN, Label

__all__ = [
    "EVERY_KIND",
    "FORBIDDEN",
    "PATHS",
    "AttackResult",
    "Case",
    "CaseResult",
    "CoverMaker",
    "Label",
    "Leak",
    "Part",
    "PictureResult",
    "Proof",
    "Sight",
    "Tally",
    "Trace",
    "attack",
    "edge_audit",
    "findings",
    "interference",
    "judge",
    "judge_pictures",
    "prove",
    "sight_of",
    "traces",
]
