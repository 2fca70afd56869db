"""A record's request -> code that makes it again: a command of curl, Python, the text of a .http file."""
