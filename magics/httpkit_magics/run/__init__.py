"""Plan -> record: the loop thread and what runs on it."""
