"""Where alarms are kept before anybody hears of them: the panel is acknowledged only after this write."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from csu.alarms.desk import Alarm, AlarmId, AlarmNotKept, AlarmState
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.words import Words

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
    sa.Column("state", sa.String, nullable=False),
    sa.Column("taken_at_ns", sa.BigInteger, nullable=False),
    sa.Column("acked_at_ns", sa.BigInteger),
    sa.Column("acked_by", sa.String, nullable=False),
    sa.Column("escalated_at_ns", sa.BigInteger),
)


class AlarmStore:
    """One SQLite file of alarms. Calls block: the centre makes them in its executor."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        with self._engine.begin() as connection:
            _metadata.create_all(connection)

    def save(self, alarm: Alarm) -> None:
        """Write the alarm as it is now; durable when this returns. Raises AlarmNotKept."""
        message = alarm.message
        row = {
            "alarm": alarm.alarm,
            "panel": message.panel,
            "sequence": message.sequence,
            "commune": message.commune,
            "site": message.site,
            "kind": message.kind.value,
            "raised_at_ns": message.raised_at_ns,
            "state": alarm.state.value,
            "taken_at_ns": alarm.taken_at_ns,
            "acked_at_ns": alarm.acked_at_ns,
            "acked_by": alarm.acked_by,
            "escalated_at_ns": alarm.escalated_at_ns,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_alarm).prefix_with("OR REPLACE"), row)
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

    def load(self) -> list[Alarm]:
        """Every alarm on disk, oldest first: what a restarted desk begins with."""
        query = sa.select(_alarm).order_by(_alarm.c.taken_at_ns, _alarm.c.alarm)
        with self._engine.connect() as connection:
            return [_alarm_of(row) for row in connection.execute(query)]

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _alarm_of(row: sa.Row[tuple[object, ...]]) -> Alarm:
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
        state=AlarmState(fields["state"]),
        taken_at_ns=fields["taken_at_ns"],
        acked_at_ns=fields["acked_at_ns"],
        acked_by=fields["acked_by"],
        escalated_at_ns=fields["escalated_at_ns"],
    )
