"""Redis or Valkey: one connection, the bus, and counters. Nothing here is imported without need."""
