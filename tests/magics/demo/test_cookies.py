"""/cookies."""

from __future__ import annotations

import pytest


def test_each_attribute_is_set_by_a_cookie_of_its_own(api):
    """Every attribute of RFC 6265bis, and SameSite=None without Secure."""
    lines = api.get("/cookies/set").headers.get_list("set-cookie")
    attributes = {part.partition("=")[0] for line in lines for part in line.split("; ")[1:]}
    assert attributes == {"Path", "Domain", "Expires", "Max-Age", "Secure", "HttpOnly", "SameSite", "Partitioned"}
    assert {f"SameSite={value}" for value in ("Lax", "Strict", "None")} <= {
        p for line in lines for p in line.split("; ")
    }
    assert "none_insecure=1; Path=/; SameSite=None" in lines
    assert "domain=1; Path=/; Domain=127.0.0.1" in lines


def test_cookies_of_the_query_are_set_on_the_way(api):
    """As in httpbin: a redirect sets them, /cookies shows them."""
    response = api.get("/cookies/set?a=1&b=2", follow_redirects=True)
    assert response.json()["cookies"] == {"a": "1", "b": "2"}


def test_one_cookie_has_the_attributes_asked_for(api):
    """In the order of the table, flags without a value."""
    query = {"path": "/me", "max_age": "60", "samesite": "Strict", "secure": "1", "httponly": "1"}
    response = api.get("/cookies/set/size/M6", params=query)
    assert response.headers["set-cookie"] == "size=M6; Path=/me; Max-Age=60; SameSite=Strict; Secure; HttpOnly"


@pytest.mark.parametrize("path", ["/cookies/set/a b/1", "/cookies/set/a/b;c", "/cookies/set/a/1?path=%0d%0aX:1"])
def test_a_cookie_cannot_add_a_field(api, path):
    """What may not stand in Set-Cookie is refused."""
    assert api.get(path).status_code == 400


def test_delete_expires_what_came(api):
    """DELETE /cookies empties the client's jar."""
    api.get("/cookies/set?a=1")
    assert api.delete("/cookies").json() == {"deleted": ["a"]}
    assert dict(api.cookies) == {}
