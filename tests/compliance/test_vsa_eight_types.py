"""VSA-4: the eight types of event of décret 2023-828, art. 3, and no ninth, wherever one could be written.

AUD-3 beside it: no type, no class and no outcome of an analysis is of something heard.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

import csu
from csu.detection.parameters import EventTypeRefused, describe, event_type_named, parameters_of
from csu.detection.rules import make_rules
from csu.detection.signals import Dismissal, Qualification, SignalRefused, Unjudged
from csu.governance.analysis_orders import order_from, order_text
from csu.governance.errors import AnalysisOrderRefused, ModelRefused
from csu.governance.model_register import model_from, model_text
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ObjectClass, ZoneRule
from csu.hal.camera import CameraId
from csu.operations.analysis_zones import CameraDrawing
from tests.detection.signals.said import desk, raised, said
from tests.governance.analysed_evening import a_model, an_order

ENGINE = Path(csu.__file__).parent
THE_EIGHT = {
    "abandoned_object", "weapon", "wrong_way", "restricted_zone", "person_down", "crowd_movement", "crowd_density",
    "fire_start",
}  # fmt: skip
FORBIDDEN = [
    "loitering", "running", "gathering", "fight", "graffiti", "illegal_parking", "abandoned_vehicle", "waste_dumping",
    "face",
]  # fmt: skip
"""What a buyer asks for and the law does not permit (VSA-4, VSA-5)."""
NINTH = re.compile(
    r"^(loiter\w*|maraud\w*|attroupement\w*|fight\w*|brawl\w*|bagarre\w*|rixe\w*|graffiti\w*|tagg(er|ing)|vandal\w*"
    r"|(illegal|wrong)_park\w*|abandoned_vehicle\w*|(waste|illegal)_dump\w*|(runner|running)_(person|detect\w*)"
    r"|suspicious\w*|gatherings?|gathering_\w+|behaviou?r\w*|demographic\w*|gender|ethnic\w*|emotions?)$"
)
HEARD = re.compile(
    r"^(gun_?shots?|glass_?break\w*|screams?|shouts?|explosions?|sounds?|acoustic\w*|audio\w*|decibels?)$"
)
OF_THE_ANALYSIS = ("hal/analysis.py", "detection/**/*.py", "centre/rooms/analysis*.py", "cluster/analysis*.py",
                   "governance/analysis*.py", "governance/model_register.py", "operations/analysis*.py")  # fmt: skip


def words_of(source: str, pattern: re.Pattern[str]) -> set[str]:
    """Names and short texts of a program that the pattern knows, as they are and pair by pair."""
    found = set()
    for name in names_in(source):
        parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
        words = [word for word in re.split(r"[^a-z0-9]+", parts) if word]
        if any(map(pattern.match, [*words, *map("_".join, zip(words, words[1:], strict=False))])):
            found.add(name)
    return found


@cache
def names_in(source: str) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        told = [getattr(node, field, None) for field in ("attr", "id", "name", "arg")]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 40:
            told.append(node.value)
        found |= {name for name in told if isinstance(name, str)}
    return frozenset(found)


@cache
def programs_of_the_analysis() -> dict[str, str]:
    paths = {path for pattern in OF_THE_ANALYSIS for path in ENGINE.glob(pattern)}
    return {path.relative_to(ENGINE).as_posix(): path.read_text("utf-8") for path in sorted(paths)}


@pytest.mark.requirement("VSA-4")
def test_the_list_is_the_decrees_and_closed():
    assert {each.value for each in EventType} == THE_EIGHT
    assert len(EventType) == 8
    with pytest.raises(TypeError):

        class WithANinth(EventType):
            LOITERING = "loitering"


@pytest.mark.requirement("VSA-4")
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_a_ninth_type_is_refused_wherever_one_can_be_written(kind):
    with pytest.raises(ValueError, match=kind):
        EventType(kind)
    for asked in (event_type_named, describe):
        with pytest.raises(EventTypeRefused):
            asked(kind)
    rule = ZoneRule(AnalysisZone("z1", ((0, 0), (1, 0), (1, 1))), kind)
    with pytest.raises(EventTypeRefused):
        parameters_of(rule)
    made = make_rules(AnalysisAssignment(CameraId("cam-0001"), (rule,)), None, (640, 360))
    assert made.rules == ()
    assert len(made.unavailable) == 1
    of = desk()
    with pytest.raises(SignalRefused):
        raised(of, said(type_=kind))
    assert of.waiting() == []


@pytest.mark.requirement("VSA-4")
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_order_no_model_and_no_drawing_with_a_ninth_type_is_read(kind):
    order = json.loads(order_text(an_order()))
    with pytest.raises(AnalysisOrderRefused):
        order_from(json.dumps(order | {"types": [*order["types"], kind]}))
    model = json.loads(model_text(a_model()))
    model["results"][0]["type"] = kind
    with pytest.raises(ModelRefused):
        model_from(json.dumps(model))
    zone = {"zone": "z1", "corners": [[0, 0], [1, 0], [1, 1]], "lane": None}
    drawing = {"camera": "cam-0001", "drawn_by": "b.weber", "drawn_ns": 1, "rules": [{"zone": zone, "type": "weapon"}]}
    reader = TypeAdapter(CameraDrawing)
    assert reader.validate_python(drawing).rules[0].type is EventType.WEAPON
    drawing["rules"][0]["type"] = kind
    with pytest.raises(ValidationError):
        reader.validate_python(drawing)


@pytest.mark.requirement("VSA-4")
def test_no_program_of_the_analysis_names_a_ninth():
    programs = programs_of_the_analysis()
    assert len(programs) > 25
    assert {place: found for place, text in programs.items() if (found := words_of(text, NINTH))} == {}


@pytest.mark.requirement("AUD-3")
def test_nothing_that_an_analysis_may_tell_was_heard():
    told = [*EventType, *ObjectClass, *Qualification, *Dismissal, *Unjudged]
    assert [each.value for each in told if HEARD.match(each.value)] == []
    programs = programs_of_the_analysis()
    assert {place: found for place, text in programs.items() if (found := words_of(text, HEARD))} == {}


@pytest.mark.parametrize(
    ("planted", "pattern"),
    [
        ("class LoiteringRule: ...", NINTH),
        ("GRAFFITI = 'graffiti'", NINTH),
        ("def is_fight(tracks): ...", NINTH),
        ("kind = 'abandoned vehicle'", NINTH),
        ("class IllegalParking: ...", NINTH),
        ("GUNSHOT = 'gunshot'", HEARD),
        ("def on_glass_break(level): ...", HEARD),
    ],
)
def test_a_planted_ninth_is_seen(planted, pattern):
    assert words_of(planted, pattern)
