"""How long `import httpkit` takes, beside importing only what it can't do without: asyncio, ssl, multidict and yarl.

Each import is a new interpreter's, the two take turns, and the median counts; the interpreter's own start is taken off.

    python benchmarks/import_time.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys

STATEMENTS = {
    "nothing": "pass",
    "asyncio, ssl, multidict, yarl": "import asyncio, ssl, multidict, yarl",
    "httpkit": "import httpkit",
    "aiohttp": "import aiohttp",
}
LIMIT = 1.5


def milliseconds(statement):
    """Return the milliseconds of CPU of an interpreter that runs `statement`."""
    # Without the bytecode it would be the compiler's time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main():
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times = {name: [] for name in STATEMENTS}
    for _ in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            times[name].append(milliseconds(statement))
    # The first round writes the bytecode.
    medians = {name: statistics.median(column[1:]) for name, column in times.items()}
    start = medians.pop("nothing")
    needed = medians["asyncio, ssl, multidict, yarl"] - start
    for name, median in medians.items():
        print(f"{name:<32}{median - start:>7.1f} ms{(median - start) / needed:>8.2f}")
    print(f"wanted of httpkit: {LIMIT}")


if __name__ == "__main__":
    main()
