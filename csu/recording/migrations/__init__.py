"""How a catalogue of an older version becomes one of this one (Alembic). `csu.recording.schema.migrate` runs them."""
