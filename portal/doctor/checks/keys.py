"""Are the keys the operator's own, and is every one there that something hangs on?"""

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.crypto import KeyRing
from portal.doctor.asking import Rows, gathered
from portal.doctor.findings import Answer, error, note, ok, warning
from portal.rekeying import ring_keys_in_use, ring_keys_of_second_steps

#: As Django's own check asks (security.W009).
_LONG_ENOUGH = 50
_DEVELOPMENT = "development-only-key"


def secret_key() -> Answer:
    key: str = settings.SECRET_KEY
    if key.startswith(_DEVELOPMENT):
        return note(
            "LEDGERPORT_SECRET_KEY is the one of the source code.",
            "Everybody knows it. That is good for trying out only; production refuses it.",
        )
    if len(key) < _LONG_ENOUGH:
        return warning(
            f"LEDGERPORT_SECRET_KEY has {len(key)} characters.",
            "Sessions and Link URLs are signed with it; a short one can be guessed.",
            'Make one with python -c "import secrets; print(secrets.token_urlsafe(50))". '
            "Everybody signs in again, and all Link URLs become others.",
        )
    return ok("LEDGERPORT_SECRET_KEY is set.")


def ring() -> Answer:
    try:
        found = KeyRing.parse(settings.ENCRYPTION_KEYS)
    except ImproperlyConfigured as fault:
        return error(
            f"LEDGERPORT_ENCRYPTION_KEYS cannot be read: {str(fault).rstrip('.')}.",
            "No process of Ledgerport starts.",
            "Put every key back as id:base64-of-32-bytes, separated by commas, the current one "
            "first (docs/operate.md, Keys).",
        )
    others = _listed(sorted(set(found.ciphers) - {found.current}))
    return ok(f"{found.current} encrypts" + (f"; {others} can still decrypt." if others else "."))


def in_use() -> Answer:
    """Compare the ring with the names of keys that stand in the database; nothing is decrypted."""
    on_ring = KeyRing.parse(settings.ENCRYPTION_KEYS)
    found = gathered(_hung_on)
    used = found.values | ring_keys_of_second_steps()
    if missing := sorted(used - set(on_ring.ciphers)):
        return error(
            f"The database needs keys that are not on the ring: {_listed(missing)}{found.extent}.",
            "What hangs on them cannot be decrypted: tokens, client secrets, webhook secrets, "
            "second steps of signing in.",
            "Put them back on LEDGERPORT_ENCRYPTION_KEYS, behind the current one, and restart web, "
            "worker, beat and relay. `manage.py rekey` counts what hangs on which key.",
        )
    old = set(on_ring.ciphers) - {on_ring.current}
    if left := sorted(old & used):
        return note(
            f"Secrets still hang on {_listed(left)}{found.extent}.",
            f"{on_ring.current} encrypts what is new; the others have to stay on the ring.",
            "python manage.py rekey",
        )
    if old and found.is_complete:
        return note(
            f"Nothing hangs on {_listed(sorted(old))} any more.",
            "Backups of before may still need them.",
            "Take them off LEDGERPORT_ENCRYPTION_KEYS, restart, and keep them with those backups.",
        )
    return ok(f"Everything hangs on {on_ring.current}, which is on the ring{found.extent}.")


def _hung_on(rows: Rows) -> Iterable[str]:
    return ring_keys_in_use(rows)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
