"""The one redactor."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.redaction import REDACTOR, Redactor
from httpkit_magics.record.secrets import MASK, Secret

M = MASK


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer abc.def", f"Bearer {M}"),
        ("authorization", 'Digest username="u", response="0"', f"Digest {M}"),
        ("Authorization", "abcdef", M),
        ("Proxy-Authorization", "Basic dTpw", f"Basic {M}"),
        ("Cookie", "a=1; session=abc;b=", f"a={M}; session={M}; b={M}"),
        ("Cookie", "nothing", M),
        ("Set-Cookie", "flavour=oat; Path=/", "flavour=oat; Path=/"),
        ("Set-Cookie", "id=7; httponly", f"id={M}; httponly"),
        ("Set-Cookie", "session=abc; Path=/", f"session={M}; Path=/"),
        ("X-Api-Key", "abc", M),
        ("Location", "/cb?code=1&access_token=abc#x", f"/cb?code=1&access_token={M}#x"),
        ("Link", '<https://h/?page=2&token=abc>; rel="next"', f'<https://h/?page=2&token={M}>; rel="next"'),
        ("WWW-Authenticate", 'Bearer realm="x"', 'Bearer realm="x"'),
        ("Accept", "*/*", "*/*"),
    ],
)  # fmt: skip
def test_header_values_lose_their_credentials(name, value, expected):
    """Schemes, cookie names and attributes stay, so that one sees what was sent."""
    assert REDACTOR.header(name, value) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/p?x=1", "https://h/p?x=1"),
        ("https://user:pass@h/p", f"https://{M}@h/p"),
        ("https://token@h:8/p", f"https://{M}@h:8/p"),
        ("https://a@b:c@h/", f"https://{M}@h/"),
        ("https://h/p@q", "https://h/p@q"),
        ("/p?token=abc&x=1", f"/p?token={M}&x=1"),
        ("?password=a?b;c", f"?password={M}"),
        ("https://h/?pass%77ord=a", f"https://h/?pass%77ord={M}"),
        ("https://h/#access_token=a&state=b", f"https://h/#access_token={M}&state=b"),
        ("https://h/a;jsessionid=1/b?x=1", f"https://h/a;jsessionid={M}/b?x=1"),
        ("https://h/?to=https%3A%2F%2Fi%2F%3Ftoken%3Da%26b%3D1&c=2", f"https://h/?to=https%3A%2F%2Fi%2F%3Ftoken%3D{M}%26b%3D1&c=2"),
        ("https://h/?user[password]=a", f"https://h/?user[password]={M}"),
        ("https://h/?keyword=a&monkey=b", "https://h/?keyword=a&monkey=b"),
    ],
)  # fmt: skip
def test_urls_lose_userinfo_and_telling_parameters(url, expected):
    """Query, fragment, path parameters and URLs within URLs count."""
    assert REDACTOR.url(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "token": "x"}', f'{{"a": 1, "token": "{M}"}}'),
        ('{"token":{"x":[1,"]}"],"y":2},"b":3}', f'{{"token":"{M}","b":3}}'),
        ('{"password": 12, "b": "password"}', f'{{"password": "{M}", "b": "password"}}'),
        (r'{"pass\u0077ord": "x"}', rf'{{"pass\u0077ord": "{M}"}}'),
        ('{"token": null, "secret": false}', '{"token": null, "secret": false}'),
        ('{"a": "\\"token\\": 1", "secret": "cut of', f'{{"a": "\\"token\\": 1", "secret": "{M}"'),
        ('{"secret": ["a", "b', f'{{"secret": "{M}"'),
        ('{"u": "https://h/?token=a"}', f'{{"u": "https://h/?token={M}"}}'),
        (r'{"tok\q": "x"}', r'{"tok\q": "x"}'),
        ('{"secret": "a\\', f'{{"secret": "{M}"'),
    ],
)
def test_json_text_loses_telling_members(text, expected):
    """Also where it is cut off, which is where a parser gives up."""
    assert REDACTOR.json_text(text) == expected


def _multipart(password):
    """Return a multipart body with a telling part and one whose file name is telling."""
    return (
        f'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\n{password}\r\n'
        '--B\r\nContent-Disposition: form-data; name="n"; filename="password"\r\n\r\n1\r\n--B--\r\n'
    )


@pytest.mark.parametrize(
    ("media_type", "text", "expected"),
    [
        ("application/x-www-form-urlencoded", "user=a&password=b%26c", f"user=a&password={M}"),
        ("application/json", '{"key": "a", "n": 1}', f'{{"key": "{M}", "n": 1}}'),
        ("", '{"auth": "a"}', f'{{"auth": "{M}"}}'),
        ("multipart/form-data", _multipart("secret"), _multipart(M)),
        ("multipart/form-data", "not multipart at all", M),
        ("text/plain", "see https://u:p@h/", f"see https://{M}@h/"),
    ],
)  # fmt: skip
def test_request_bodies_lose_telling_fields(media_type, text, expected):
    """Forms, JSON and multipart are masked by the names of their fields."""
    assert REDACTOR.request_body(media_type, text) == expected


members = st.recursive(
    st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "token", "b:", '"']), inner, max_size=3)
    ),
)


def _masked(value, is_secret):
    if isinstance(value, dict):
        return {k: MASK if is_secret(k) else _masked(v, is_secret) for k, v in value.items()}
    return [_masked(item, is_secret) for item in value] if isinstance(value, list) else value


@given(members)
def test_json_text_is_masked_as_parsed_json_would_be(value):
    """The pattern agrees with a parser on every document."""
    assert json.loads(REDACTOR.json_text(json.dumps(value), is_telling)) == _masked(value, is_telling)


@given(st.text(st.characters(exclude_categories=())), st.text())
def test_masking_never_raises(text, name):
    """No text is an error."""
    for mask in (REDACTOR.url, REDACTOR.form, REDACTOR.json_text, Redactor([Secret("abcdef")]).text):
        assert isinstance(mask(text), str)
    assert isinstance(REDACTOR.header(name, text), str)
    assert isinstance(REDACTOR.request_body(name, text), str)


@pytest.mark.parametrize(
    "unit", ['\\"', "//", "?a", "%3Fa", '{"token":[', "--", "@", "%3F", ";a=", '"', "\n\n", "//a@"]
)
def test_masking_takes_linear_time(unit):
    """200 000 characters of what makes expressions backtrack take four times as long as 50 000."""

    def mask(text):
        for each in (REDACTOR.url, REDACTOR.json_text, Redactor([Secret("abcdefgh")]).text):
            each(text)
        REDACTOR.request_body("multipart/form-data", text)

    assert growth(mask, lambda size: '"' + unit * (size // len(unit)), 50_000) < 9


def test_a_redactor_learns_more_secrets_without_changing():
    """knowing() returns another redactor, which keeps the first one's secrets."""
    first = Redactor([Secret("first-secret")])
    second = first.knowing([Secret("second-secret")])
    assert second.text("first-secret second-secret") == f"{M} {M}"
    assert first.text("second-secret") == "second-secret"
    assert first.knowing([]) is first
