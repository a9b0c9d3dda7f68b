from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django import forms
from django.conf import settings
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from companies.forms import CompanyNameForm
from connections.platforms.base import (
    AuthorizationRevoked,
    CredentialField,
    CredentialPlatform,
    InvalidCredentials,
    PlatformError,
)
from connections.wording import in_words
from connections.words import translated

_LONGEST = 400


class InviteForm(CompanyNameForm):
    """What somebody with the invite URL is asked for."""

    name = forms.CharField(
        label=gettext_lazy("Your company’s name"),
        max_length=120,
        help_text=gettext_lazy("As you trade. You choose your accounting software next."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class CredentialsForm(forms.Form):
    """What a platform without a consent page asks of its customers."""

    def __init__(self, *args: Any, platform: type[CredentialPlatform], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.platform = platform
        for each in platform.fields:
            self.fields[each.name] = _form_field(each)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Say beside the field, or above the form, why the platform did not let us in."""
        try:
            yield
        except InvalidCredentials as error:
            self.add_error(error.field if error.field in self.fields else None, in_words(error))
        except AuthorizationRevoked as error:
            secret = next((each.name for each in self.platform.fields if each.kind == "secret"), "")
            self.add_error(secret or None, in_words(error))
        except PlatformError as error:
            self.add_error("url", in_words(error))


def _form_field(field: CredentialField) -> forms.Field:
    common: dict[str, Any] = {
        "label": translated(field.label),
        "help_text": translated(field.help) if field.help else "",
        "required": field.is_required,
        "max_length": _LONGEST,
    }
    match field.kind:
        case "url":
            return _AddressField(**common)
        case "secret":
            # Shown again after a mistake elsewhere: a key is long, and the page is its owner's.
            widget = forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=True)
            return forms.CharField(widget=widget, **common)
        case "text":
            attributes = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
            return forms.CharField(widget=forms.TextInput(attrs=attributes), **common)


class _AddressField(forms.CharField):
    """A server's address: encrypted, unless the operator's own network is allowed."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"inputmode": "url", "autocomplete": "url", "spellcheck": "false"}
        super().__init__(widget=forms.TextInput(attrs=attributes), **kwargs)

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        if address and "://" not in address:
            address = f"https://{address}"
        address = address.rstrip("/")
        schemes = ["https", "http"] if settings.ALLOW_PRIVATE_ADDRESSES else ["https"]
        URLValidator(schemes=schemes, message=_no_address(schemes))(address)
        try:
            httpx.URL(address)
        except httpx.InvalidURL as error:
            raise forms.ValidationError(_no_address(schemes)) from error
        if "@" in address or "?" in address or "#" in address:
            raise forms.ValidationError(_("Give the address alone, without user name or query."))
        return address


def _no_address(schemes: list[str]) -> str:
    if "http" in schemes:
        return _("Give the server’s address, such as https://books.example.")
    return _(
        "Give the server’s address, such as https://books.example. It must begin with https://."
    )
