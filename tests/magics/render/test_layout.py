"""JSON text on several lines."""

import json

from hypothesis import given
from sample_records import json_values

from httpkit_magics.render.layout import WIDTH, laid_out


def test_short_text_and_laid_out_text_stay():
    """What is readable is not touched."""
    short = '{"a":[1,2]}'
    wide = json.dumps({"a": ["x" * 30] * 10}, indent=1)
    assert [laid_out(short, 1000), laid_out(wide, 1000)] == [short, wide]


def test_each_member_has_a_line():
    """Also where the document is cut off."""
    text = '{"a":[1,{"b":"' + "x" * WIDTH
    assert laid_out(text, 1000).split("\n") == ["{", '  "a": [', "    1,", "    {", f'      "b": "{"x" * WIDTH}']


@given(json_values)
def test_the_document_stays_the_same(value):
    """Only blanks between tokens change."""
    text = json.dumps(value)
    assert json.dumps(json.loads(laid_out(text, 10**6))) == text


def test_it_stops_at_its_limit():
    """No more is laid out than is shown."""
    assert len(laid_out("[" + "1," * 100_000, 1000)) < 1100
