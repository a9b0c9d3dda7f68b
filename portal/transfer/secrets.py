"""An organization's data keys on their way to another installation, whose ring has other keys.

A passphrase makes two keys by scrypt (RFC 7914): one seals the data keys (AES-256-GCM, each for its
organization and id), the other the manifest (HMAC-SHA-256), which has the sum of every table in it.
So nobody who lacks the passphrase reads a token, or makes himself an Administrator on the way.
"""

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from portal.backup.manifest import Refused
from portal.transfer.manifest import Key, Secrets

VARIABLE = "LEDGERPORT_EXPORT_PASSPHRASE"
SHORTEST = 12
SALT_BYTES = 16
_KEY_BYTES = 32
_NONCE_BYTES = 12
#: OWASP's first choice for scrypt: 128 MiB for each guess. Part of the format.
_COST = {"n": 2**17, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Passphrase:
    """The keys that a passphrase and a salt make."""

    cipher: AESGCM
    seal_key: bytes
    salt: bytes

    @classmethod
    def of(cls, text: str, *, salt: bytes) -> Self:
        made = Scrypt(salt=salt, length=2 * _KEY_BYTES, **_COST).derive(text.encode())
        return cls(cipher=AESGCM(made[:_KEY_BYTES]), seal_key=made[_KEY_BYTES:], salt=salt)

    def wrap(self, key: bytes, *, organization_id: UUID, key_id: UUID) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, key, _context(organization_id, key_id))

    def unwrap(self, key: Key, *, organization_id: UUID) -> bytes:
        """:raises Refused: when it was altered, or belongs to another organization."""
        nonce, sealed = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
        try:
            found = self.cipher.decrypt(nonce, sealed, _context(organization_id, key.id))
        except (InvalidTag, ValueError) as error:
            raise Refused(f"The data key {key.id} in the archive was altered.") from error
        if len(found) != _KEY_BYTES:
            raise Refused(f"The data key {key.id} in the archive is none.")
        return found

    def seal(self, manifest: bytes) -> bytes:
        return self._mac(manifest).finalize()

    def check_seal(self, manifest: bytes, seal: bytes) -> None:
        """:raises Refused: when the passphrase is another one, or the manifest was altered."""
        try:
            self._mac(manifest).verify(seal)
        except InvalidSignature as error:
            raise Refused(
                "The passphrase is another one than the archive was made with, or the archive was "
                "altered."
            ) from error

    def _mac(self, manifest: bytes) -> hmac.HMAC:
        mac = hmac.HMAC(self.seal_key, hashes.SHA256())
        mac.update(manifest)
        return mac


def new_passphrase() -> Passphrase:
    """:raises Refused: when none is given, or too short a one."""
    text = _given() or _asked_twice()
    if len(text) < SHORTEST:
        raise Refused(f"A passphrase has {SHORTEST} characters or more.")
    return Passphrase.of(text, salt=os.urandom(SALT_BYTES))


def passphrase_for(secrets: Secrets) -> Passphrase:
    """:raises Refused: when none is given."""
    if len(secrets.salt) != SALT_BYTES:
        raise Refused("The archive's salt is none.")
    return Passphrase.of(_given() or _asked("Passphrase of the archive: "), salt=secrets.salt)


def _given() -> str:
    """Never on the command line, which everybody on the machine can read."""
    path = os.environ.get(f"{VARIABLE}_FILE")
    return Path(path).read_text().strip() if path else os.environ.get(VARIABLE, "")


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise Refused(
            f"The secrets in an archive need a passphrase: set {VARIABLE}, or {VARIABLE}_FILE to "
            "the path of a file that has it."
        )
    return getpass.getpass(question)


def _asked_twice() -> str:
    text = _asked("Passphrase for the secrets in the archive: ")
    if text != _asked("Once more: "):
        raise Refused("The two are not the same.")
    return text


def _context(organization_id: UUID, key_id: UUID) -> bytes:
    return f"ledgerport export|v1|{organization_id}|{key_id}".encode()
