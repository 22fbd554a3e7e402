"""What Alembic runs: the connection comes from `csu.recording.schema.migrate`, which also ends its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
