"""How far the upload of one request is: `UploadTracker`.

The client tells a tracker when an attempt begins, how many bytes its body has handed over, and how it ended; the
transport's buffer tells how many of those have left for the kernel.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from httpkit.errors import UploadAbortedError
from httpkit.net.exchange import WriteBody
from httpkit.net.http1_connection import upload_failure
from httpkit.values.abc import AbstractStreamWriter

# Pieces that may wait in the transport's buffer before they are looked at without being asked for.
MAX_MARKS = 256


class UploadTracker:
    """Watches the upload of one request: pass it as `upload_tracker=`. Make it inside a running event loop.

    Attributes:
        attempts: how many times the request was sent so far: redirects, retries and middlewares send again.
        upload_complete: done when the body is sent; raises what it failed with, or `UploadAbortedError`.
    """

    def __init__(self) -> None:
        self.attempts = 0
        self.upload_complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_bound = False
        self._is_over = False
        self._is_sent = False
        self._error: BaseException | None = None
        self._writer: AbstractStreamWriter | None = None
        self._accepted = 0
        self._flushed = 0
        # (bytes of body, bytes on the wire) where pieces ended; what is before the first has left for the kernel.
        self._marks: deque[tuple[int, int]] = deque()

    @property
    def bytes_written(self) -> int:
        """Bytes of the body that the current attempt gave to the kernel; an estimate inside of a piece."""
        self._look()
        return self._flushed

    def bind(self) -> None:
        """Belong to a request.

        Raises:
            RuntimeError: the tracker belongs to one already.
        """
        if self._is_bound:
            raise RuntimeError("UploadTracker is already bound to a request")
        self._is_bound = True

    def begin_attempt(self, write_body: WriteBody | None) -> WriteBody:
        """Begin anew; return what writes the body, which may be None, under the tracker's eyes."""
        self.attempts += 1
        self._writer = self._error = None
        self._accepted = self._flushed = 0
        self._marks.clear()
        self._is_sent = False
        return partial(self._write, self.attempts, write_body)

    async def _write(self, attempt: int, write_body: WriteBody | None, writer: AbstractStreamWriter) -> None:
        self._writer = writer
        self._marks.append((0, writer.output_size))
        writer.on_body_write = partial(self._note, attempt)
        try:
            if write_body is not None:
                await write_body(writer)
            await writer.write_eof()
        except Exception as cause:
            error = upload_failure(cause)
            self._end(attempt, error)
            raise error from cause
        except BaseException:
            self._end(attempt, None)
            raise
        self._end(attempt, None, is_sent=True)

    def _note(self, attempt: int, size: int, output_size: int) -> None:
        """Note a piece of body; one that a content encoder holds back has not moved `output_size`."""
        if attempt != self.attempts or self._writer is None:
            return
        self._accepted += size
        if output_size > self._marks[-1][1]:
            self._marks.append((self._accepted, output_size))
            if len(self._marks) > MAX_MARKS:
                self._look()

    def _end(self, attempt: int, error: BaseException | None, *, is_sent: bool = False) -> None:
        """Note how the body of `attempt` ended: sent, failed with `error`, or cut off."""
        if attempt != self.attempts:
            return
        if is_sent:
            self._flushed = self._accepted
        else:
            self._look()
        self._is_sent, self._error = is_sent, error
        self._writer = None
        self._marks.clear()
        if self._is_over:
            self._settle()

    def finish(self) -> None:
        """Note that there will be no other attempt; the last one may still be uploading."""
        self._is_over = True
        if self._writer is None:
            self._settle()

    def _look(self) -> None:
        """See how much has left the transport's buffer; what a closed one still held was never sent."""
        transport = None if self._writer is None else self._writer.transport
        if self._writer is None or transport is None or transport.is_closing():
            return
        gone = self._writer.output_size - transport.get_write_buffer_size()
        marks = self._marks
        while len(marks) > 1 and marks[1][1] <= gone:
            marks.popleft()
        body, wire = marks[0]
        if len(marks) > 1 and gone > wire:
            next_body, next_wire = marks[1]
            body += (next_body - body) * (gone - wire) // (next_wire - wire)
        self._flushed = body

    def _settle(self) -> None:
        complete = self.upload_complete
        if complete.done():
            return
        if self._is_sent:
            complete.set_result(None)
            return
        complete.set_exception(self._error or UploadAbortedError("the request ended before its body was sent"))
        # Nobody has to ask for it.
        complete.exception()
