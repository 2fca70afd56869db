"""A server in a thread of its own, for code that waits in this one: each path is answered with the bytes it was given."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager


def response(body=b"", status="200 OK", **fields):
    """Return a whole response; `_` in a field's name stands for `-`."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{head}{lines}\r\n".encode() + body


class Scripted:
    """The server: `requests` are the heads and bodies it got, `connections` how many were made, `gone` those that ended."""

    def __init__(self, answers, context=None):
        self.answers = answers
        self.context = context
        self.requests = []
        self.connections = 0
        self.gone = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._open = set()

    def serve(self):
        """Accept until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def close(self):
        """Stop accepting and break off what is open."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    def _serve_one(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            with connection, connection.makefile("rb") as reader:
                while self._answer(connection, reader):
                    pass
        except OSError:
            pass
        finally:
            self.gone.release()

    def _answer(self, connection, reader):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return False
            head += line
        sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        self.requests.append(head + reader.read(sizes[0] if sizes else 0))
        answer = self.answers.get(head.split()[1].decode().partition("?")[0])
        if answer is None:  # never answers: waits until the client goes
            return bool(reader.read(1))
        connection.sendall(answer)
        return b"Content-Length" in answer and b"cut" not in head.split()[1]


@contextmanager
def serving(answers, context=None):
    """Run a `Scripted` server while the block runs; a path without an answer is never answered."""
    server = Scripted(answers, context)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(2)


def tls_context(authority, host="127.0.0.1"):
    """Return a server's TLS context with a certificate for `host` from the trustme `authority`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context
