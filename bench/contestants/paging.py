"""The sandbox platform's invoices, for whoever fetches the product's pages by other means."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec

PATH = "/api/v1/invoices"
#: The product's adapter asks for as many.
SIZE = 500


class Envelope(msgspec.Struct):
    """What tells which pages there are; the rows stay as they came."""

    pages: int
    as_of: str
    items: list[msgspec.Raw]


def read_tokens(path: Path) -> list[str]:
    """Return the access token of each connection."""
    found: list[str] = json.loads(path.read_bytes())
    return found


def answers(client: httpx.Client, token: str) -> Iterator[tuple[bytes, Envelope]]:
    """Fetch page after page of one moment, over the client's one connection."""
    decode = msgspec.json.Decoder(Envelope).decode
    parameters: dict[str, str | int] = {"page": 1, "page_size": SIZE}
    while True:
        answer = client.get(PATH, params=parameters, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        envelope = decode(answer.content)
        yield answer.content, envelope
        if parameters["page"] == envelope.pages:
            return
        parameters |= {"page": int(parameters["page"]) + 1, "as_of": envelope.as_of}
