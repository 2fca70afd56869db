"""`WWW-Authenticate` challenges."""

from types import MappingProxyType

import pytest
from aiohttp.client_middleware_digest_auth import parse_header_pairs
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

from httpkit.values.challenges import Challenge, parse_challenges
from httpkit.values.fields import is_token, quote_string

words = st.text("abcdefghij", min_size=1, max_size=6)
texts = st.text("ab ,=\\\"'", max_size=8)
parameter_sets = st.dictionaries(words, words | texts, max_size=3)


def _challenge(scheme, token68=None, **parameters):
    return Challenge(scheme, token68, MappingProxyType(parameters))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("Basic", [_challenge("basic")]),
        ('Basic realm="a b"', [_challenge("basic", realm="a b")]),
        ("Negotiate", [_challenge("negotiate")]),
        ("Negotiate YII/a+b==", [_challenge("negotiate", "YII/a+b==")]),
        (
            "NTLM , Negotiate, Basic realm=x",
            [_challenge("ntlm"), _challenge("negotiate"), _challenge("basic", realm="x")],
        ),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [
                _challenge("newauth", realm="apps", type="1", title='Login to "apps"'),
                _challenge("basic", realm="simple"),
            ],
        ),
        ('Digest realm = "a", nonce= b,,stale =false', [_challenge("digest", realm="a", nonce="b", stale="false")]),
        ('Digest realm="a" nonce="b"', [_challenge("digest", realm="a", nonce="b")]),
        ('Digest realm="first", REALM="second"', [_challenge("digest", realm="first")]),
        ('Digest realm="not closed, Basic', [_challenge("digest", realm="not closed, Basic")]),
        ('realm="no scheme"', []),
        ('"quoted, Basic x=y", Bearer', [_challenge("bearer")]),
        ("Digest realm=", [_challenge("digest", "realm=")]),
    ],
)
def test_challenges_are_told_apart(value, expected):
    """RFC 9110 section 11.6.1, whose example is among them."""
    assert expected == parse_challenges(value)


def _encode(scheme, parameters):
    pairs = (f"{name}={value if is_token(value) else quote_string(value)}" for name, value in parameters.items())
    return f"{scheme} {', '.join(pairs)}".strip()


@given(st.lists(st.tuples(words, parameter_sets), max_size=4))
def test_challenges_survive_a_round_trip(pairs):
    """What a server means is what we read, whatever is in its quotes."""
    expected = [_challenge(scheme, **parameters) for scheme, parameters in pairs]
    assert expected == parse_challenges(", ".join(_encode(*pair) for pair in pairs))


@given(parameter_sets)
def test_a_digest_challenge_is_read_as_aiohttp_reads_it(parameters):
    """One challenge has the same parameters for both."""
    # aiohttp undoes only escaped quotes and backslashes, in an order that mixes them up when they meet.
    parameters = {name: value.replace("\\", "") for name, value in parameters.items()}
    value = "Digest " + ", ".join(f"{name}={quote_string(text)}" for name, text in parameters.items())
    assert parse_header_pairs(value) == dict(parse_challenges(value)[0].parameters)


@given(st.text(max_size=60) | st.text(' ,="\\ab', max_size=40))
def test_any_text_is_a_list_of_challenges(text):
    """A malformed field gives fewer challenges, never an error."""
    assert all(is_token(challenge.scheme) for challenge in parse_challenges(text))


@pytest.mark.parametrize("piece", [",", " ", '"', "a", "a ", "a=", 'a="', 'a="\\"', "a,", "=", "a b", "a\t=", "\\"])
def test_challenges_take_linear_time(piece):
    """CVE-2021-21240: a hostile `WWW-Authenticate` of 160 kB costs four times one of 40 kB."""
    assert growth(parse_challenges, lambda size: piece * (size // len(piece)), 40_000) < 9
