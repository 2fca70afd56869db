"""The Autobahn TestSuite against a client: start its fuzzing server, echo its messages, read its verdicts.

    PYTHONPATH=tests python -m conformance.autobahn                         all 517 cases, compression offered
    PYTHONPATH=tests python -m conformance.autobahn --client aiohttp '6.*'  some of them against aiohttp
    PYTHONPATH=tests python -m conformance.autobahn --client wire '13.*'    against httpkit.wire on a plain socket

Leaves the suite's HTML report in `--report`, prints what is not OK, and exits with 1 if a case failed.
`install_wstest.py` installs the server, which needs Python 2.7.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from conformance.wire_client import WireClient

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".venv" / "wstest" / "bin" / "wstest"

# Verdicts that are not failures. NON-STRICT is allowed by the RFC, but not what it recommends.
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}

# Those of the test suite: all but the large messages (9) and most of compression (12 and 13); 300 cases.
QUICK_CASES = [
    *(f"{section}.*" for section in (1, 2, 3, 4, 5, 6, 7, 10)),
    *(f"12.{group}.{case}" for group in range(1, 6) for case in range(1, 6)),
    *(f"13.{group}.{case}" for group in range(1, 8) for case in range(1, 5)),
]

CASE_SECONDS = 120


def find_wstest() -> str | None:
    """Return the path of `wstest`: from HTTPKIT_WSTEST, from `.venv`, or from PATH."""
    candidates = (os.environ.get("HTTPKIT_WSTEST"), str(INSTALLED), shutil.which("wstest"))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


@contextlib.contextmanager
def fuzzing_server(wstest: str, cases: list[str], report: Path) -> Iterator[str]:
    """Run the fuzzing server on a free port of the loopback interface; give its URL, and stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"ws://127.0.0.1:{port}"
    report.mkdir(parents=True, exist_ok=True)
    spec = report / "spec.json"
    spec.write_text(json.dumps({"url": url, "outdir": str(report), "cases": cases, "exclude-cases": []}))
    with (report / "server.log").open("wb") as log:
        command = [wstest, "-m", "fuzzingserver", "-u", "0", "-s", str(spec)]
        server = subprocess.Popen(command, cwd=report, stdout=log, stderr=log)
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if server.poll() is not None:
                    break
                time.sleep(0.1)
            if server.poll() is not None:
                raise RuntimeError(
                    f"wstest ended with {server.returncode}: {(report / 'server.log').read_text()[-500:]}"
                )
            yield url
        finally:
            server.terminate()
            server.wait(10)


class WireSession:
    """`httpkit.wire` alone, where a session is expected."""

    @contextlib.asynccontextmanager
    async def ws_connect(self, url: str, **_options: object) -> AsyncIterator[WireClient]:
        """Connect to `url`."""
        yield await WireClient.connect(url)


async def echo(session: Any, url: str) -> list[Any]:
    """Echo every message of the server at `url` until it closes; return them."""
    received = []
    async with session.ws_connect(url, compress=15, max_msg_size=0) as ws:
        async for message in ws:
            received.append(message.data)
            if isinstance(ws, WireClient):
                await ws.send(message)
            elif isinstance(message.data, str):
                await ws.send_str(message.data)
            elif isinstance(message.data, bytes):
                await ws.send_bytes(message.data)
    return received


async def run_cases(session: Any, url: str, agent: str) -> None:
    """Ask how many cases there are, echo through each, and have the report written."""
    (count,) = await echo(session, f"{url}/getCaseCount")
    for case in range(1, int(count) + 1):
        # How a case went is the server's to judge.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CASE_SECONDS):
                await echo(session, f"{url}/runCase?case={case}&agent={agent}")
    await echo(session, f"{url}/updateReports?agent={agent}")


async def run_client(client: str, url: str) -> None:
    """Run the cases with `client`: wire, or the name of a module that has a `ClientSession`."""
    if client == "wire":
        await run_cases(WireSession(), url, client)
    else:
        async with importlib.import_module(client).ClientSession() as session:
            await run_cases(session, url, client)


def verdicts(client: str, cases: list[str], report: Path, wstest: str) -> dict[str, str]:
    """Run `cases` against `client`; return the worse of the two verdicts, on messages and on closing, by case."""
    with fuzzing_server(wstest, cases, report) as url:
        asyncio.run(run_client(client, url))
    results = json.loads((report / "index.json").read_text())[client]
    return {
        case: next((verdict for verdict in (result["behavior"], result["behaviorClose"]) if verdict != "OK"), "OK")
        for case, result in results.items()
    }


def main() -> int:
    """Run what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the Autobahn TestSuite against a WebSocket client.")
    parser.add_argument("cases", nargs="*", default=["*"], help="such as 6.* or 12.1.1; all by default")
    parser.add_argument("--client", default="httpkit", choices=["httpkit", "aiohttp", "wire"])
    parser.add_argument("--report", type=Path, help="folder for the HTML report")
    options = parser.parse_args()
    wstest = find_wstest()
    if wstest is None:
        sys.exit("wstest is not installed: run tests/conformance/install_wstest.py")
    report = (options.report or Path(tempfile.mkdtemp(prefix="autobahn-"))).resolve()
    start = time.monotonic()
    outcome = verdicts(options.client, options.cases, report, wstest)
    lines = [f"{case:8} {verdict}" for case, verdict in outcome.items() if verdict != "OK"]
    counts = ", ".join(f"{number} {verdict}" for verdict, number in Counter(outcome.values()).most_common())
    lines.append(f"{options.client}: {len(outcome)} cases in {time.monotonic() - start:.0f} s: {counts}")
    lines.append(f"report: {report / 'index.html'}")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(not PASSED.issuperset(outcome.values()))


if __name__ == "__main__":
    sys.exit(main())
