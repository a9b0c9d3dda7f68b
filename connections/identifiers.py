"""The public API's ids of platforms: the same in every installation, for ever."""

from uuid import NAMESPACE_URL, UUID, uuid5


def integration_id(code: str) -> UUID:
    return _stable_id("integration", code)


def source_id(code: str) -> UUID:
    return _stable_id("source", code)


def _stable_id(kind: str, code: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://ledgerport.dev/{kind}/{code}")
