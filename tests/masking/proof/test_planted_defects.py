"""The oracle finds every planted defect, and nothing where none is planted."""

from __future__ import annotations

import pytest

from csu.machine import SystemChance
from csu.masking.proof import Part, findings
from csu.masking.proof.defects import DEFECTS, Defect

SEED = "planted"
CASES = [(defect, part) for defect in DEFECTS for part in defect.found_by]
ISSUE = {
    "no near-plane clip",
    "one-pixel shrink",
    "chroma forgotten",
    "one frame late after a preset",
    "full-range assumption",
    "Gaussian instead of fill",
    "mask skipped on the thumbnail path",
    "edge audit disabled",
}


@pytest.mark.parametrize("part", [part for part in Part if part is not Part.ATTACK], ids=str)
def test_without_a_defect_nothing_is_found(part: Part):
    assert findings(part, SystemChance(SEED), scenes=8) == []


@pytest.mark.parametrize(("defect", "part"), CASES, ids=[f"{d.name} - {part}" for d, part in CASES])
def test_a_planted_defect_is_found(defect: Defect, part: Part):
    with defect.plant():
        assert findings(part, SystemChance(SEED), cases=(defect.case,)), f"seed {SEED}"


def test_every_defect_of_the_list_is_planted():
    assert {defect.name for defect in DEFECTS} >= ISSUE


def test_a_defect_goes_when_it_is_dug_up():
    defect = next(defect for defect in DEFECTS if defect.name == "full-range assumption")
    with defect.plant():
        assert findings(Part.PICTURES, SystemChance(SEED))
    assert findings(Part.PICTURES, SystemChance(SEED), scenes=2) == []
