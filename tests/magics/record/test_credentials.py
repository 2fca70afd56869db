"""The credentials that a request carried."""

import base64

from httpkit_magics.record.credentials import LONGEST, MOST, credentials_of
from httpkit_magics.record.record import Fields, SentRequest


def _found(url="https://h/", *headers):
    return [secret.reveal() for secret in credentials_of(SentRequest("GET", url, Fields(headers)))]


def test_header_fields_are_read():
    """Bearer tokens, Basic passwords, cookies and telling fields."""
    basic = base64.b64encode(b"user:long-password").decode()
    found = _found("https://h/", ("Authorization", "Bearer bearer-token"), ("Proxy-Authorization", f"Basic {basic}"),
                   ("Cookie", "session=cookie-value; theme=dark-mode; id=0123456789abcdef"), ("X-Api-Key", "api-key-1"), ("Accept", "application/json"))  # fmt: skip
    assert found == ["bearer-token", basic, "long-password", "cookie-value", "0123456789abcdef", "api-key-1"]


def test_the_url_is_read():
    """Userinfo and telling parameters, decoded."""
    assert _found("https://user:pass%20word@h/?api_key=key%2Bvalue&q=nothing-secret") == ["pass word", "key+value"]


def test_short_and_huge_values_are_left_alone():
    """A word of seven characters may stand anywhere; one over 8192 is no credential that a server takes."""
    assert _found("https://h/", ("Authorization", "Bearer 1234567"), ("X-Api-Key", "k" * (LONGEST + 1))) == []


def test_words_are_no_credentials():
    """`?key=category` names a column, and the answer is full of it."""
    assert _found("https://h/?key=category&token=Category1", ("X-Session-Mode", "interactive")) == ["Category1"]


def test_the_number_of_credentials_is_bounded():
    """A request with a thousand cookies does not make a thousand searches."""
    assert len(_found("https://h/", ("Cookie", "; ".join(f"c{n}=value-{n:010}" for n in range(1000))))) == MOST


def test_broken_basic_credentials_are_masked_as_they_are():
    """What is no base64 is a credential all the same."""
    assert _found("https://h/", ("Authorization", "Basic not*base64*")) == ["not*base64*"]
