"""Encryption at rest: AES-256-GCM with a ring of keys and associated data.

The associated data names the row and field a ciphertext belongs to, so that one pasted into
another row does not decrypt. Each ciphertext says which key it was made with:

- a key of the operator's ring: length of its id (1) · id · nonce (12) · ciphertext and tag;
- an organization's data key: 0 (1) · the key's UUID (16) · nonce (12) · ciphertext and tag.

The ring seals what belongs to nobody's organization, and wraps the data keys, which
`companies.data_keys` keeps.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE_BYTES = 12
_KEY_BYTES = 32
_LONGEST_ID = 255
_DATA_KEY = 0
_UUID_BYTES = 16
#: So much of a ciphertext tells which key it was made with.
KEY_NAME_BYTES = 1 + _LONGEST_ID


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
            if key_id in ciphers or len(key_id.encode()) > _LONGEST_ID:
                # The later of two would hide what the earlier one encrypted.
                raise ImproperlyConfigured(
                    f"Encryption key id {key_id!r} stands there twice, or is too long."
                )
            ciphers[key_id] = AESGCM(key)
        return cls(current=next(iter(ciphers)), ciphers=ciphers)

    def encrypt(self, plaintext: str, *, context: str) -> bytes:
        name = self.current.encode()
        cipher, associated = self.ciphers[self.current], _associated_data(context, self.current)
        return bytes([len(name)]) + name + _encrypt(cipher, plaintext, associated)

    def decrypt(self, ciphertext: bytes, *, context: str) -> str:
        """:raises Undecryptable: when it was altered, belongs elsewhere or its key is gone."""
        ciphertext = bytes(ciphertext)
        key_id = ring_key_of(ciphertext)
        cipher = self.ciphers.get(key_id)
        if cipher is None:
            raise Undecryptable(f"no key {key_id!r} on the ring")
        rest = ciphertext[1 + ciphertext[0] :]
        return _decrypt(cipher, rest, _associated_data(context, key_id))


@dataclass(frozen=True, slots=True)
class DataKey:
    """An organization's own key, unwrapped."""

    id: UUID
    cipher: AESGCM

    @classmethod
    def make(cls, *, context: str) -> bytes:
        """Make a key; return what is kept of it: wrapped by the ring's current key."""
        key = AESGCM.generate_key(bit_length=8 * _KEY_BYTES)
        return key_ring().encrypt(base64.b64encode(key).decode(), context=context)

    @classmethod
    def unwrap(cls, key_id: UUID, wrapped: bytes, *, context: str) -> Self:
        """:raises Undecryptable: when the ring's key is gone, or this is not what was kept."""
        key = base64.b64decode(key_ring().decrypt(wrapped, context=context))
        return cls(id=key_id, cipher=AESGCM(key))

    def encrypt(self, plaintext: str, *, context: str) -> bytes:
        associated = _associated_data(context, str(self.id))
        return bytes([_DATA_KEY]) + self.id.bytes + _encrypt(self.cipher, plaintext, associated)

    def decrypt(self, ciphertext: bytes, *, context: str) -> str:
        """:raises Undecryptable: when it was altered, belongs elsewhere or has another key."""
        if data_key_of(ciphertext) != self.id:
            raise Undecryptable("made with another key")
        rest = bytes(ciphertext)[1 + _UUID_BYTES :]
        return _decrypt(self.cipher, rest, _associated_data(context, str(self.id)))


def data_key_of(ciphertext: bytes) -> UUID | None:
    """Return the id of the data key a ciphertext was made with; none where the ring made it."""
    name = bytes(ciphertext[: 1 + _UUID_BYTES])
    if len(name) != 1 + _UUID_BYTES or name[0] != _DATA_KEY:
        return None
    return UUID(bytes=name[1:])


def ring_key_of(ciphertext: bytes) -> str:
    """Return the id of the ring's key that a ciphertext says it was made with."""
    end = 1 + ciphertext[0] if ciphertext else 0
    return bytes(ciphertext[1:end]).decode(errors="replace")


def _encrypt(cipher: AESGCM, plaintext: str, associated: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext.encode(), associated)


def _decrypt(cipher: AESGCM, rest: bytes, associated: bytes) -> str:
    nonce, sealed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    if len(nonce) != _NONCE_BYTES:
        raise Undecryptable("cut off")
    try:
        return cipher.decrypt(nonce, sealed, associated).decode()
    except InvalidTag as error:
        raise Undecryptable("altered, or it belongs to another row") from error


def _associated_data(context: str, key_id: str) -> bytes:
    return f"v1|{context}|{key_id}".encode()


@cache
def key_ring() -> KeyRing:
    return KeyRing.parse(settings.ENCRYPTION_KEYS)
