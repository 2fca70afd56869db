"""What `import httpkit` brings along. The time that it takes is measured in benchmarks."""

import subprocess
import sys

import pytest

import httpkit

# Optional packages, those of notebooks, and what is only needed for some responses.
FOREIGN = [
    "IPython",
    "aiodns",
    "aiohttp",
    "anywidget",
    "backports",
    "brotli",
    "brotlicffi",
    "charset_normalizer",
    "h2",
    "httpkit_magics",
    "ipykernel",
    "ipywidgets",
    "isal",
    "nest_asyncio2",
    "numpy",
    "pandas",
    "publicsuffixlist",
    "pycares",
    "pygments",
    "rich",
    "traitlets",
    "uvloop",
    "zlib_ng",
    "zstandard",
]

LAZY = [
    "email",
    "httpkit.client.formdata",
    "httpkit.client.multipart",
    "httpkit.client.payload",
    "httpkit.client.tracing",
    "httpkit.values.disposition",
    "httpkit.wire.multipart",
    "mimetypes",
]


def _run(code):
    """Return what `code` prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_importing_brings_nothing_optional():
    """No optional package, and nothing of a notebook, is imported before it is needed."""
    assert _run(f"import sys, httpkit; print([name for name in {FOREIGN} if name in sys.modules])") == "[]"


def test_importing_leaves_out_what_a_plain_request_does_not_need():
    """Forms, multipart bodies and tracing are loaded when they are named."""
    assert _run(f"import sys, httpkit; print([name for name in {LAZY} if name in sys.modules])") == "[]"


def test_a_plain_request_brings_nothing_optional_but_codings(echo_server):
    """A request looks for br and zstd, to say whether it takes them; it loads no detector, no form, no tracing."""
    names = [name for name in (*FOREIGN, *LAZY) if name not in {"brotli", "brotlicffi", "backports"}]
    code = f"""
import asyncio, sys, httpkit
async def main():
    async with httpkit.ClientSession() as session, session.get("{echo_server}/x") as response:
        assert (await response.json())["id"] == 12345
asyncio.run(main())
print([name for name in {names} if name in sys.modules])
"""
    assert _run(code) == "[]"


def test_no_brotli_is_loaded_before_a_request_is_made():
    """`ClientRequest.DEFAULT_HEADERS` is there, and works out `Accept-Encoding` when it is asked for."""
    code = "import sys, httpkit; httpkit.ClientRequest; print('brotli' in sys.modules)"
    assert _run(code) == "False"
    assert dict(httpkit.ClientRequest.DEFAULT_HEADERS).keys() == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize("name", httpkit.__all__)
def test_every_public_name_is_there(name):
    """What `__all__` names can be had, whether it was imported at once or not."""
    assert getattr(httpkit, name) is not None
    assert name in dir(httpkit)


def test_a_name_that_is_imported_later_is_remembered():
    """The second time costs no call."""
    assert _run("import httpkit; httpkit.FormData; print('FormData' in vars(httpkit))") == "True"


def test_a_wrong_name_is_an_attribute_error():
    """A typing error is answered as by any module."""
    with pytest.raises(AttributeError, match="module 'httpkit' has no attribute 'ClientSesion'"):
        httpkit.ClientSesion  # noqa: B018 - asking is the test


def test_everything_can_be_imported_with_a_star():
    """`from httpkit import *` gives every public name."""
    assert _run("from httpkit import *; print(FormData.__name__, TraceConfig.__name__)") == "FormData TraceConfig"
