"""What the sandbox platform itself knows, and what it is told to do wrong."""

import os
from typing import Any

import httpx


class Control:
    """The sandbox's own interface for tests, past the proxy."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/control",
            headers={"X-Control-Key": os.environ["SANDBOX_CONTROL_KEY"]},
            trust_env=False,
            timeout=60,
            transport=httpx.HTTPTransport(retries=5),
        )

    def grants(self) -> list[dict[str, Any]]:
        """Return every authorization it gave, and how its tokens were used."""
        found: list[dict[str, Any]] = self._http.get("/grants").raise_for_status().json()
        return found

    def served(self, grant_id: str) -> list[dict[str, Any]]:
        """Return the newest state of every record that went out."""
        answer = self._http.get("/served", params={"grant_id": grant_id})
        served: list[dict[str, Any]] = answer.raise_for_status().json()
        return served

    def break_(self, kind: str, **how: Any) -> int:
        """Have requests go wrong; answer the fault's number."""
        answer = self._http.post("/faults", json={"kind": kind, **how})
        return int(answer.raise_for_status().json()["id"])

    def advance(self, seconds: int) -> None:
        """Let the platform's clock go on."""
        self._http.post("/clock", json={"advance_seconds": seconds}).raise_for_status()

    def mend(self, fault: int) -> None:
        self._http.delete(f"/faults/{fault}")

    def mend_all(self) -> None:
        self._http.delete("/faults").raise_for_status()
