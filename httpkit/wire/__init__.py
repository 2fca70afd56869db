"""Layer 1: bytes <-> values. No await, no socket, no clock."""
