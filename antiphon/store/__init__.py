"""Durable state. The only place with SQL, and one of two where foreign exceptions become ours (`failures.py`)."""
