"""The ASGI edge: from bytes of a socket to a turn, and from chunks to bytes again."""
