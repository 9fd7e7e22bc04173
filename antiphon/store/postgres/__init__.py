"""PostgreSQL: connections, threads that work on them, tables, and the bus. Nothing here is imported without need."""
