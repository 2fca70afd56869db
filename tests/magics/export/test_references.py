"""Masked text -> text with variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.export.references import Reference, Variables
from httpkit_magics.record.secrets import MASK


@pytest.mark.parametrize(
    ("masked", "name"),
    [
        (f"/x?api_key={MASK}&a=1", "API_KEY"),
        (f"a=1&client.secret={MASK}", "CLIENT_SECRET"),
        (f'{{"accessToken": "{MASK}"}}', "ACCESSTOKEN"),
        (f'{{"a": 1, "pin":{MASK}}}', "PIN"),
        (f'--B\r\nContent-Disposition: form-data; name="pass word"\r\nX: y\r\n\r\n{MASK}\r\n', "PASS_WORD"),
        (f"https://{MASK}@h/", "SECRET"),
        (f"2fa={MASK}", "SECRET_2FA"),
        (f"path={MASK}", "SECRET_PATH"),
        (f"é={MASK}", "SECRET"),
    ],
)
def test_a_variable_is_named_after_what_stands_before_it(masked, name):
    """Member, parameter or part; a name that means something to a shell is not taken."""
    variables = Variables()
    before, after = masked.split(MASK)
    assert variables.pieces(masked, "the body") == tuple(filter(None, (before, Reference(name), after)))
    assert variables.comments() == [f"{name}: a credential in the body, as it is written there"]


def test_names_are_numbered():
    """Two credentials may have one name; their variables don't."""
    variables = Variables()
    pieces = variables.pieces(f"token={MASK}&token={MASK}", "the URL")
    assert pieces == ("token=", Reference("TOKEN"), "&token=", Reference("TOKEN_2"))


@given(st.lists(st.text(st.characters(exclude_characters=MASK)), min_size=1))
def test_what_is_not_masked_stays_as_it_is(texts):
    """The texts between masks come back, in order, to the byte."""
    pieces = Variables().pieces(MASK.join(texts), "the body")
    assert [piece for piece in pieces if isinstance(piece, str)] == [text for text in texts if text]
    assert sum(isinstance(piece, Reference) for piece in pieces) == len(texts) - 1
