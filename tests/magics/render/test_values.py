"""The Values section."""

from __future__ import annotations

from httpkit_magics.record.record import Record, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.values import UsedValue
from httpkit_magics.render.display import mimebundle
from httpkit_magics.render.values import values


def record(*used):
    """Return a record with these values."""
    return Record(SentRequest("GET", "http://h/"), "http://h/", 200, "OK", values=used)


def test_each_value_is_shown_with_where_it_came_from():
    """Name, value, source; the section says how many."""
    text = mimebundle(record(UsedValue("id", "7", "line 2 of the cell"), UsedValue("n", "x", "Python")))["text/plain"]
    assert "Values  2\n  name  value  from\n  id    7      line 2 of the cell\n  n     x      Python" in text


def test_a_secret_is_a_mask():
    """By what it is, or by its name; nothing that hostile text could break out of."""
    shown = mimebundle(
        record(
            UsedValue("tok", "", "dev", is_secret=True),
            UsedValue("api_key", "k12345", "Python"),
            UsedValue("a", "<b>", ""),
        )
    )
    assert "tok      \u2022\u2022\u2022\u2022\u2022\u2022  dev" in shown["text/plain"]
    assert "k12345" not in shown["text/plain"] + shown["text/html"]
    assert "&lt;b&gt;" in shown["text/html"]


def test_many_values_are_cut_and_counted():
    """The record has all of them; one that is long or has lines is one line."""
    many = [UsedValue(f"n{number}", "x" * 500 + "\ny", "Python") for number in range(130)]
    text = mimebundle(record(*many))["text/plain"]
    assert "30 more: r.values" in text
    assert max(map(len, text.split("\n"))) < 250


def test_without_values_there_is_no_section():
    """A section that has nothing to say is not there."""
    assert values(record(), REDACTOR) is None


def test_attempts_are_a_fact():
    """A request that was made again says how often."""
    assert "3 attempts" in mimebundle(record().replaced(attempts=3))["text/plain"]
    assert "attempt" not in mimebundle(record())["text/plain"]
