"""Fetch the pages and look no further: what HTTP costs whoever pulls with httpx.

pull_pages URL TOKENS
"""

import sys
from pathlib import Path

import httpx

from bench.contestant import take_part
from bench.contestants.paging import answers, read_tokens


def main(url: str, tokens: Path) -> None:
    client = httpx.Client(base_url=url, trust_env=False, timeout=60)

    def fetch() -> None:
        for token in read_tokens(tokens):
            for _ in answers(client, token):
                pass

    take_part({"first": fetch})


main(sys.argv[1], Path(sys.argv[2]))
