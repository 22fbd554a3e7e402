"""Where alarms are kept before anybody hears of them: the panel is acknowledged only after this write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.alarms.alarm import (
    Alarm,
    AlarmId,
    AlarmNotKept,
    AlarmState,
    AlarmStep,
    Contact,
    Escalation,
    PoliceCall,
)
from csu.alarms.desk import REMEMBERED_PER_PANEL
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
VERSION = 1
"""Of the file's layout, in SQLite's `user_version`. 0: alarms ended at their acknowledgement."""
MIGRATED_BY = "csu"
"""Who closed the alarms that a file of version 0 held as acknowledged: nobody qualified them, and none pretends to."""

_metadata = sa.MetaData()
_alarm = sa.Table(
    "alarm",
    _metadata,
    sa.Column("alarm", sa.String, primary_key=True),
    sa.Column("panel", sa.String, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("commune", sa.String, nullable=False),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("raised_at_ns", sa.BigInteger, nullable=False),
    sa.Column("taken_at_ns", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("steps", sa.String, nullable=False, server_default="[]"),
    sa.Column("escalations", sa.String, nullable=False, server_default="[]"),
)


_UNFINISHED = (
    sa.select(_alarm).where(_alarm.c.state != AlarmState.CLOSED.value).order_by(_alarm.c.taken_at_ns, _alarm.c.alarm)
)
_CLOSED = sa.select(sa.func.count()).where(_alarm.c.state == AlarmState.CLOSED.value)
_PANELS = sa.select(_alarm.c.panel).distinct().order_by(_alarm.c.panel)
_SAID = (
    sa.select(_alarm.c.sequence)
    .where(_alarm.c.panel == sa.bindparam("panel"))
    .order_by(_alarm.c.taken_at_ns.desc(), _alarm.c.sequence.desc())
    .limit(REMEMBERED_PER_PANEL)
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS alarm_by_state ON alarm (state, taken_at_ns)",
    "CREATE INDEX IF NOT EXISTS alarm_by_panel ON alarm (panel, taken_at_ns, sequence)",
)
_COLUMNS = ", ".join(_alarm.c.keys())
_FIND = f"SELECT {_COLUMNS} FROM alarm WHERE alarm = ?"  # noqa: S608 - our own names
_SAVE = f"INSERT OR REPLACE INTO alarm ({_COLUMNS}) VALUES ({', '.join('?' * len(_alarm.c))})"  # noqa: S608
"""As the driver takes them: an alarm is written at each of its steps, and nothing here needs SQLAlchemy's types."""
_COUNTS = (
    "SELECT commune, kind, COUNT(*), SUM(steps LIKE '%[\"confirmed\",%') FROM alarm"
    " WHERE raised_at_ns >= ? AND raised_at_ns < ? GROUP BY commune, kind ORDER BY commune, kind"
)
"""A step is written `["confirmed",...]`: nothing that people typed holds a quotation mark without a backslash."""


@dataclass(frozen=True, slots=True)
class KeptAlarms:
    """What is on disk, as far as a desk must know it."""

    unfinished: tuple[Alarm, ...]
    """Alarms that are not closed, oldest first."""
    said: Mapping[PanelId, tuple[int, ...]]
    """The sequences of each panel's last REMEMBERED_PER_PANEL messages, oldest first: repeats of them are repeats."""
    closed: int
    """How many alarms are closed; the file keeps them, nobody reads them here."""


class AlarmStore:
    """One SQLite file of alarms. Calls block: the centre makes them in its executor."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open, begin or bring up to date the file. Raises AlarmNotKept for one that a newer csu wrote.

        `durable=False` does not sync: for simulations, whose files nobody reads after a crash."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # The driver must not begin transactions of its own: it would begin none before the statements of a migration.
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
        if not durable:
            sa.event.listen(self._engine, "connect", _without_syncing)
        try:
            with self._engine.begin() as connection:
                _lay_out(connection, path.name)
        except BaseException:
            self.close()
            raise

    def save(self, alarm: Alarm) -> None:
        """Write the alarm as it is now; durable when this returns. Raises AlarmNotKept."""
        message = alarm.message
        row = (
            alarm.alarm,
            message.panel,
            message.sequence,
            message.commune,
            message.site,
            message.kind.value,
            message.raised_at_ns,
            alarm.taken_at_ns,
            alarm.state.value,
            _text([_step_fields(step) for step in alarm.steps]),
            _text([(told.state, told.to, told.at_ns) for told in alarm.escalations]),
        )
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(_SAVE, row)
        except sa.exc.SQLAlchemyError as error:
            raise AlarmNotKept(
                Words(
                    f"l'alarme n'a pas pu être écrite ({type(error).__name__})",
                    f"the alarm could not be written ({type(error).__name__})",
                ),
                where=alarm.alarm,
                what_to_do=Words(
                    "Vérifiez le volume des alarmes ; la centrale répétera",
                    "Check the volume of the alarm store; the panel will repeat",
                ),
            ) from error

    def load(self) -> KeptAlarms:
        """What a restarted desk begins with. As long as what is not over, however many alarms the years have left."""
        with self._engine.connect() as connection:
            unfinished = tuple(_alarm_of(row) for row in connection.execute(_UNFINISHED))
            panels = connection.execute(_PANELS).scalars().all()
            said = {
                PanelId(panel): tuple(reversed(connection.execute(_SAID, {"panel": panel}).scalars().all()))
                for panel in panels
            }
            closed = connection.execute(_CLOSED).scalar_one()
        return KeptAlarms(unfinished, said, closed)

    def find(self, alarm: AlarmId) -> Alarm | None:
        """One alarm as it is on disk; None: it is not there."""
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(_FIND, (alarm,)).one_or_none()
        return None if row is None else _alarm_of(row)

    def counts(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[tuple[CommuneId, AlarmKind, int, int]]:
        """Of the alarms raised in [from_ns, to_ns): commune, kind, how many, and how many were confirmed."""
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_COUNTS, (from_ns, to_ns)).all()
        return [(CommuneId(row[0]), AlarmKind(row[1]), int(row[2]), int(row[3])) for row in rows]

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _without_syncing(connection: Any, _record: object) -> None:  # the driver's own connection
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")


def _lay_out(connection: sa.Connection, name: str) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
    if version > VERSION:
        raise AlarmNotKept(
            Words(
                f"ce fichier est d'un csu plus récent (version {version})", f"a newer csu wrote it (version {version})"
            ),
            where=name,
            what_to_do=Words("Mettez csu à jour, ou rendez-lui son fichier", "Update csu, or give it its own file"),
        )
    if version == 0 and sa.inspect(connection).has_table("alarm"):
        _from_version_0(connection)
    _metadata.create_all(connection)
    for index in _INDEXES:
        connection.exec_driver_sql(index)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _from_version_0(connection: sa.Connection) -> None:
    """Columns of one acknowledgement and one escalation become steps and escalations.

    In a file of version 0 an acknowledged alarm had left the desk for good. It is closed here, by csu and at the
    instant of its acknowledgement, so that years of them do not come back and ring; its steps say that nobody
    qualified it.
    """
    for column in ("steps", "escalations"):
        connection.exec_driver_sql(f"ALTER TABLE alarm ADD COLUMN {column} VARCHAR NOT NULL DEFAULT '[]'")
    old = connection.exec_driver_sql("SELECT alarm, acked_at_ns, acked_by, escalated_at_ns FROM alarm").all()
    for alarm, acked_at_ns, acked_by, escalated_at_ns in old:
        state, steps, told = AlarmState.RAISED, list[Sequence[object]](), list[Sequence[object]]()
        if escalated_at_ns is not None:
            # The ladder had no first rung then: written as told, so that it does not ring after the fact.
            told = [(AlarmState.RAISED, to, escalated_at_ns) for to in (Contact.ROOM, Contact.ROOM_CHIEF)]
        if acked_at_ns is not None:
            state = AlarmState.CLOSED
            steps = [(AlarmState.ACKED, acked_at_ns, acked_by), (AlarmState.CLOSED, acked_at_ns, MIGRATED_BY)]
        connection.exec_driver_sql(
            "UPDATE alarm SET state = ?, steps = ?, escalations = ? WHERE alarm = ?",
            (state.value, _text(steps), _text(told), alarm),
        )
    for column in ("acked_at_ns", "acked_by", "escalated_at_ns"):
        connection.exec_driver_sql(f"ALTER TABLE alarm DROP COLUMN {column}")


def _text(fields: Sequence[Sequence[object]]) -> str:
    return _json(fields) if fields else "[]"


def _step_fields(step: AlarmStep) -> tuple[object, ...]:
    call = step.police
    return (step.to, step.at_ns, step.by) + ((call.service, call.taken_by, call.call) if call else ())


def _step_of(to: str, at_ns: int, by: str, *call: str) -> AlarmStep:
    return AlarmStep(AlarmState(to), at_ns, by, PoliceCall(*call) if call else None)


def _alarm_of(row: sa.Row[Any]) -> Alarm:
    fields = row._mapping
    message = PanelMessage(
        panel=PanelId(fields["panel"]),
        sequence=fields["sequence"],
        commune=CommuneId(fields["commune"]),
        site=fields["site"],
        kind=AlarmKind(fields["kind"]),
        raised_at_ns=fields["raised_at_ns"],
    )
    return Alarm(
        alarm=AlarmId(fields["alarm"]),
        message=message,
        taken_at_ns=fields["taken_at_ns"],
        steps=tuple(_step_of(*step) for step in json.loads(fields["steps"])),
        escalations=tuple(
            Escalation(AlarmState(state), Contact(to), at_ns) for state, to, at_ns in json.loads(fields["escalations"])
        ),
    )
