"""The `websockets` library as an oracle: its frames as a server sends them, and its reading of the same bytes."""

from __future__ import annotations

import struct

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side

from httpkit.values.websocket import WSMessage, WSMsgType

TYPES = {opcode: WSMsgType(opcode) for opcode in Opcode}


def server_frame(opcode, payload=b"", *, fin=True, rsv=0, mask=None):
    """Return a frame as a server may send it, or may not: any opcode, reserved bits (0x40 is RSV1), a mask."""
    first = (0x80 if fin else 0) | rsv | opcode
    masked = 0x80 if mask else 0
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, masked | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    return head + (mask or b"") + payload


def deflate_extension(parameters, *, side):
    """Return their permessage-deflate for `parameters` of ours; `side` is "server" or "client"."""
    server = (parameters.server_no_context_takeover, parameters.server_max_window_bits)
    client = (parameters.client_no_context_takeover, parameters.client_max_window_bits)
    remote, local = (client, server) if side == "server" else (server, client)
    return PerMessageDeflate(remote[0], local[0], remote[1], local[1])


def server_bytes(messages, extension=None):
    """Return the bytes of `messages`, written by `websockets`.

    A message is (opcode, fragments), its fragments bytes; a control frame has one fragment.
    """
    extensions = [] if extension is None else [extension]
    out = []
    for opcode, fragments in messages:
        for number, fragment in enumerate(fragments):
            frame = Frame(Opcode(opcode if number == 0 else Opcode.CONT), fragment, fin=number == len(fragments) - 1)
            out.append(frame.serialize(mask=False, extensions=extensions))
    return b"".join(out)


def oracle_messages(data, *, side=Side.CLIENT, extension=None, max_size=None):
    """Return (messages, close code or None) of `data` as `websockets` reads it; text and reasons stay bytes."""
    protocol = Protocol(side, max_size=max_size)
    if extension is not None:
        protocol.extensions = [extension]
    protocol.receive_data(data)
    messages, parts, kind = [], [], None
    for frame in protocol.events_received():
        if frame.opcode in DATA_OPCODES:
            kind = kind if frame.opcode is Opcode.CONT else frame.opcode
            parts.append(bytes(frame.data))
            if frame.fin:
                messages.append((TYPES[kind], b"".join(parts), ""))
                parts = []
        elif frame.opcode is not Opcode.CLOSE:
            messages.append((TYPES[frame.opcode], bytes(frame.data), ""))
    if protocol.close_rcvd is not None:
        # Not from the frames: they refuse a close frame inside a message, which RFC 6455 section 5.4 allows.
        code = int(protocol.close_rcvd.code)
        messages.append((WSMsgType.CLOSE, 0 if code == CloseCode.NO_STATUS_RCVD else code, protocol.close_rcvd.reason))
    failed = protocol.close_rcvd is None and protocol.close_sent is not None
    return messages, int(protocol.close_sent.code) if failed else None


def plain(messages):
    """Return our messages as the oracle writes them: text as bytes, and the code of an ERROR apart."""
    code = None
    out = []
    for message in messages:
        assert type(message) is WSMessage
        if message.type is WSMsgType.ERROR:
            code = int(message.data.code)
        else:
            data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
            out.append((message.type, data, message.extra))
    return out, code
