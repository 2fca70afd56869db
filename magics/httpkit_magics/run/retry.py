"""`# @retry n`: a request again, where it got no response or one that says "later"."""

from __future__ import annotations

import httpkit
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.run.progress import Underway


def retrying(plan: Plan, progress: Underway) -> tuple[httpkit.ClientMiddlewareType, ...]:
    """Return the middlewares that make the request of `plan` again and count how often; none where it says nothing.

    Whoever writes `# @retry` means this request, so its method is taken for one that may be repeated.
    """
    if not plan.retries:
        return ()

    async def count(request: httpkit.ClientRequest, handler: httpkit.ClientHandlerType) -> httpkit.ClientResponse:
        progress.attempts += 1
        progress.stage = "queued" if progress.attempts == 1 else f"attempt {progress.attempts}"
        return await handler(request)

    return (httpkit.RetryMiddleware(plan.retries + 1, methods=(plan.method,)), count)
