"""The constants are aiohttp's."""

import pytest
from aiohttp import hdrs as theirs
from multidict import istr

from httpkit.values import hdrs as ours

NAMES = [name for name in dir(theirs) if name.isupper()]


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_has_the_value_and_type_that_aiohttp_gives_it(name):
    """Code that uses `aiohttp.hdrs` finds the same names here, `istr` where they were `istr`."""
    expected = getattr(theirs, name)
    actual = getattr(ours, name)
    assert expected == actual
    assert isinstance(expected, istr) == isinstance(actual, istr)
