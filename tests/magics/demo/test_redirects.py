"""/redirect: statuses, chains, a loop."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_status_leads_to_where_it_is_told(api, status):
    """Location is what `to` says."""
    response = api.post(f"/redirect/{status}", params={"to": "/anything?a=1"})
    assert (response.status_code, response.headers["location"]) == (status, "/anything?a=1")


def test_only_what_redirects_is_a_redirect(api):
    """Other statuses are at /status."""
    assert api.get("/redirect/304").status_code == 404


def test_a_location_cannot_add_a_field(api):
    """Control characters are refused, others that aren't ASCII percent-encoded."""
    assert api.get("/redirect/302", params={"to": "/\r\nX: 1"}).status_code == 400
    assert api.get("/redirect/302", params={"to": "/é"}).headers["location"] == "/%C3%A9"


def test_a_chain_has_so_many_steps(api):
    """/redirect/chain/3 redirects three times."""
    response = api.get("/redirect/chain/3", follow_redirects=True)
    assert (len(response.history), response.json()) == (3, {"arrived": True})
    assert api.get("/redirect/chain/101").status_code == 400


def test_the_loop_leads_to_itself(api):
    """For clients that must count."""
    assert api.get("/redirect/loop").headers["location"] == "/redirect/loop"
