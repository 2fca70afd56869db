"""Servers for tests: real ones as child processes, and one that says exactly what a test tells it to.

Everything listens on 127.0.0.1, on a free port, with a configuration in a temporary folder.
"""
