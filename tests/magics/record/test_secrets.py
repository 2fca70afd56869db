"""Values that must never be shown."""

import base64
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK, Secret

secret_texts = st.text(min_size=6, max_size=30)


def test_a_secret_shows_as_a_mask_wherever_it_is_printed():
    """str, repr, format and f-strings give the mask; only reveal() gives the text."""
    secret = Secret("hunter2hunter2", "PASSWORD")
    assert [str(secret), f"{secret}", f"{secret:>8}", repr(secret)] == [
        MASK,
        MASK,
        f"  {MASK}",
        f"<Secret PASSWORD {MASK}>",
    ]
    assert secret.reveal() == "hunter2hunter2"


def test_a_secret_does_not_pickle():
    """A pickled secret would be a saved one."""
    with pytest.raises(TypeError, match="does not pickle"):
        pickle.dumps(Secret("hunter2hunter2"))


def test_equal_secrets_are_equal():
    """Secrets compare by their text, so that a set holds each once."""
    assert {Secret("abcdef"), Secret("abcdef", "other name")} == {Secret("abcdef")}


@given(secret_texts, st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_found_in_every_form(text, before, after):
    """Raw, percent-encoded, JSON-escaped and in a repr, whatever stands around it."""
    redactor = Redactor([Secret(text)])
    for form in (text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]):  # fmt: skip
        assert form not in redactor.text(f"{before}{form}{after}").replace(MASK, "")


@given(st.text(min_size=8, max_size=30), st.binary(max_size=6), st.binary(max_size=6))
def test_a_secret_is_found_inside_base64(text, before, after):
    """As in Basic credentials, a secret in the middle of a base64 text hides the whole of that text."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + text.encode() + after).decode()
        assert Redactor([Secret(text)]).text(f"Basic {encoded}!") == f"Basic {MASK}!"


def test_short_secrets_are_not_searched_for():
    """Three characters stand on every page."""
    assert Redactor([Secret("abc")]).text("abcdef") == "abcdef"


def test_text_around_a_secret_stays():
    """Only the secret goes."""
    assert (
        Redactor([Secret("p@ss word")]).text("a p@ss word b p%40ss%20word c p%40ss+word")
        == f"a {MASK} b {MASK} c {MASK}"
    )
