"""IPython magics and widgets for exploring HTTP, on top of httpkit."""
