"""Text -> plan: what a cell or a line asks for. Pure."""
