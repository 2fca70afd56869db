"""What a redirect means for the next request (RFC 9110 section 15.4)."""

from __future__ import annotations

import re

from multidict import CIMultiDict
from yarl import URL

from httpkit.client.response import ClientResponse
from httpkit.errors import InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError
from httpkit.values import hdrs

_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

CREDENTIAL_FIELDS = frozenset({"authorization", "proxy-authorization", "cookie"})
"""Fields that a redirect to another origin drops, whoever set them."""

API_CREDENTIAL_FIELDS = frozenset({
    "api-key", "apikey", "x-api-key", "x-apikey", "x-auth", "x-auth-key", "x-auth-token", "x-access-token",
    "x-amz-security-token", "x-csrf-token", "x-xsrf-token", "x-goog-api-key", "x-goog-iam-authorization-token",
    "x-functions-key", "x-gitlab-token", "private-token", "job-token", "x-github-token", "x-session-id",
    "x-session-token", "x-shopify-access-token", "x-vault-token", "x-token", "x-user-token", "x-secret",
    "ocp-apim-subscription-key", "x-rapidapi-key", "x-figma-token", "circle-token", "dd-api-key",
    "dd-application-key", "x-plex-token", "x-subscription-token",
})  # fmt: skip
"""Fields in no RFC that APIs take credentials in; a redirect to another origin drops them where one request set them."""


def redirect_location(response: ClientResponse) -> str | None:
    """Return where `response` points, or None where it doesn't say."""
    return response.headers.get(hdrs.LOCATION) or response.headers.get(hdrs.URI)


def redirect_url(location: str, base: URL, schemes: frozenset[str], *, requote: bool) -> URL:
    """Return the URL that `location` means beside `base`; the fragment is inherited (RFC 9110 section 10.2.2).

    Raises:
        InvalidUrlRedirectClientError: it can't be parsed, or names no host.
        NonHttpUrlRedirectClientError: its scheme is not one of `schemes`.
    """
    try:
        url = _beside(URL(location, encoded=not requote), base, location, schemes)
        # yarl looks at the host and the port only when it is asked.
        if not url.origin().raw_host or (not requote and _UNSENDABLE.search(location)):
            raise ValueError("no host, or white space that must not be quoted")  # noqa: TRY301 - joins what yarl refuses
    except ValueError as error:
        raise InvalidUrlRedirectClientError(
            location, "Server attempted redirecting to a location that does not look like a URL"
        ) from error
    return url if url.raw_fragment or not base.raw_fragment else url.with_fragment(base.fragment)


def _beside(url: URL, base: URL, location: str, schemes: frozenset[str]) -> URL:
    if url.scheme and url.scheme not in schemes:
        raise NonHttpUrlRedirectClientError(location)
    if url.scheme and (url.raw_host or location.partition(":")[2].startswith("//")):
        return url
    if url.scheme:
        # "http:/path" and "http:path" mean a path beside the base (RFC 3986 section 5.2.2, as browsers read it).
        url = URL.build(path=url.raw_path, query_string=url.raw_query_string, fragment=url.raw_fragment, encoded=True)
    return base.join(url)


def keeps_method(status: int, method: str) -> bool:
    """Return whether the next request has the same method and body; it is a GET without one otherwise."""
    if status == 303:
        return method == hdrs.METH_HEAD
    return status not in {301, 302} or method != hdrs.METH_POST


def same_origin(first: URL, second: URL) -> bool:
    """Return whether scheme, host and port agree (RFC 6454 section 5)."""
    return _origin(first) == _origin(second)


def _origin(url: URL) -> tuple[str, str, int | None]:
    # URL.origin() keeps a default port where it is written, and the case of a host that was not quoted.
    return url.scheme, (url.raw_host or "").lower(), url.port


def drop_credentials(headers: CIMultiDict[str], own: CIMultiDict[str]) -> None:
    """Remove every field that names a credential, with its repeats; of those in no RFC, only the request's `own`."""
    for name in set(headers):
        if name.lower() in CREDENTIAL_FIELDS or (name in own and name.lower() in API_CREDENTIAL_FIELDS):
            headers.popall(name, None)


def drop_body(headers: CIMultiDict[str]) -> None:
    """Remove the fields that describe a body that is not sent any more."""
    for name in list(headers):
        if name.lower().startswith("content-") or name.lower() == "transfer-encoding":
            headers.popall(name, None)
