"""cluster: starting or joining one, which of its nodes may run trials, and how many at a time."""
