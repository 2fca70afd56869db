"""`python -m httpkit_magics.demo [--port N]`: start the demo API and print its two URLs."""

from __future__ import annotations

import argparse
import importlib
import sys

DEFAULT_PORT = 8000

# What `serve` imports, and what it finds only when the first form or WebSocket comes.
NEEDED = ("starlette", "uvicorn", "websockets", "python_multipart")


def main() -> int:
    """Run the demo API until it is stopped; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m httpkit_magics.demo", description="The demo API, offline.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input ends")
    options = parser.parse_args()
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except ImportError as error:
        sys.stderr.write(f'the demo API needs {error.name}: pip install "jupyter-httpkit[demo]"\n')
        return 3
    serve = importlib.import_module("httpkit_magics.demo.serve")
    try:
        serve.run(options.port, exit_with_parent=options.exit_with_parent)
    except OSError as error:
        sys.stderr.write(f"can't listen on port {options.port}: {error} (--port 0 takes a free one)\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
