"""/status, /delay, /drip and /stats."""

from __future__ import annotations

import time

import httpx
import pytest


@pytest.mark.parametrize("status", [200, 202, 204, 205, 304, 400, 418, 429, 451, 500, 503, 599])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_any_status_can_be_had(api, method, status):
    """With any method; errors are problems."""
    response = api.request(method, f"/status/{status}")
    assert response.status_code == status
    if status >= 400:
        assert response.json()["status"] == status


@pytest.mark.parametrize("status", [100, 199, 600, 99999])
def test_a_status_outside_the_final_ones_is_refused(api, status):
    """1xx is not an answer, and above 599 there is nothing."""
    assert api.get(f"/status/{status}").status_code == 400


def test_delay_answers_after_that_time(api):
    """Seconds, with a fraction."""
    began = time.monotonic()
    assert api.get("/delay/0.3").json() == {"waited": 0.3}
    assert time.monotonic() - began >= 0.3


def test_the_server_sees_who_gives_up(api):
    """/stats shows a client that went away during /delay, at once."""
    with pytest.raises(httpx.ReadTimeout):
        api.get("/delay/20", timeout=0.2)
    deadline = time.monotonic() + 15
    while (stats := api.get("/stats").json())["abandoned"] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert stats == {"abandoned": 1, "last": ["/delay/20"]}


def test_drip_spreads_its_bytes(api):
    """The content comes in pieces over the duration."""
    began, times = time.monotonic(), []
    with api.stream("GET", "/drip?bytes=5&duration=0.5") as response:
        assert response.headers["content-length"] == "5"
        for _ in response.iter_raw():
            times.append(time.monotonic() - began)  # noqa: PERF401 - the time of each piece as it comes
    assert len(times) == 5
    assert times[-1] - times[0] > 0.35


def test_head_of_a_slow_path_is_not_slow(api):
    """The content of a HEAD is never made."""
    # The content would take longer than a test may.
    assert api.head("/drip?bytes=5&duration=300", timeout=290).headers["content-length"] == "5"
