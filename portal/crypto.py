"""Encryption at rest: AES-256-GCM with a ring of keys and associated data.

The associated data names the row and field a ciphertext belongs to, so that one pasted into
another row does not decrypt. Layout: key id length (1) · key id · nonce (12) · ciphertext and tag.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Undecryptable(Exception):
    """The ciphertext was altered, moved to another row, or its key is gone."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The current key encrypts; every key on the ring decrypts."""

    current: str
    ciphers: Mapping[str, AESGCM]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `id:base64,id:base64…`; the first is current.

        :raises ImproperlyConfigured: when a key is missing, malformed or not 32 bytes.
        """
        ciphers: dict[str, AESGCM] = {}
        for item in text.split(","):
            key_id, _, encoded = item.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error as error:
                raise ImproperlyConfigured(f"Encryption key {key_id!r} is not base64.") from error
            if not key_id or len(key) != _KEY_BYTES:
                raise ImproperlyConfigured(
                    "LEDGERPORT_ENCRYPTION_KEYS needs the form id:base64-of-32-bytes."
                )
            ciphers[key_id] = AESGCM(key)
        return cls(current=next(iter(ciphers)), ciphers=ciphers)

    def encrypt(self, plaintext: str, *, context: str) -> bytes:
        key_id = self.current.encode()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self.ciphers[self.current].encrypt(
            nonce, plaintext.encode(), _associated_data(context, self.current)
        )
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def decrypt(self, ciphertext: bytes, *, context: str) -> str:
        """:raises Undecryptable: when it was altered, belongs elsewhere or its key is gone."""
        ciphertext = bytes(ciphertext)
        start = 1 + ciphertext[0] if ciphertext else 0
        key_id = ciphertext[1:start].decode(errors="replace")
        nonce, sealed = ciphertext[start : start + _NONCE_BYTES], ciphertext[start + _NONCE_BYTES :]
        cipher = self.ciphers.get(key_id)
        if cipher is None or len(nonce) != _NONCE_BYTES:
            raise Undecryptable(f"no key {key_id!r} on the ring")
        try:
            return cipher.decrypt(nonce, sealed, _associated_data(context, key_id)).decode()
        except InvalidTag as error:
            raise Undecryptable("altered, or it belongs to another row") from error


def _associated_data(context: str, key_id: str) -> bytes:
    return f"v1|{context}|{key_id}".encode()


@cache
def key_ring() -> KeyRing:
    return KeyRing.parse(settings.ENCRYPTION_KEYS)
