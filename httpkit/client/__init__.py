"""Layer 3: policy. What to send, and what to do with the answer."""
