"""How much longer work takes when its input is four times as long: a test for linear time that a slow machine passes too."""

import gc
import time


def growth(work, make, size):
    """Return by what factor `work(make(4 * size))` is slower than `work(make(size))`, each the best of five runs.

    Linear work gives about 4, quadratic work 16; below 9 is linear on the busiest machine. Less than a tenth of a
    millisecond is taken for that, so what costs nothing has no growth.
    """

    def best(value):
        times = []
        for _ in range(5):
            start = time.process_time()
            work(value)
            times.append(time.process_time() - start)
        return min(times)

    gc.disable()  # many small results at once start collections, whose time is not the work's
    try:
        return best(make(4 * size)) / max(best(make(size)), 1e-4)
    finally:
        gc.enable()
