"""Proof that a key is the one a backup needs, without the key: a few words sealed with it."""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag

from portal.crypto import key_ring

_WORDS = b"ledgerport backup"
_NONCE_BYTES = 12


def probes() -> dict[str, str]:
    """Seal the words with every key on the ring."""
    found = {}
    for key_id, cipher in key_ring().ciphers.items():
        nonce = os.urandom(_NONCE_BYTES)
        found[key_id] = (nonce + cipher.encrypt(nonce, _WORDS, _context(key_id))).hex()
    return found


def missing(wanted: Mapping[str, str]) -> list[str]:
    """Return the ids of those that this installation does not have, or has another key for."""
    ring = key_ring().ciphers
    return sorted(
        key_id
        for key_id, probe in wanted.items()
        if key_id not in ring or not _opens(key_id, probe)
    )


def _opens(key_id: str, probe: str) -> bool:
    sealed = bytes.fromhex(probe)
    try:
        key_ring().ciphers[key_id].decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _context(key_id)
        )
    except InvalidTag:
        return False
    return True


def _context(key_id: str) -> bytes:
    return f"backup|{key_id}".encode()
