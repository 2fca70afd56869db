"""`--offline`: a request that is put together to its last field, and not sent."""

from __future__ import annotations

from typing import NoReturn

import httpkit


class Unsent(Exception):
    """The request as it would have been sent; no error, it ends what was only to be shown."""

    def __init__(self, request: httpkit.RequestInfo) -> None:
        self.request = request
        super().__init__("the request is offline")


async def unsent(request: httpkit.ClientRequest, _handler: httpkit.ClientHandlerType) -> NoReturn:
    """Stand before the network as the innermost middleware, and let nothing through.

    Raises:
        Unsent: always.
    """
    raise Unsent(request.request_info)
