"""The life of a turn: from a request that is understood to an answer that is kept."""
