"""Cookie jars."""

import json
import os
import pickle
import re
import stat
from http.cookies import BaseCookie, CookieError, Morsel, SimpleCookie
from unittest import mock

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from httpkit.values import cookies as cookies_module
from httpkit.values.abc import AbstractCookieJar
from httpkit.values.cookies import CookieJar, DummyCookieJar, filter_request_cookies
from httpkit.values.set_cookie import CookieLimits, encode_cookies

HTTPS = URL("https://www.example.com/a/b")


def _sent(jar, url):
    return {name: cookie.coded_value for name, cookie in jar.filter_cookies(URL(url)).items()}


def _jar(*fields, url=HTTPS, **options):
    jar = CookieJar(**options)
    jar.update_cookies_from_headers(fields, URL(url))
    return jar


@pytest.fixture
def clock():
    """The time of day, which a test may set."""
    with mock.patch.object(cookies_module.time, "time", return_value=1_800_000_000.0) as now:
        yield now


# What both jars agree on: no public suffixes, no Secure cookies over plain HTTP, no prefixes.
FIELDS = st.tuples(
    st.sampled_from(["a", "b", "c[1]"]),
    st.sampled_from(["1", "2", '"x y"', "x y", ""]),
    st.sampled_from(["", "example.com", ".example.com", "www.example.com", "other.org", "other.org."]),
    st.sampled_from(["", "/", "/a", "/a/", "/a/b", "relative"]),
    st.sampled_from(["", "Secure", "HttpOnly", "SameSite=Strict"]),
    st.sampled_from(["", "Max-Age=0", "Max-Age=100", "Max-Age=-5", "Expires=Wed, 09 Jun 2021 10:18:14 GMT"]),
).map(lambda p: f"{p[0]}={p[1]}; Domain={p[2]}; Path={p[3]}; {p[4]}; {p[5]}")
URLS = st.tuples(
    st.sampled_from(["https", "wss"]),
    st.sampled_from(["www.example.com", "example.com", "a.www.example.com", "other.org", "127.0.0.1", "[::1]"]),
    st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c"]),
).map(lambda p: f"{p[0]}://{p[1]}{p[2]}")
SHARED = st.dictionaries(st.sampled_from(["a", "s"]), st.sampled_from(["shared", "x;y"]), max_size=2)


@given(
    st.lists(st.tuples(st.lists(FIELDS, min_size=1, max_size=3), URLS), max_size=4),
    SHARED,
    st.lists(URLS.flatmap(lambda url: st.sampled_from([url, url.replace("s:", ":", 1)])), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_a_jar_does_what_aiohttps_jar_does(responses, shared, requests, unsafe, quote):
    """The same responses give the same cookies for the same requests, and the same attributes."""
    theirs = aiohttp.CookieJar(unsafe=unsafe, quote_cookie=quote, loop=mock.Mock())
    ours = CookieJar(unsafe=unsafe, quote_cookie=quote)
    for jar in (theirs, ours):
        jar.update_cookies(shared)
        for fields, url in responses:
            jar.update_cookies_from_headers(fields, URL(url))
    assert len(theirs) == len(ours)
    assert theirs.host_only_cookies == ours.host_only_cookies
    assert dict(theirs.cookies) == dict(ours.cookies)
    for url in requests:
        assert _sent(theirs, url) == _sent(ours, url)
    for domain in ("www.example.com", "example.com"):
        theirs.clear_domain(domain)
        ours.clear_domain(domain)
        assert dict(theirs.cookies) == dict(ours.cookies)


def test_the_class_constants_are_aiohttps():
    """Subclasses and tests written for aiohttp find its constants."""
    names = [name for name in vars(aiohttp.CookieJar) if name.isupper()]
    assert "DATE_TOKENS_RE" in names
    for name in names:
        assert type(getattr(aiohttp.CookieJar, name)) is type(getattr(CookieJar, name))
    assert (aiohttp.CookieJar.MAX_TIME, aiohttp.CookieJar.SUB_MAX_TIME) == (CookieJar.MAX_TIME, CookieJar.SUB_MAX_TIME)


def test_a_jar_has_the_names_of_aiohttps_jar():
    """Every public name of `CookieJar` and `DummyCookieJar` is here too."""
    for name in ("CookieJar", "DummyCookieJar"):
        theirs = {attribute for attribute in dir(getattr(aiohttp, name)) if not attribute.startswith("_")}
        assert theirs <= set(dir(getattr(cookies_module, name)))


def test_options_are_readable():
    """`unsafe`, `quote_cookie` and `treat_as_secure_origin` say what was chosen."""
    jar = CookieJar(unsafe=True, quote_cookie=False, treat_as_secure_origin=["http://a:1/x", URL("http://b/")])
    assert (jar.unsafe, jar.quote_cookie) == (True, False)
    assert frozenset({URL("http://a:1"), URL("http://b")}) == jar.treat_as_secure_origin
    assert frozenset({URL("http://c")}) == CookieJar(treat_as_secure_origin="http://c/").treat_as_secure_origin
    assert frozenset({URL("http://c")}) == CookieJar(treat_as_secure_origin=URL("http://c/")).treat_as_secure_origin
    assert frozenset() == CookieJar().treat_as_secure_origin


def test_an_empty_jar_is_false_and_gives_nothing():
    """A request for which there is nothing to look up costs one truth test."""
    jar = CookieJar()
    assert not jar
    assert BaseCookie() == jar.filter_cookies(HTTPS)
    assert _jar("a=1")


def test_a_request_looks_only_at_the_domains_above_its_host(monkeypatch):
    """10 000 other domains cost a request nothing: the index is asked for the host and its parents."""

    class Unlimited(CookieJar):
        limits = None

    jar = Unlimited()
    for number in range(10_000):
        jar.update_cookies({"a": "1"}, URL(f"https://host{number}.example{number}.com/"))
    asked = []
    domains = jar._store._domains

    class Watched(dict):
        def get(self, key, default=None):
            asked.append(key)
            return super().get(key, default)

    monkeypatch.setattr(jar._store, "_domains", Watched(domains))
    assert _sent(jar, "https://host7.example7.com/") == {"a": "1"}
    assert asked == ["", "com", "example7.com", "host7.example7.com"]


@pytest.mark.parametrize("domain", ["co.uk", "uk", ".CO.UK", "Co.Uk", "github.io"])
def test_no_cookie_is_set_for_a_public_suffix(domain):
    """CVE-2023-46218: `Domain=co.uk`, in any spelling, would be sent to every company in the country."""
    host = "a.github.io" if domain == "github.io" else "a.co.uk"
    assert len(_jar(f"a=1; Domain={domain}", url=f"https://{host}/")) == 0


def test_a_public_suffix_may_have_cookies_of_its_own():
    """RFC 6265bis section 5.7 step 9: where the host is the suffix, the cookie is for that host only."""
    jar = _jar("a=1; Domain=github.io", url="https://github.io/")
    assert frozenset({("github.io", "", "a")}) == jar.host_only_cookies
    assert _sent(jar, "https://evil.github.io/") == {}


def test_a_domain_is_matched_in_lower_case_and_punycode():
    """RFC 6265bis section 5.6.3: `Domain=EXAMPLE.com` and Unicode mean the same host."""
    assert _sent(_jar("a=1; Path=/; Domain=EXAMPLE.com"), "https://b.example.com/") == {"a": "1"}
    jar = _jar("a=1; Domain=b\u00fccher.de", url="https://www.b\u00fccher.de/")
    assert _sent(jar, "https://b\u00fccher.de/") == {"a": "1"}
    assert len(_jar("a=1; Domain=\u00e4..de")) == 0


def test_cookies_are_chosen_by_the_urls_host_only():
    """CVE-2026-6276: a suffix that is not a parent, and another host, get nothing."""
    jar = _jar("a=1; Domain=example.com")
    assert _sent(jar, "https://notexample.com/") == {}
    assert len(_jar("a=1; Domain=other.org")) == 0


def test_a_host_only_cookie_is_not_for_subdomains():
    """RFC 6265bis section 5.8.3."""
    jar = _jar("a=1", url="https://example.com/")
    assert (_sent(jar, "https://example.com/"), _sent(jar, "https://b.example.com/")) == ({"a": "1"}, {})


def test_a_subdomain_does_not_make_a_host_only_cookie_wider():
    """CVE-2026-111749: a cookie that a subdomain sets for its parent replaces the host-only one of that identity."""
    jar = _jar("a=1", url="https://example.com/")
    jar.update_cookies_from_headers(["a=2; Path=/x; Domain=example.com"], URL("https://b.example.com/x"))
    assert frozenset({("example.com", "", "a")}) == jar.host_only_cookies
    assert _sent(jar, "https://c.example.com/") == {}


@pytest.mark.parametrize("shared", [True, False])
def test_a_secure_cookie_needs_tls(shared):
    """CVE-2026-111063: Secure cookies, shared ones too, go over https and wss only."""
    cookie = SimpleCookie("a=1; Secure" + ("" if shared else "; Domain=example.com"))
    jar = CookieJar()
    jar.update_cookies(cookie)
    assert [_sent(jar, f"{s}://example.com/") for s in ("http", "ws", "https", "wss")] == [
        {},
        {},
        {"a": "1"},
        {"a": "1"},
    ]


def test_an_origin_can_be_treated_as_secure():
    """`treat_as_secure_origin` names scheme, host and port."""
    jar = _jar("a=1; Secure", url="http://dev.test:8080/", treat_as_secure_origin="http://dev.test:8080")
    assert [_sent(jar, f"http://dev.test:{port}/") for port in (8080, 8081)] == [{"a": "1"}, {}]
    assert _sent(jar, "/relative") == {}


def test_an_insecure_origin_sets_no_secure_cookie():
    """RFC 6265bis section 5.7 step 8: what came in the clear may come from anybody."""
    assert len(_jar("a=1; Secure", url="http://example.com/")) == 0


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("a=evil", "http://www.example.com/"),
        ("a=evil; Domain=example.com", "http://www.example.com/"),
        ("a=evil", "http://b.www.example.com/"),
        ("a=evil; Path=/login/deep", "http://www.example.com/"),
    ],
)
def test_an_insecure_origin_does_not_hide_a_secure_cookie(field, url):
    """RFC 6265bis section 5.7 step 12: leave secure cookies alone."""
    jar = _jar("a=good; Secure; Path=/", "b=x; Secure; Path=/other")
    jar.update_cookies_from_headers([field, "b=1; Path=/"], URL(url))
    assert _sent(jar, "https://www.example.com/login/deep")["a"] == "good"
    assert sorted(cookie.key for cookie in jar) == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("__Secure-a=1; Secure", 1),
        ("__Secure-a=1", 0),
        ("__Host-a=1; Secure; Path=/", 1),
        ("__host-a=1; Secure; Path=/a", 0),
        ("__Host-a=1; Path=/", 0),
        ("__Host-a=1; Secure; Path=/; Domain=example.com", 0),
    ],
)
def test_a_prefix_is_a_promise(field, stored):
    """RFC 6265bis section 4.1.3."""
    assert stored == len(_jar(field))


def test_samesite_is_kept():
    """SameSite is for browsers; users see it."""
    [cookie] = _jar("a=1; SameSite=Lax")
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_an_ip_address_has_cookies_only_if_unsafe(host):
    """`unsafe=True` takes and sends them; without, such a host still gets shared cookies."""
    url = f"http://{host}/"
    assert len(_jar("a=1", url=url)) == 0
    assert _sent(_jar("a=1", url=url, unsafe=True), url) == {"a": "1"}
    jar = CookieJar()
    jar.update_cookies({"s": "1"})
    jar.update_cookies({"a": "1"}, URL(url))
    assert _sent(jar, url) == {"s": "1"}


@pytest.mark.parametrize(
    ("path", "matching", "others"),
    [
        ("/", ["/", "/x", "//"], []),
        ("/a", ["/a", "/a/", "/a/b"], ["/", "/ab"]),
        ("/a/", ["/a/", "/a/b"], ["/a", "/ab"]),
        ("/a%2Fb", ["/a%2Fb"], ["/a/b"]),
        ("", ["/a", "/a/x"], ["/", "/b"]),
        ("relative", ["/a"], ["/"]),
    ],
)
def test_a_path_covers_what_is_below_it(path, matching, others):
    """CVE-2025-9086; RFC 6265bis section 5.1.4, on the path as it is sent; without one, the directory of the response."""
    jar = _jar(f"n=1; Path={path}", url="https://example.com/a/b")
    assert [{"n": "1"}] * len(matching) == [_sent(jar, URL(f"https://example.com{p}", encoded=True)) for p in matching]
    assert [{}] * len(others) == [_sent(jar, f"https://example.com{p}") for p in others]


def test_the_closest_cookie_wins():
    """Of several with one name, that of the longest path of the closest domain goes out, once."""
    jar = CookieJar()
    jar.update_cookies({"a": "shared"})
    jar.update_cookies_from_headers(["a=parent; Domain=example.com; Path=/"], HTTPS)
    assert _sent(jar, HTTPS) == {"a": "parent"}
    jar.update_cookies_from_headers(["a=deep; Path=/a/b", "a=root; Path=/", "a=mid; Path=/a"], HTTPS)
    assert [_sent(jar, HTTPS), _sent(jar, "https://www.example.com/")] == [{"a": "deep"}, {"a": "root"}]


def test_max_age_wins_over_expires(clock):
    """RFC 6265bis section 5.7 step 6; what is malformed is as good as missing."""
    jar = _jar(
        "a=1; Max-Age=10; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
        "b=1; Max-Age=soon; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
        "c=1; Max-Age=1_0; Expires=never",
        f"d=1; Max-Age={'9' * 500}",
        "e=1; Max-Age=20",
    )
    assert sorted(cookie.key for cookie in jar) == ["a", "c", "d", "e"]
    clock.return_value += 10
    assert list(_sent(jar, HTTPS)) == ["c", "d", "e"]
    clock.return_value += 10
    assert len(jar) == 3
    assert [cookie.key for cookie in jar] == ["c", "d"]


def test_a_cookie_that_is_set_again_forgets_its_expiry(clock):
    """RFC 6265 section 5.3 step 11: the new cookie is a session cookie."""
    jar = _jar("a=1; Max-Age=10")
    jar.update_cookies_from_headers(["a=2"], HTTPS)
    clock.return_value += 100
    assert _sent(jar, HTTPS) == {"a": "2"}


def test_an_expired_cookie_deletes():
    """A server deletes a cookie by setting one that has expired."""
    jar = _jar("a=1")
    jar.update_cookies_from_headers(["a=; Max-Age=0", "new=; Max-Age=0"], HTTPS)
    assert len(jar) == 0
    assert jar.cookies == {}


def test_clear_takes_a_predicate(clock):
    """`clear` removes everything, or what has expired and what the predicate picks."""
    jar = _jar("a=1", "b=2", "c=3; Max-Age=5")
    clock.return_value += 5
    jar.clear(lambda cookie: cookie.key == "a")
    assert [cookie.key for cookie in jar] == ["b"]
    view = jar.cookies
    jar.clear()
    assert (len(jar), dict(view)) == (0, {})


def test_morsels_are_copied():
    """What the caller does to its cookies later doesn't change the jar."""
    mine = SimpleCookie("a=1; Path=/")
    jar = CookieJar()
    jar.update_cookies(mine, HTTPS)
    mine["a"]["path"] = "/other"
    assert (mine["a"]["domain"], _sent(jar, HTTPS)) == ("", {"a": "1"})


def test_cookies_come_as_a_mapping_pairs_or_morsels():
    """All of `LooseCookies`; a name that can't be one is the standard library's error."""
    jar = CookieJar()
    jar.update_cookies([("a", "1"), ("b", SimpleCookie("x=2")["x"])])
    assert {cookie.key: cookie.value for cookie in jar} == {"a": "1", "x": "2"}
    with pytest.raises(CookieError):
        jar.update_cookies({"a b": "1"})


@pytest.mark.parametrize(("quote", "expected"), [(True, '"x\\073y"'), (False, "x;y")])
def test_quoting_is_optional(quote, expected):
    """`quote_cookie=False` sends values as they are."""
    jar = CookieJar(quote_cookie=quote)
    jar.update_cookies({"a": "x;y"})
    assert expected == _sent(jar, HTTPS)["a"]


def test_what_a_server_quoted_goes_back_as_it_came():
    """Old servers compare the value octet by octet."""
    assert encode_cookies(_jar('a="x\\ y"').filter_cookies(HTTPS).values()) == 'a="x\\ y"'


def test_a_cookie_with_control_characters_is_not_stored():
    """CVE-2022-35252, CVE-2026-3644: it could never be sent."""
    cookie = Morsel()
    cookie.__setstate__({"key": "a", "value": "x\ny", "coded_value": "x\ny"})
    jar = CookieJar()
    jar.update_cookies({"a": cookie}, HTTPS)
    assert len(jar) == 0


def test_a_text_for_a_url_is_deprecated():
    """`filter_cookies("https://...")` still works, as in aiohttp."""
    with pytest.warns(DeprecationWarning, match="yarl"):
        assert list(_jar("a=1").filter_cookies(str(HTTPS))) == ["a"]


def test_a_domain_evicts_as_firefox_does():
    """The 181st cookie of a domain evicts down to 150: what isn't Secure, and least recently used, first."""
    jar = CookieJar()
    first = "https://example.com/first"
    jar.update_cookies_from_headers([f"s{n}=1; Secure; Path=/s" for n in range(50)], URL(first))
    for start in range(0, 130, 50):
        fields = [f"c{n}=1; Path={'/first' if n < 10 else '/'}" for n in range(start, min(start + 50, 130))]
        jar.update_cookies_from_headers(fields, URL(first))
    assert len(jar) == 180
    assert len(_sent(jar, first)) == 130  # all are used; then the first ten and s0 again
    jar.update_cookies_from_headers(["c0=2; Path=/first"], URL(first))
    assert len(jar) == 180  # the same cookie is no other
    jar.update_cookies_from_headers(["new=1"], URL(first))
    left = {cookie.key for cookie in jar}
    assert len(left) == 150
    assert {"new", "c0", *(f"s{n}" for n in range(50))} <= left


def test_a_domain_full_of_secure_cookies_takes_only_secure_ones():
    """Secure cookies make room for Secure cookies only; one that merely deletes evicts nothing."""

    class Small(CookieJar):
        limits = CookieLimits(max_per_domain=3, keep_per_domain=2)

    jar = Small()
    jar.update_cookies_from_headers([f"s{n}=1; Secure" for n in range(3)], HTTPS)
    jar.update_cookies_from_headers(["plain=1", "gone=1; Max-Age=0"], HTTPS)
    assert [cookie.key for cookie in jar] == ["s0", "s1", "s2"]
    jar.update_cookies_from_headers(["s3=1; Secure"], HTTPS)
    assert [cookie.key for cookie in jar] == ["s2", "s3"]


def test_expired_cookies_make_room_first(clock):
    """What has expired goes before anything else is evicted."""

    class Small(CookieJar):
        limits = CookieLimits(max_per_domain=3, keep_per_domain=3)

    jar = Small()
    jar.update_cookies_from_headers(["old=1; Max-Age=5", "s1=1; Secure", "s2=1; Secure"], HTTPS)
    clock.return_value += 6
    jar.update_cookies_from_headers(["new=1"], HTTPS)
    assert [cookie.key for cookie in jar] == ["s1", "s2", "new"]


def test_a_jar_evicts_the_least_recently_used():
    """The 3301st cookie evicts down to 3000, whatever its domain."""
    jar = CookieJar()
    for number in range(3300):
        jar.update_cookies({"a": "1"}, URL(f"https://host{number // 2}.example/{number % 2}/"))
    assert _sent(jar, "https://host0.example/0/") == {"a": "1"}
    jar.update_cookies({"a": "1"}, URL("https://new.example/"))
    assert len(jar) == 3001
    assert _sent(jar, "https://host0.example/0/") == {"a": "1"}
    assert _sent(jar, "https://host0.example/1/") == {}


@pytest.mark.parametrize(("size", "expected"), [(1, 150), (100, 76)])
def test_a_request_carries_150_cookies_or_8190_bytes(size, expected):
    """The limits of a `Cookie` line; the closest cookies go first."""
    jar = CookieJar()
    for start in range(0, 170, 50):
        jar.update_cookies_from_headers(
            [f"c{n:03}={'x' * size}; Path=/a" for n in range(start, min(start + 50, 170))], HTTPS
        )
    jar.update_cookies({"c000": "shared", "shared": "y" * size})
    sent = jar.filter_cookies(HTTPS)
    assert expected == len(sent)
    assert len(f"Cookie: {encode_cookies(sent.values())}") <= 8190
    assert "shared" not in sent


def test_cookies_for_one_request_have_no_limits():
    """`cookies=` of a request follows the jar's settings, but none of its limits."""
    many = {f"c{number}": "x" * 100 for number in range(1000)}
    assert len(filter_request_cookies(many, HTTPS, CookieJar())) == 1000
    cookie = SimpleCookie("a=1; Secure")
    plain = URL("http://127.0.0.1/")
    assert list(filter_request_cookies(cookie, plain, DummyCookieJar())) == []
    trusting = CookieJar(treat_as_secure_origin=plain, quote_cookie=False)
    assert list(filter_request_cookies(cookie, plain, trusting)) == ["a"]
    assert filter_request_cookies({"a": "x;y"}, plain, trusting)["a"].coded_value == "x;y"


def test_a_dummy_jar_stores_nothing():
    """`DummyCookieJar` has every method, and no cookies."""
    jar = DummyCookieJar()
    jar.update_cookies({"a": "1"})
    jar.update_cookies_from_headers(["a=1"], HTTPS)
    jar.clear()
    jar.clear_domain("example.com")
    assert (len(jar), list(jar), dict(jar.cookies), jar.host_only_cookies) == (0, [], {}, frozenset())
    assert (jar.unsafe, jar.quote_cookie, jar.treat_as_secure_origin) == (False, True, frozenset())
    assert SimpleCookie() == jar.filter_cookies(HTTPS)


def test_a_jar_of_the_users_own_gets_parsed_cookies():
    """`AbstractCookieJar.update_cookies_from_headers` hands Morsels to `update_cookies`, as aiohttp's does."""
    calls = []

    class Own(DummyCookieJar):
        update_cookies_from_headers = AbstractCookieJar.update_cookies_from_headers

        def update_cookies(self, cookies, response_url=None):
            calls.append(([(name, cookie.value) for name, cookie in cookies], response_url))

    Own().update_cookies_from_headers(["a=1; Path=/", "bad"], HTTPS)
    Own().update_cookies_from_headers(["bad"], HTTPS)
    assert calls == [([("a", "1")], HTTPS)]


class TestFiles:
    """`save` and `load`."""

    FIELDS = (
        "host=1; Path=/a; HttpOnly; SameSite=Lax",
        'domain="x y"; Domain=example.com; Secure',
        "later=1; Max-Age=1000",
        "b[0]=lenient; Path=/a/",
    )

    def _facts(self, jar):
        return [
            (
                s.domain,
                s.path,
                s.name,
                s.is_host_only,
                s.deadline,
                s.sent.coded_value,
                s.cookie["path"],
                s.cookie["samesite"],
            )
            for s in jar._store
        ]

    def test_a_jar_survives_a_round_trip(self, tmp_path, clock):
        """CVE-2026-54279: host-only, absolute expiry, attributes and quotes are what they were; views stay live."""
        jar = _jar(*self.FIELDS)
        jar.update_cookies({"shared": "s"})
        jar.save(tmp_path / "jar")
        clock.return_value += 500
        loaded = CookieJar()
        loaded.update_cookies({"gone": "1"})
        view = loaded.cookies
        loaded.load(str(tmp_path / "jar"))
        assert self._facts(jar) == self._facts(loaded)
        assert len(view) == 3
        clock.return_value += 501
        assert "later" not in [cookie.key for cookie in loaded]

    def test_aiohttp_and_we_read_each_others_files(self, tmp_path):
        """A jar saved by aiohttp 3.14 loads here, and the other way round."""
        ours = _jar(*self.FIELDS)
        theirs = aiohttp.CookieJar(loop=mock.Mock())
        theirs.update_cookies_from_headers(self.FIELDS, HTTPS)
        theirs.save(tmp_path / "theirs")
        ours.save(tmp_path / "ours")
        from_theirs = CookieJar()
        from_theirs.load(tmp_path / "theirs")
        from_ours = aiohttp.CookieJar(loop=mock.Mock())
        from_ours.load(tmp_path / "ours")
        for url in (HTTPS, "https://example.com/", "http://b.example.com/"):
            assert _sent(ours, url) == _sent(from_theirs, url) == _sent(from_ours, url)

    def test_only_the_owner_reads_the_file(self, tmp_path):
        """CVE-2026-25645: mode 0600 from the first byte, no temporary file that could be guessed, none left behind."""
        path = tmp_path / "jar"
        path.write_text("old")
        path.chmod(0o644)
        with mock.patch.object(os, "open", wraps=os.open) as opened:
            _jar("a=1").save(path)
        [(temporary, flags, mode)] = [call.args for call in opened.call_args_list]
        assert (mode, flags & os.O_EXCL) == (0o600, os.O_EXCL)
        assert re.fullmatch(r"\.jar\.[0-9a-f]{16}", temporary.name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [path] == list(tmp_path.iterdir())

    def test_a_file_that_can_not_be_written_stays(self, tmp_path):
        """All or nothing: what was saved before is still there, and nothing else."""
        path = tmp_path / "jar"
        path.write_text("old")
        with mock.patch("pathlib.Path.replace", side_effect=OSError("no")), pytest.raises(OSError, match="no"):
            _jar("a=1").save(path)
        assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])

    def test_a_pickle_is_never_loaded(self, tmp_path):
        """CVE-2026-34993: a pickle runs no code; the error says what the file is, and the jar is as it was."""

        class Evil:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "pwned"),)

        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            (tmp_path / "jar").write_bytes(pickle.dumps(Evil(), protocol))
            jar = _jar("a=1")
            with pytest.raises(ValueError, match="pickle" if protocol >= 2 else "not JSON"):
                jar.load(tmp_path / "jar")
            assert _sent(jar, HTTPS) == {"a": "1"}
        assert not (tmp_path / "pwned").exists()

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            "null",
            "[" * 100_000,
            '{"a|": []}',
            '{"no path": {"a": {"key": "a", "value": "b", "coded_value": "b"}}}',
            '{"a.example|": {"a": null}}',
            '{"a.example|": {"a": {}}}',
            '{"a.example|": {"a": {"key": 1, "value": "b", "coded_value": "b"}}}',
            '{"a.example|": {"a": {"key": "a", "value": "b", "coded_value": "b", "path": ["/"]}}}',
            '{"a.example|": {"a": {"key": "a", "value": "b", "coded_value": "b", "expires_timestamp": "soon"}}}',
            '{"a.example|": {"a": {"key": "a", "value": "b", "coded_value": "b", "expires_timestamp": NaN}}}',
            '{"a.example|": {"a": {"key": "a", "value": "b", "coded_value": "b", "expires_timestamp": true}}}',
        ],
    )
    def test_a_malformed_file_leaves_the_jar_unchanged(self, tmp_path, content):
        """Every file that `save` doesn't write is a ValueError about a cookie file."""
        (tmp_path / "jar").write_text(content)
        jar = _jar("a=1")
        with pytest.raises(ValueError, match="cookie file"):
            jar.load(tmp_path / "jar")
        assert _sent(jar, HTTPS) == {"a": "1"}

    def test_a_file_is_read_up_to_its_limit(self, tmp_path, monkeypatch):
        """A huge file is refused before it is parsed, and the error names the limit."""
        monkeypatch.setattr("httpkit.values.cookie_file.MAX_FILE_SIZE", 10)
        (tmp_path / "jar").write_text("{" + " " * 100 + "}")
        with pytest.raises(ValueError, match=r"exceeds 10 bytes \(cookie_file.MAX_FILE_SIZE\)"):
            CookieJar().load(tmp_path / "jar")

    def test_a_missing_file_is_an_oserror(self, tmp_path):
        """The caller learns that there is no file yet."""
        with pytest.raises(FileNotFoundError):
            CookieJar().load(tmp_path / "none")

    def test_a_file_gets_no_more_than_a_response(self, tmp_path):
        """What a response may not set, a file may not either: addresses, suffixes, control characters, expired cookies."""
        cookie = {"key": "a", "value": "b", "coded_value": "b", "domain": "", "unknown": 1}
        records = {
            "127.0.0.1|": {"a": cookie},
            "co.uk|": {"a": cookie | {"domain": "co.uk"}},
            "x.example|": {"a": cookie | {"coded_value": "b\r\nX: y"}, "b": cookie | {"expires_timestamp": 1}},
        }
        (tmp_path / "jar").write_text(json.dumps(records))
        jar = CookieJar()
        jar.load(tmp_path / "jar")
        assert (len(jar), jar.host_only_cookies) == (1, frozenset({("co.uk", "", "a")}))
