"""The leak oracle: proof that what must not be seen is not, used by tests, scenarios and field acceptance.

In: chance (scenes, footage, persons) and the paths of other rooms. Out: counts and findings. It plays the truth against
the real cover policy, mask and encoder: `judge` for geometry by ray casting, `pictures` for pixels on every path,
`interference` for bit-exactness, `attack` for matching people, `by_products` for what a node leaves behind. `defects`
plants the mistakes that it must find.
"""

from csu.masking.proof.attack import AttackResult, attack
from csu.masking.proof.by_products import Trace, traces
from csu.masking.proof.cases import Case
from csu.masking.proof.interference import EVERY_KIND, interference
from csu.masking.proof.judge import CaseResult, CoverMaker, Tally, judge
from csu.masking.proof.pictures import PATHS, Leak, PictureResult, judge_pictures

__all__ = [
    "EVERY_KIND",
    "PATHS",
    "AttackResult",
    "Case",
    "CaseResult",
    "CoverMaker",
    "Leak",
    "PictureResult",
    "Tally",
    "Trace",
    "attack",
    "interference",
    "judge",
    "judge_pictures",
    "traces",
]
