"""What Alembic runs: the migrations, in the transaction of whoever asked for them (`schema.py`)."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
