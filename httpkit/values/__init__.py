"""Layer 0: plain data. No bytes on a wire, no clock, no I/O."""
