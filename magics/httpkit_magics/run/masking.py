"""The client's exceptions without the credentials in them: they repeat URLs and header fields, and a Record keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpkit
from httpkit_magics.record.redaction import VAULT, Redactor


def masked(error: BaseException) -> BaseException:
    """Return `error` with its URLs, fields and texts masked; the same object, except where a URL can't be replaced."""
    redactor = VAULT.wary
    if isinstance(error, httpkit.InvalidURL):
        clean = type(error)(redactor.url(str(error.url)), _text(redactor, error.description))
        # The cause repeats a part of the URL as well.
        return clean.with_traceback(error.__traceback__)
    if isinstance(error, httpkit.ClientResponseError):
        info = error.request_info
        url, real_url = (type(each)(redactor.url(str(each))) for each in (info.url, info.real_url))
        error.request_info = info._replace(url=url, real_url=real_url, headers=_fields(redactor, info.headers))
        error.headers = None if error.headers is None else _fields(redactor, error.headers)
        error.message = redactor.url(error.message)
        # The record's own `redirects` say what the responses before were.
        error.history = ()
        error.args = (error.request_info, error.history)
    elif isinstance(error, httpkit.ClientError):
        error.args = tuple(_text(redactor, value) for value in error.args)
    return error


def _text(redactor: Redactor, value: Any) -> Any:
    return redactor.url(value) if isinstance(value, str) else value


def _fields(redactor: Redactor, fields: Mapping[str, str]) -> Any:
    return {name: redactor.header(name, value) for name, value in fields.items()}
