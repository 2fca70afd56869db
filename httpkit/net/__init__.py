"""Layer 2: sockets, TLS, connections and their pool."""
