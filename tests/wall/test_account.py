"""Why a tile showed what it did, from the lines that its director left."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.centre.commands.wall_why import why_command
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.wall import AlarmEnded, Cause, CauseKind, SceneCalled, SceneChanged, SlotId, TileChanged
from csu.wall.directing.account import AccountUnreadable, account_of, at, decision_of, line_of
from tests.wall.director_builders import Wall

SPOT = SlotId("spot")
texts = st.text(max_size=20)
causes = st.builds(Cause, st.sampled_from(CauseKind), texts)
names = st.one_of(st.none(), texts.map(CameraId))
instants = st.integers(0, 2**62)
decisions = st.one_of(
    st.builds(SceneChanged, texts, texts, causes, instants),
    st.builds(TileChanged, texts, texts.map(SlotId), names, names, causes, instants),
)


@pytest.fixture
def day() -> list[str]:
    """An alarm takes a spot, is closed; the chief calls a scene."""
    wall = Wall(begins_ns=1_795_874_400 * NS_PER_S)
    told = wall.alarm("p/1", 1, 20) + wall.after(20)
    told += wall.hear(AlarmEnded("p/1")) + wall.after(20) + wall.hear(SceneCalled("march", "chef"))
    return [line for each in told if (line := line_of(each)) is not None]


@given(decisions)
def test_what_is_written_is_read_again(decision) -> None:
    line = line_of(decision)
    assert line is not None
    assert "\n" not in line
    assert decision_of(line, 1) == decision


def test_a_tile_is_told_change_by_change_with_its_cause_until_its_scene_goes(day) -> None:
    account = account_of(SPOT, [decision_of(line, n) for n, line in enumerate(day)])
    assert [each.words.en for each in account] == [
        "cam-20 · alarm p/1",
        "nothing (before: cam-20) · empty: no camera available",
        "not up any more, scene march: scene called by chef",
        "nothing · empty: no camera available",
    ]
    assert at(account, account[1].at_ns - 1) == account[0]
    assert at(account, account[0].at_ns - 1) is None


@pytest.mark.parametrize(
    "line",
    ["", "[]", "{}", "nonsense", '{"at_ns": 1, "scene": "s", "was": "", "cause": "whim", "ref": ""}', "9" * 5000],
)
def test_a_line_that_no_director_wrote_is_refused_with_its_number(line) -> None:
    with pytest.raises(AccountUnreadable, match=":7"):
        decision_of(line, 7)


def test_the_command_tells_what_held_then_and_says_when_it_knows_nothing(day, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("CSU_LANG", "en")
    path = tmp_path / "wall.jsonl"
    path.write_text("\n".join(day), encoding="utf-8")
    assert why_command("spot", path, "2026-11-28T15:01:10", as_json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)["told"]
    assert (told["camera"], told["cause"], told["ref"]) == ("cam-20", "alarm", "p/1")
    assert why_command("spot", path, None) == 0
    assert "15:01:00+01:00  cam-20 · alarm p/1" in capsys.readouterr().out
    assert why_command("nowhere", path, None) == 1
    assert why_command("spot", path, "2026-11-28T14:00+01:00") == 1
    for bad_path, instant in ((path, "noon"), (tmp_path / "none", None)):
        with pytest.raises(BadInput):
            why_command("spot", bad_path, instant)
