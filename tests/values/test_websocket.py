"""Names, values and meaning of the WebSocket types are aiohttp's."""

from __future__ import annotations

import dataclasses
import pickle

import aiohttp
import pytest
from aiohttp import http as aiohttp_http

from httpkit import errors
from httpkit.values import websocket


@pytest.mark.parametrize("name", ["WSMsgType", "WSCloseCode"])
def test_enumerations_have_the_names_and_numbers_of_aiohttp(name):
    """Client-surface section 6: every member and every alias."""
    theirs = {member: int(value) for member, value in getattr(aiohttp, name).__members__.items()}
    assert {member: int(value) for member, value in getattr(websocket, name).__members__.items()} == theirs


@pytest.mark.parametrize("name", ["WSMessage", "WSMessageTextBytes"])
def test_messages_have_the_fields_of_aiohttp_and_parse_json(name):
    """`WSMessage(type, data, extra)` is a tuple with `json(loads=)`."""
    message_type = getattr(websocket, name)
    assert message_type._fields == getattr(aiohttp_http, name)._fields
    message = message_type(websocket.WSMsgType.TEXT, '{"a": [1]}', "")
    assert message.json() == {"a": [1]}
    assert message.json(loads=len) == 10
    assert tuple(message) == (1, '{"a": [1]}', "")


def test_closed_and_closing_messages_carry_nothing():
    """They are what `receive()` gives on a connection that is closed, or that `close()` is closing."""
    assert tuple(websocket.WS_CLOSED_MESSAGE) == tuple(aiohttp_http.WS_CLOSED_MESSAGE)
    assert tuple(websocket.WS_CLOSING_MESSAGE) == tuple(aiohttp_http.WS_CLOSING_MESSAGE)


def test_timeouts_are_frozen_and_wait_ten_seconds_for_a_close_frame():
    """`ClientWSTimeout(ws_receive=None, ws_close=None)`; the default object has ws_close 10."""
    assert websocket.ClientWSTimeout(1, 2) == websocket.ClientWSTimeout(ws_receive=1, ws_close=2)
    assert websocket.ClientWSTimeout(None, 10.0) == websocket.DEFAULT_WS_CLIENT_TIMEOUT
    with pytest.raises(dataclasses.FrozenInstanceError):
        websocket.DEFAULT_WS_CLIENT_TIMEOUT.ws_close = 1


def test_websocket_error_has_a_code_and_says_its_message():
    """`WebSocketError(code, message)` shows its message, and survives a pickle."""
    error = pickle.loads(pickle.dumps(errors.WebSocketError(1009, "too big")))
    assert (error.code, str(error), error.args) == (1009, "too big", (1009, "too big"))
    assert str(aiohttp.WebSocketError(1009, "too big")) == str(error)


def test_message_type_error_is_a_type_error():
    """Existing code catches TypeError from `receive_str()`."""
    assert errors.WSMessageTypeError.__bases__ == aiohttp.WSMessageTypeError.__bases__
