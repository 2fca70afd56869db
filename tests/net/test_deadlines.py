"""Deadlines without a timer per request."""

import asyncio

from httpkit.net.deadlines import Deadlines


class Waiting:
    """Something that a deadline ends."""

    def __init__(self):
        self.expired = 0

    def expire(self):
        """Count it."""
        self.expired += 1


class Clock:
    """A loop as far as deadlines need one: time stands still until it is moved."""

    def __init__(self):
        self.now = 100.0
        self.timers = []

    def time(self):
        """Return the seconds."""
        return self.now

    def call_at(self, when, callback):
        """Keep a timer."""
        timer = Timer(when, callback)
        self.timers.append(timer)
        return timer

    def move(self, now):
        """Let time pass, and run what is due."""
        while due := [timer for timer in self.timers if not timer.cancelled and timer.when() <= now]:
            timer = min(due, key=Timer.when)
            self.now = timer.when()
            timer.cancel()
            timer.callback()
        self.now = now


class Timer:
    """A handle of `Clock`."""

    def __init__(self, when, callback):
        self._when = when
        self.callback = callback
        self.cancelled = False

    def when(self):
        """Return when it is due."""
        return self._when

    def cancel(self):
        """Take it back."""
        self.cancelled = True


def _live(clock):
    return [timer for timer in clock.timers if not timer.cancelled]


def test_what_is_in_a_bucket_expires_on_its_second():
    """At the first whole second that is not before the deadline, and not earlier."""
    clock = Clock()
    deadlines = Deadlines(clock)
    waiting = Waiting()
    deadlines.bucket(104.2).add(waiting)
    clock.move(104.9)
    assert waiting.expired == 0
    clock.move(105)
    assert waiting.expired == 1
    assert _live(clock) == []


def test_one_timer_serves_all():
    """Ten thousand deadlines in any order are one timer at a time, and as many buckets as there are seconds."""
    clock = Clock()
    deadlines = Deadlines(clock)
    all_waiting = [Waiting() for _ in range(10_000)]
    for index, waiting in enumerate(all_waiting):
        deadlines.bucket(400 - index % 100 * 2.5).add(waiting)
        assert len(_live(clock)) == 1
    assert len(deadlines._buckets) <= 250
    clock.move(500)
    assert {waiting.expired for waiting in all_waiting} == {1}
    assert deadlines._buckets == {}


def test_a_lifted_deadline_does_not_expire():
    """Discarding is enough; the empty bucket goes with its second."""
    clock = Clock()
    deadlines = Deadlines(clock)
    waiting = Waiting()
    deadlines.bucket(110).add(waiting)
    deadlines.bucket(110).discard(waiting)
    clock.move(120)
    assert waiting.expired == 0
    assert deadlines._buckets == {}


def test_an_earlier_deadline_moves_the_timer():
    """The timer is always that of the first bucket."""
    clock = Clock()
    deadlines = Deadlines(clock)
    late, early = Waiting(), Waiting()
    deadlines.bucket(300).add(late)
    deadlines.bucket(105).add(early)
    clock.move(106)
    assert (early.expired, late.expired) == (1, 0)
    clock.move(300)
    assert late.expired == 1


def test_expiring_may_set_and_lift_other_deadlines():
    """What expires may lift its neighbour's deadline or set a new one."""
    clock = Clock()
    deadlines = Deadlines(clock)
    second = Waiting()
    first = Waiting()
    first.expire = lambda: (bucket.discard(second), deadlines.bucket(200).add(second))
    bucket = deadlines.bucket(105)
    bucket.update((first, second))
    clock.move(150)
    assert deadlines.bucket(200) == {second}
    clock.move(250)
    assert second.expired >= 1


def test_closing_forgets_all():
    """No timer is left, and nothing expires."""
    clock = Clock()
    deadlines = Deadlines(clock)
    waiting = Waiting()
    deadlines.bucket(110).add(waiting)
    deadlines.close()
    deadlines.close()
    clock.move(200)
    assert waiting.expired == 0
    assert _live(clock) == []


async def test_a_real_loop_s_timer_sweeps():
    """The loop may wake early by a tick: nothing is missed."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    waiting = Waiting()
    deadlines.bucket(loop.time()).add(waiting)
    await asyncio.sleep(1.1)
    assert waiting.expired == 1
