"""Passkeys that are real ones, and used by the wrong person, for the wrong site, or once more."""

import hashlib
import json
import secrets

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from companies.models import User
from tests.attacks.test_signing_in import is_in
from tests.portal.test_account import (
    PASSWORD,
    browser,  # noqa: F401 - a fixture
    confirm,
    noor,  # noqa: F401 - a fixture
    sign_in,
)

pytestmark = pytest.mark.django_db

HOST, ORIGIN = "testserver", "https://testserver"
FLAGS = AuthenticatorData.FLAG
PRESENT_AND_VERIFIED = FLAGS.UP | FLAGS.UV


class Passkey:
    """An authenticator as a telephone has it: signs what it is asked, truly or as told."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.owner = b""

    def enroll(self, browser: Client, owner: User) -> None:
        """Add it to an account, as its owner does."""
        browser.get(reverse("mfa_add_webauthn"))
        self.owner = handle(owner)
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.id, ES256.from_cryptography_key(self._key.public_key())
        )
        data = AuthenticatorData.create(
            _digest(HOST), PRESENT_AND_VERIFIED | FLAGS.AT, 0, credential
        )
        said = self._said("webauthn.create", browser, ORIGIN)
        answer = self._answer(
            clientDataJSON=said, attestationObject=AttestationObject.create("none", data, {})
        )
        browser.post(
            reverse("mfa_add_webauthn"), {"credential": json.dumps(answer), "passwordless": "on"}
        )

    def sign(
        self,
        browser: Client,
        *,
        origin: str = ORIGIN,
        host: str = HOST,
        owner: bytes | None = None,
        flags: FLAGS = PRESENT_AND_VERIFIED,
    ) -> str:
        """Answer the challenge that this browser was given last."""
        said = self._said("webauthn.get", browser, origin)
        data = AuthenticatorData.create(_digest(host), flags, 1)
        signature = self._key.sign(data + said.hash, ec.ECDSA(SHA256()))
        return json.dumps(
            self._answer(
                clientDataJSON=said,
                authenticatorData=data,
                signature=signature,
                userHandle=self.owner if owner is None else owner,
            )
        )

    def _said(self, kind: str, browser: Client, origin: str) -> CollectedClientData:
        challenge = browser.session["mfa.webauthn.state"]["challenge"]
        return CollectedClientData.create(kind, challenge, origin)

    def _answer(self, **response: bytes) -> dict[str, object]:
        encoded = {name: websafe_encode(bytes(value)) for name, value in response.items()}
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": encoded}


def handle(user: User) -> bytes:
    """Name a person as their passkeys do."""
    return str(user_pk_to_url_str(user)).encode()


def _digest(host: str) -> bytes:
    return hashlib.sha256(host.encode()).digest()


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    """In development any origin will do, since it is not one that browsers trust."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def passkey(browser, noor):
    passkey = Passkey()
    passkey.enroll(browser, noor)
    assert Authenticator.objects.filter(user=noor, type="webauthn").count() == 1
    return passkey


@pytest.fixture
def alices(alice):
    """Alice's own passkey, who has a password, too."""
    alice.set_password(PASSWORD)
    alice.save()
    hers = sign_in(alice.email)
    confirm(hers)
    passkey = Passkey()
    passkey.enroll(hers, alice)
    assert Authenticator.objects.filter(user=alice, type="webauthn").count() == 1
    return passkey


def at_the_door() -> Client:
    """A visitor who was asked for a passkey."""
    visitor = Client()
    visitor.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    return visitor


def show(visitor: Client, answer: str) -> bool:
    visitor.post(reverse("mfa_login_webauthn"), {"credential": answer})
    return is_in(visitor)


def test_ones_own_passkey_opens_the_door(passkey):
    visitor = at_the_door()
    assert show(visitor, passkey.sign(visitor))


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://testserver.evil.example"},
        {"origin": "http://testserver"},
        {"host": "evil.example"},
        {"flags": FLAGS.UP},
        {"flags": FLAGS(0)},
    ],
    ids=[
        "origin",
        "longer origin",
        "unsafe origin",
        "other site",
        "nobody verified",
        "nobody there",
    ],
)
def test_what_was_signed_for_another_site_or_by_nobody_is_refused(passkey, wrong):
    visitor = at_the_door()
    assert not show(visitor, passkey.sign(visitor, **wrong))


def test_an_answer_opens_one_door_once(passkey):
    visitor, another = at_the_door(), at_the_door()
    answer = passkey.sign(visitor)

    assert not show(another, answer)  # it answers another challenge
    assert show(visitor, answer)
    visitor.post(reverse("account_logout"))
    assert not show(visitor, answer)
    visitor.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert not show(visitor, answer)


def test_nobody_is_let_in_as_the_owner_of_anothers_passkey(passkey, alices, alice):
    visitor = at_the_door()
    assert not show(visitor, passkey.sign(visitor, owner=handle(alice)))


def test_the_second_step_takes_ones_own_passkey_only(passkey, alices, noor):
    for wrong, right in ((alices, False), (passkey, True)):
        visitor = sign_in(noor.email)
        assert not is_in(visitor)
        visitor.get(reverse("mfa_authenticate"))
        visitor.post(reverse("mfa_authenticate"), {"credential": wrong.sign(visitor)})
        assert is_in(visitor) is right
