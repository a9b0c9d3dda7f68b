"""How a person signs in, in one look."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from companies.models import User


@dataclass(frozen=True, slots=True)
class SignIn:
    has_unconfirmed_email: bool
    has_app: bool
    passkeys: int
    sessions: int

    @property
    def has_second_step(self) -> bool:
        return self.has_app or self.passkeys > 0


def overview(user: User) -> SignIn:
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return SignIn(
        has_unconfirmed_email=EmailAddress.objects.filter(user=user, verified=False).exists(),
        has_app=Authenticator.Type.TOTP in kinds,
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        sessions=len(UserSession.objects.purge_and_list(user)),
    )
