"""How fast a server may be asked: requests and tokens a minute, pauses it orders, waits between tries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import numpy as np

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


class Pace:
    """Lets one request through at a time, each when it may go. Threads share one.

    requests, tokens: a minute; 0 for no limit. clock: seconds; sleep: waits so many seconds, and returns True when the
    waiting is to end at once.
    """

    def __init__(
        self,
        requests: float = 0,
        tokens: float = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], bool | None] = lambda seconds: time.sleep(seconds),
    ) -> None:
        self.apart = 60 / requests if requests else 0.0
        self.a_token = 60 / tokens if tokens else 0.0
        self.clock, self.sleep = clock, sleep
        self.lock = threading.Lock()
        self.next = clock()

    def wait(self, tokens: int) -> None:
        """Wait until a request that takes about so many tokens may go."""
        with self.lock:
            start = max(self.next, self.clock())
            self.next = start + max(self.apart, tokens * self.a_token)
        left = start - self.clock()
        if left > 0:
            self.sleep(left)

    def hold(self, seconds: float) -> None:
        """Nobody goes for so many seconds: a server said so."""
        with self.lock:
            self.next = max(self.next, self.clock() + seconds)


def back_off(tried: int, rng: np.random.Generator, first: float = FIRST_WAIT) -> float:
    """Seconds to wait after so many failed tries (1 or more): doubling, with full jitter above the half.

    Exponential back-off with jitter: Brooker 2015, "Exponential Backoff and Jitter".
    """
    most = min(LONGEST_WAIT, first * 2 ** (tried - 1))
    return float(most * (0.5 + 0.5 * rng.random()))


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds, or a date); None without a usable one."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
