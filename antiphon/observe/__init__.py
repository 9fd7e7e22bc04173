"""What an operator sees. Never in the way of an answer, and never a word of one."""
