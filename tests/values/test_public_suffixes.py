"""Public suffixes."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from httpkit.values import public_suffixes
from httpkit.values.public_suffixes import is_public_suffix

THE_LIST = PublicSuffixList()
domains = st.sampled_from(sorted(THE_LIST._publicsuffix)).map(lambda rule: rule.lstrip("!").removeprefix("*."))
ascii_domains = domains.filter(str.isascii)


@pytest.fixture(params=[None, SimpleNamespace(origin=None), SimpleNamespace(origin="/nowhere/__init__.py")])
def _without_the_list(monkeypatch, request):
    monkeypatch.setattr(public_suffixes, "find_spec", lambda _name: request.param)
    public_suffixes._rules.cache_clear()
    is_public_suffix.cache_clear()
    yield
    monkeypatch.undo()
    public_suffixes._rules.cache_clear()
    is_public_suffix.cache_clear()


@given(ascii_domains, st.sampled_from(["", "a.", "b.a."]))
def test_the_rules_mean_what_they_mean_to_their_package(domain, prefix):
    """Exact rules, wildcards, exceptions and punycode give what `publicsuffixlist` gives."""
    assert THE_LIST.is_public(prefix + domain) == is_public_suffix(prefix + domain)


@pytest.mark.parametrize("domain", ["com", "localhost", "co.uk", "github.io", "kobe.jp", "xn--55qx5d.cn"])
def test_a_domain_of_many_owners_is_a_public_suffix(domain):
    """Single labels, registries, hosting companies, the parents of wildcards, names in punycode."""
    assert is_public_suffix(domain)


@pytest.mark.parametrize("domain", ["example.com", "www.github.io", "city.kobe.jp", "xn--.com", "127.0.0.1"])
def test_a_domain_of_one_owner_is_none(domain):
    """Registered names and exceptions may have cookies for all that is below them."""
    assert not is_public_suffix(domain)


@pytest.mark.usefixtures("_without_the_list")
def test_the_commonest_suffixes_are_known_without_the_list():
    """`publicsuffixlist` is optional: single labels and the usual registries and hosts are refused without it."""
    assert all(map(is_public_suffix, ["uk", "co.uk", "com.au", "github.io"]))
    assert not is_public_suffix("example.co.uk")


def test_every_built_in_suffix_is_on_the_list():
    """The short list has nothing that the long one hasn't."""
    assert [domain for domain in public_suffixes._BUILT_IN if not THE_LIST.is_public(domain)] == []
