"""Record -> text: static HTML, plain text and the terminal. Pure."""
