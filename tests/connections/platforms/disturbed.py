"""Real HTTP to a stand-in, which a test may disturb."""

from collections import deque
from collections.abc import Callable

import httpx

from tests.connections.platforms.contract import Fault

type Ask = Callable[[httpx.Request], httpx.Response]
type Repeat = Callable[[httpx.Request, Ask], httpx.Response | None]


class Disturbed(httpx.BaseTransport):
    """``repeat`` answers with what was answered before, where a request is for a page."""

    def __init__(self, repeat: Repeat) -> None:
        self.faults: deque[Fault] = deque()
        self.count = 0
        self.repeats = False
        self._repeat = repeat
        self._inner = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.faults:
            return self.faults.popleft()(request)
        repeated = self._repeat(request, self._inner.handle_request) if self.repeats else None
        return repeated or self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
