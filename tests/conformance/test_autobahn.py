"""The Autobahn TestSuite: 300 of its cases with each test run, all 517 with `make conformance`."""

from __future__ import annotations

import pytest
from conformance.autobahn import PASSED, QUICK_CASES, find_wstest, verdicts

# A verdict that is not OK, and why it stays.
EXPLAINED = {
    "7.1.6": "the suite only reports whether a message was echoed before the close frame behind it",
    "7.13.1": "the suite only reports what becomes of close code 5000; here it is refused with 1002",
    "7.13.2": "the same for close code 65535",
}


@pytest.mark.timeout(300)
@pytest.mark.skipif(find_wstest() is None, reason="wstest is not installed (tests/conformance/install_wstest.py)")
@pytest.mark.parametrize("client", ["httpkit"])
def test_the_quick_cases_of_the_autobahn_testsuite_pass(client, tmp_path):
    """Frames, fragments, UTF-8, closing, and the beginnings of compression: no case fails, none surprises."""
    outcome = verdicts(client, QUICK_CASES, tmp_path, find_wstest())
    assert len(outcome) == 300
    assert PASSED.issuperset(outcome.values())
    assert set(EXPLAINED) == {case for case, verdict in outcome.items() if verdict != "OK"}
