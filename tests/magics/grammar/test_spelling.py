"""How values of Python are written in a request."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from uuid import UUID

import pandas as pd
import pytest

from httpkit_magics.grammar.spelling import json_spelling, text_spelling


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        (3, "3"),
        (2.5, "2.5"),
        (True, "true"),
        (b"a\xc3\xa9", "aé"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20, 8, tzinfo=UTC), "2026-11-20T08:00:00+00:00"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
        ({"a": [1]}, '{"a": [1]}'),
        (pd.Series([7])[0], "7"),
        (pd.Timestamp("2026-11-20"), "2026-11-20T00:00:00"),
    ],
)
def test_a_value_has_one_spelling_as_text(value, expected):
    """Numbers and booleans as JSON has them, dates as ISO 8601 has them."""
    assert expected == text_spelling(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        ([date(2026, 11, 20)], '["2026-11-20"]'),
        ({"a": Decimal("1.5"), "b": Decimal(2)}, '{"a": 1.5, "b": 2}'),
        (pd.Series([1, 2]), "[1, 2]"),
        ({1, 2}, "[1, 2]"),
        ("é", '"é"'),
    ],
)
def test_a_value_has_one_spelling_as_json(value, expected):
    """What JSON lacks is written as its closest kin."""
    assert expected == json_spelling(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), [object()], None, b"\xff"])
def test_what_has_no_spelling_is_refused(value):
    """As text: no number, no known type, nothing at all."""
    with pytest.raises((TypeError, ValueError)):
        text_spelling(value)
