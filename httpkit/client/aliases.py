"""aiohttp's module names: `httpkit.connector.Connection`, `from httpkit.client_reqrep import ContentDisposition`.

Each is a table row: where to look for the names of that module. Nothing is imported before a name is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

ALIASES: dict[str, tuple[str, ...]] = {
    "client_exceptions": ("errors",),
    "client_reqrep": (
        "client.request",
        "client.response",
        "client.upload",
        "values.messages",
        "values.disposition",
        "net.tls",
    ),
    "client_middleware_digest_auth": ("client.digest",),
    "client_ws": ("client.websocket", "values.websocket"),
    "connector": ("net.connectors", "net.path_connectors", "net.pool", "net.dial"),
    "cookiejar": ("values.cookies",),
    "formdata": ("client.formdata",),
    "helpers": ("client.auth", "values.etags"),
    "http": ("values.messages", "values.websocket", "values.version", "errors"),
    "http_exceptions": ("errors",),
    "http_websocket": ("values.websocket", "errors"),
    "multipart": ("client.multipart", "values.disposition"),
    "payload": ("client.payload", "client.payload_files", "client.payload_registry"),
    "resolver": ("net.resolver",),
    "streams": ("net.body", "net.data_queue"),
    "tracing": ("client.tracing",),
    "typedefs": ("values.typedefs", "client.options", "values.abc"),
}
"""aiohttp's module -> the modules here that hold its names."""

SAME = {"abc": "values.abc", "hdrs": "values.hdrs"}
"""aiohttp's module -> the one here that holds the same."""


def names_of(module: str, sources: tuple[str, ...]) -> Callable[[str], Any]:
    """Return a module's `__getattr__` (PEP 562) that looks in `sources`, one after the other."""
    package = __name__.partition(".")[0]

    def find(name: str) -> Any:
        # What is private here is nobody's business under another name; and import asks for dunders all the time.
        if not name.startswith("_"):
            for source in sources:
                found = vars(import_module(f"{package}.{source}"))
                if name in found:
                    return found[name]
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find


def install(package: str) -> dict[str, ModuleType]:
    """Return the aliases as modules, and let `import` find them below `package`."""
    modules = {name: import_module(f"{package}.{source}") for name, source in SAME.items()}
    for name, sources in ALIASES.items():
        module = ModuleType(f"{package}.{name}", f"What aiohttp has in its module `{name}`.")
        vars(module)["__getattr__"] = names_of(module.__name__, sources)
        modules[name] = module
    for name, module in modules.items():
        sys.modules[f"{package}.{name}"] = module
    return modules
