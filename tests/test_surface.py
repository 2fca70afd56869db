"""The public names of aiohttp 3.14.5's client are here too, with the same parameters, defaults and members.

What differs on purpose stands in the tables of this file, each with its reason; a row that has no effect fails.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys

import aiohttp
import attr
import pytest

import httpkit
from httpkit.client.deprecated import WebSocketOldOptions
from httpkit.client.options import OPTION_NAMES
from httpkit.net.deprecated import TLSOptions

SERVER = "belongs to the server, not to a client"
INSIDE = "an internal part without documentation; httpkit is built otherwise"

# Names of the package that are left out.
LEFT_OUT = {
    "ChainMapProxy": SERVER,
    "FlowControlDataQueue": "deprecated in aiohttp; nothing needs it",
    "GunicornUVLoopWebWorker": SERVER,
    "GunicornWebWorker": SERVER,
    "streamer": "a decorator from before async generators, which data= takes",
}

# Public names of aiohttp's modules that are left out, each with its module.
LEFT_OUT_OF_MODULES = {
    "abc": {
        "AbstractAccessLogger": SERVER,
        "AbstractMatchInfo": SERVER,
        "AbstractRouter": SERVER,
        "AbstractView": SERVER,
    },
    "client_middleware_digest_auth": dict.fromkeys(
        ("DigestAuthChallenge", "escape_quotes", "parse_header_pairs", "unescape_quotes"), INSIDE
    ),
    "http_exceptions": {
        "BadHttpMethod": SERVER,
        "DecompressSizeError": "deprecated in aiohttp, never raised",
        "HttpBadRequest": SERVER,
        "InvalidURLError": SERVER,
    },
    "multipart": {
        "MultipartPayloadWriter": INSIDE,
    },
    "streams": {
        "AsyncStreamIterator": INSIDE,
        "ChunkTupleAsyncStreamIterator": INSIDE,
        "FlowControlDataQueue": "deprecated in aiohttp; nothing needs it",
    },
    "typedefs": {"Middleware": SERVER},
}

# Modules whose names are asked for one by one. aiohttp documents none of helpers; what people use of it is listed.
MODULES = (
    "abc", "client_exceptions", "client_middleware_digest_auth", "client_reqrep", "client_ws", "connector", "cookiejar",
    "formdata", "hdrs", "http_exceptions", "multipart", "payload", "resolver", "streams", "tracing", "typedefs",
)  # fmt: skip

# Members of classes that are left out.
MEMBERS_LEFT_OUT = {
    "ClientResponse.ATTRS": INSIDE,
}

NO_SENTINEL = "None, or leaving it out, has the sentinel's meaning"

# Parameters that differ: function -> {parameter: reason}.
PARAMETERS = {
    "BaseConnector": {"keepalive_timeout": NO_SENTINEL},
    "ClientRequest": {
        "timer": "a request has a deadline, and no timer of its own",
        "traces": "an empty tuple for None",
        "trust_env": "the session asks netrc, which needs a thread",
    },
    "ClientRequest.update_body_from_data": {"_stacklevel": "not public"},
    "ClientRequest.update_proxy": {
        "proxy_auth": "may be left out",
        "proxy_headers": "may be left out",
    },
    "ClientRequest.write_bytes": {"conn": "may be left out"},
    "ClientResponse": dict.fromkeys(
        (
            "method",
            "url",
            "writer",
            "continue100",
            "timer",
            "request_info",
            "traces",
            "loop",
            "session",
            "stream_writer",
        ),
        "made of a request and its exchange: the constructor is for the client alone",
    ),
    "ClientSession": {
        "fallback_charset_resolver": "detects the charset where the body is not UTF-8; None is plain UTF-8",
        "request_class": "the same class of this package",
        "response_class": "the same class of this package",
        "timeout": NO_SENTINEL,
        "ws_response_class": "None is the same class of this package, which is not imported before it is needed",
    },
    "ClientSession.ws_connect": dict.fromkeys(
        WebSocketOldOptions.__optional_keys__, "deprecated, and still translated"
    ),
    "ClientWebSocketResponse": dict.fromkeys(
        (
            "reader",
            "writer",
            "protocol",
            "autoclose",
            "autoping",
            "loop",
            "compress",
            "client_notakeover",
        ),
        "made of a connection and its handshake: the constructor is for the client alone",
    ),
    "DataQueue.set_exception": {"exc_cause": NO_SENTINEL},
    "NamedPipeConnector": {"keepalive_timeout": NO_SENTINEL},
    "Payload": {"content_type": NO_SENTINEL},
    "RequestInfo": {"real_url": NO_SENTINEL},
    "StreamReader.set_exception": {"exc_cause": NO_SENTINEL},
    "TCPConnector": {"keepalive_timeout": NO_SENTINEL},
    "UnixConnector": {"keepalive_timeout": NO_SENTINEL},
    "set_zlib_backend": {"new_zlib_backend": "a module, and named so"},
}
# Coroutine functions of aiohttp that are something else here.
NOT_ASYNC = {"TCPConnector.close": "what it returns may be awaited, or not: the connections close either way"}

# What `**options: Unpack[...]` takes may be left out, so it has no default to compare.
OPTION = object()

CLASSES = sorted(name for name in aiohttp.__all__ if inspect.isclass(getattr(aiohttp, name)))
FUNCTIONS = sorted(name for name in aiohttp.__all__ if inspect.isfunction(getattr(aiohttp, name)))
SHARED = sorted(set(aiohttp.__all__) - set(LEFT_OUT))

for _module in pkgutil.walk_packages(httpkit.__path__, "httpkit."):
    importlib.import_module(_module.name)


def members(cls):
    """Return the public members of a class, with those that only its instances have."""
    found = set(dir(cls))
    for base in cls.__mro__:
        found |= set(vars(base).get("__annotations__", ()))
    if dataclasses.is_dataclass(cls):
        found |= {field.name for field in dataclasses.fields(cls)}
    if attr.has(cls):
        found |= {field.name for field in attr.fields(cls)}
    return {name for name in found if not name.startswith("_")}


def parameters(function):
    """Return parameter -> (kind, default), with those that `**options: Unpack[...]` takes."""
    found = {}
    for parameter in inspect.signature(function).parameters.values():
        annotation = parameter.annotation
        if parameter.kind is parameter.VAR_KEYWORD and "Unpack[" in str(annotation):
            name = str(annotation).partition("[")[2].rstrip("]")
            options = typed_dict(name.rpartition(".")[2])
            found |= dict.fromkeys(options.__optional_keys__, (parameter.KEYWORD_ONLY, OPTION))
            found["**"] = (parameter.VAR_KEYWORD, None)
        elif parameter.kind is parameter.VAR_KEYWORD:
            found["**"] = (parameter.VAR_KEYWORD, None)
        else:
            found[parameter.name] = (parameter.kind, parameter.default)
    return found


def typed_dict(name):
    """Return the TypedDict of a name; some are imported for type checkers only where they are named."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("httpkit.") and name in vars(module):
            return vars(module)[name]
    raise LookupError(name)


def differences(theirs, ours):
    """Return the parameters of `theirs` that `ours` has not, or takes otherwise."""
    expected, found = parameters(theirs), parameters(ours)
    return {name for name in expected if name not in found or not is_same(expected[name], found[name])}


def is_same(theirs, ours):
    """Return whether a call can't tell two parameters apart."""
    return theirs[0] is ours[0] and (ours[1] is OPTION or theirs[1] == ours[1])


def is_plain(function):
    """Return whether a member is a function of which a call can be compared."""
    return inspect.isfunction(inspect.unwrap(getattr(function, "__func__", function)))


def test_every_name_of_the_package_is_there():
    """Each name that aiohttp exports is exported, or left out for a reason."""
    missing = {name for name in aiohttp.__all__ if not hasattr(httpkit, name)}
    assert missing == set(LEFT_OUT)


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_module_is_there(module):
    """What a client-side module of aiohttp defines is found under the same module name."""
    theirs = importlib.import_module(f"aiohttp.{module}")
    own = {
        name
        for name, value in vars(theirs).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and (getattr(value, "__module__", None) == theirs.__name__ or (module == "hdrs" and name.isupper()))
    }
    ours = importlib.import_module(f"httpkit.{module}")
    missing = {name for name in own if not hasattr(ours, name)}
    assert missing == set(LEFT_OUT_OF_MODULES.get(module, ()))


def test_the_constants_are_the_same():
    """`hdrs` names the same fields and methods."""
    expected = {name: value for name, value in vars(aiohttp.hdrs).items() if name.isupper()}
    assert expected == {name: getattr(httpkit.hdrs, name) for name in expected}


def test_what_people_use_of_undocumented_modules_is_there():
    """`aiohttp.helpers.BasicAuth`, `aiohttp.http.HttpVersion11`, `aiohttp.client.ClientSession` and the like."""
    assert httpkit.helpers.BasicAuth is httpkit.BasicAuth
    assert httpkit.helpers.ETag is httpkit.ETag
    assert httpkit.http.HttpVersion11 is httpkit.HttpVersion11
    assert httpkit.http_exceptions.HttpProcessingError is httpkit.errors.HttpProcessingError
    assert httpkit.client.ClientSession is httpkit.ClientSession
    assert httpkit.client.ClientTimeout is httpkit.ClientTimeout
    assert httpkit.typedefs.StrOrURL == aiohttp.typedefs.StrOrURL


def test_a_module_by_another_name_can_be_imported():
    """`from httpkit.connector import Connection` works, and a name that is not there is an ImportError."""
    code = "from httpkit.connector import Connection as found, TCPConnector\nimport httpkit.payload\n"
    names: dict[str, object] = {}
    exec(code, names)
    assert names["found"] is httpkit.Connection
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from httpkit.connector import no_such_name", names)


@pytest.mark.parametrize("name", [name for name in CLASSES if name in SHARED])
def test_a_class_has_every_public_member(name):
    """Each public attribute and method of aiohttp's class is there, or left out for a reason."""
    missing = {f"{name}.{member}" for member in members(getattr(aiohttp, name)) - members(getattr(httpkit, name))}
    assert missing == {row for row in MEMBERS_LEFT_OUT if row.partition(".")[0] == name}


@pytest.mark.parametrize("name", [name for name in CLASSES if name in SHARED])
def test_a_class_is_made_with_the_same_parameters(name):
    """Names, kinds and defaults of a constructor's parameters agree."""
    theirs, ours = getattr(aiohttp, name), getattr(httpkit, name)
    if not is_plain(theirs.__init__) and not is_plain(theirs.__new__):
        assert not is_plain(vars(ours).get("__init__", object.__init__))
        return
    assert differences(constructor(theirs), constructor(ours)) == set(PARAMETERS.get(name, ()))


def constructor(cls):
    """Return what takes the arguments of a class."""
    return cls.__init__ if is_plain(cls.__init__) else cls.__new__


@pytest.mark.parametrize("name", [name for name in CLASSES if name in SHARED])
def test_the_methods_of_a_class_take_the_same_parameters(name):
    """Names, kinds and defaults of the parameters of each public method agree; async ones are async."""
    theirs, ours = getattr(aiohttp, name), getattr(httpkit, name)
    for member in sorted(members(theirs) & members(ours)):
        expected, found = getattr(theirs, member, None), getattr(ours, member, None)
        if not is_plain(expected):
            continue
        assert differences(expected, found) == set(PARAMETERS.get(f"{name}.{member}", ())), member
        if inspect.iscoroutinefunction(expected):
            assert inspect.iscoroutinefunction(found) is (f"{name}.{member}" not in NOT_ASYNC), member


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_the_same_parameters(name):
    """Names, kinds and defaults of the parameters of each function agree."""
    if name in LEFT_OUT:
        assert not hasattr(httpkit, name)
        return
    assert differences(getattr(aiohttp, name), getattr(httpkit, name)) == set(PARAMETERS.get(name, ()))


def test_every_option_of_a_request_is_known():
    """The verbs take all that aiohttp's `_request` takes, the deprecated ones too."""
    expected = set(inspect.signature(aiohttp.ClientSession._request).parameters) - {"self", "method", "str_or_url"}
    assert expected - OPTION_NAMES - TLSOptions.__optional_keys__ == set()


@pytest.mark.parametrize(
    "name", [name for name in CLASSES if name in SHARED and issubclass(getattr(aiohttp, name), Exception)]
)
def test_an_exception_has_the_same_bases(name):
    """An `except` clause catches the same."""
    expected = {base.__name__ for base in getattr(aiohttp, name).__mro__}
    assert expected - {base.__name__ for base in getattr(httpkit, name).__mro__} == set()


def test_the_values_that_programs_print_and_compare_are_the_same():
    """Versions, schemes, default fields, methods and media types are aiohttp's."""
    assert httpkit.TCPConnector.allowed_protocol_schema_set == aiohttp.TCPConnector.allowed_protocol_schema_set
    assert httpkit.UnixConnector.allowed_protocol_schema_set == aiohttp.UnixConnector.allowed_protocol_schema_set
    for name in ("GET_METHODS", "POST_METHODS", "ALL_METHODS"):
        assert set(getattr(httpkit.ClientRequest, name)) == set(getattr(aiohttp.ClientRequest, name))
    assert dict(httpkit.ClientRequest.DEFAULT_HEADERS) == dict(aiohttp.ClientRequest.DEFAULT_HEADERS)
    assert httpkit.RequestInfo._fields == aiohttp.RequestInfo._fields
    assert set(httpkit.TraceConfig.__annotations__) == {
        name for name in dir(aiohttp.TraceConfig) if name.startswith("on_")
    }


def test_every_reason_is_about_something():
    """A row of a table names what exists in aiohttp."""
    for row in (*MEMBERS_LEFT_OUT, *PARAMETERS, *NOT_ASYNC):
        name, _, member = row.partition(".")
        assert not member or member in members(getattr(aiohttp, name)), row
