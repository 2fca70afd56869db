"""What a session that nobody closes, and a session in debug mode, say."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

import httpkit


async def leave_a_session():
    """Make a session, and forget it; return what is warned of and told to the loop."""
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        session = httpkit.ClientSession()
        del session
        gc.collect()
    return [warning.category for warning in found], told


async def test_an_unclosed_session_is_complained_about():
    """A ResourceWarning, and a word to the loop's exception handler."""
    categories, told = await leave_a_session()
    assert categories == [ResourceWarning]
    assert [context["message"] for context in told] == ["Unclosed client session"]
    assert "source_traceback" not in told[0]


async def test_in_debug_mode_the_complaint_says_where_it_was_made():
    """The frames of the constructor's caller are kept, outermost first."""
    asyncio.get_running_loop().set_debug(True)
    _, told = await leave_a_session()
    names = [frame.name for frame in told[0]["source_traceback"]]
    assert "leave_a_session" in names
    assert names.index("leave_a_session") == len(names) - 2


async def test_a_session_may_be_subclassed_and_have_attributes():
    """Both are plain Python here, without a warning."""

    class Api(httpkit.ClientSession):
        pass

    async with Api() as session:
        session.token = "x"
        assert vars(session).keys() >= httpkit.ClientSession.ATTRS - {"_source_traceback"}


async def test_a_session_is_not_entered_without_async():
    """`with` is a TypeError that says what to write."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(TypeError, match="Use async with instead"), session:
            pass


async def test_a_closed_session_sends_nothing():
    """Closing twice is fine; a request afterwards is a RuntimeError."""
    session = httpkit.ClientSession()
    await session.close()
    await session.close()
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get("http://localhost/")


async def test_a_detached_session_leaves_its_connector_open():
    """`detach()` closes the session alone."""
    async with httpkit.TCPConnector() as connector:
        session = httpkit.ClientSession(connector=connector)
        session.detach()
        assert (session.closed, session.connector, connector.closed) == (True, None, False)


@pytest.mark.parametrize("owns", [True, False])
async def test_a_session_closes_the_connector_that_it_owns(owns):
    """`connector_owner=False` leaves it to who made it."""
    connector = httpkit.TCPConnector()
    async with httpkit.ClientSession(connector=connector, connector_owner=owns) as session:
        assert session.connector_owner is owns
    assert connector.closed is owns
    await connector.close()
