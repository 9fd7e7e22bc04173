"""One wire format each, towards a provider and back. Pure: no I/O, no clock, no randomness of their own."""
