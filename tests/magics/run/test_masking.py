"""Exceptions of the client in a record: what they say of the request holds no credential."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import httpkit
from httpkit_magics.run.masking import masked

REAL = URL("https://api.example.org/a?token=planted")
INFO = httpkit.RequestInfo(REAL, "GET", CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer planted"})), REAL)


@pytest.mark.parametrize(
    "error",
    [
        httpkit.ClientResponseError(INFO, (), status=400, message="no", headers={"Set-Cookie": "sid=planted"}),
        httpkit.TooManyRedirects(INFO, ("https://h/?token=planted",)),
        httpkit.InvalidURL("https://u:x@[?token=planted", "no IPv6"),
        httpkit.InvalidUrlRedirectClientError("https://h:x/?token=planted"),
        httpkit.ClientPayloadError("cut off at https://h/?token=planted"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_neither_message_nor_repr_holds_a_credential(error):
    """URL, userinfo, header fields and responses before; the type stays."""
    clean = masked(error)
    assert (type(clean), "planted" in f"{clean} {clean!r} {clean.args}") == (type(error), False)


def test_what_is_no_exception_of_the_client_stays():
    """The operating system's errors name hosts and ports."""
    error = OSError(111, "refused")
    assert (masked(error) is error, str(error)) == (True, "[Errno 111] refused")


def test_a_cause_that_repeats_the_url_is_cut_off():
    """Urllib and yarl quote what they can't parse."""
    try:
        try:
            int("planted")
        except ValueError as cause:
            raise httpkit.InvalidURL("https://u:planted@h") from cause
    except httpkit.InvalidURL as error:
        clean = masked(error)
    assert (clean.__cause__, clean.__context__) == (None, None)
