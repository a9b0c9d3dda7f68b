"""What members type in about the Link pages. Customers' forms are in `link.forms`."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connections.platforms import PLATFORMS
from link import colours, redirects
from link.models import LinkSettings
from portal.wording import either

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_LONGEST_TEXT = 1000


def _text(label: "StrOrPromise", help_text: "StrOrPromise", *, rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=_LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def _address(label: "StrOrPromise", help_text: "StrOrPromise" = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )


def _phones_help() -> str:
    names = sorted(each.name for each in PLATFORMS.values() if not each.works_on_phones)
    return gettext(
        "On a small screen customers read that a computer is easier, where they are about to link "
        "%(platforms)s."
    ) % {"platforms": either(names)}


class LinkSettingsForm(forms.Form):
    display_name = forms.CharField(
        label=_("Display name"),
        max_length=120,
        required=False,
        help_text=_("Who asks, as your customers know you. Empty: the organization’s name."),
    )
    primary_colour = forms.CharField(
        label=_("Primary colour"),
        max_length=7,
        required=False,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text=_("Of buttons and of your initials, such as #1a56c9."),
    )
    shows_landing = forms.BooleanField(
        label=_("Show a landing page first"),
        required=False,
        help_text=_(
            "It says who asks for what. Without it customers choose their software at once."
        ),
    )
    landing_title = forms.CharField(
        label=_("Title"),
        max_length=120,
        required=False,
        help_text=_("Empty: “… asks to see the accounts of …”."),
    )
    landing_body = _text(_("Body"), _("Why you ask, in a few sentences."))
    invite_title = forms.CharField(
        label=_("Heading of the invite page"),
        max_length=120,
        required=False,
        help_text=_(
            "Above the question for the company’s name. Empty: “Share your accounts with …”."
        ),
    )
    invite_body = _text(_("Words of the invite page"), _("What you ask for, in a few sentences."))
    consent_purpose = _text(_("Purpose"), _("What you need the data for."))
    consent_access = _text(_("Access"), _("How and how often you read the books."))
    consent_account_information = _text(
        _("Account information"), _("What you learn of the account.")
    )
    consent_platform_data = _text(
        _("Platform data"), _("What you do with invoices, bills and so on.")
    )
    consent_retention = _text(_("Retention"), _("How long you keep the data."))
    terms_text = _text(_("Terms"), _("What customers agree to when they go on, in your words."))
    terms_url = _address(_("Address of your terms"))
    shows_sandbox = forms.BooleanField(
        label=_("Show the sandbox"),
        required=False,
        help_text=_("For trying out. A Link URL can decide: ?link.showSandboxIntegrations=true"),
    )
    warns_on_phones = forms.BooleanField(
        label=_("Advise against phones"),
        required=False,
    )
    offers_upload = forms.BooleanField(
        label=_("Offer to upload files instead"),
        required=False,
        help_text=_("For customers whose software is not in the list, or who have none."),
    )
    upload_text = _text(_("What to upload"), _("Empty: accounts, bank statements, invoices."))
    help_text = _text(_("Help"), _("Whom customers turn to when they are stuck: a name, a number."))
    security_url = _address(
        _("Address of your page on security"),
        _("Linked at the end of each page, where there is one."),
    )
    shows_badge = forms.BooleanField(
        label=_("Say “Secured by Ledgerport”"),
        required=False,
        help_text=_("At the end of each page."),
    )
    exit_text = _text(
        _("Exit text"),
        _(
            "What customers read who want to leave without linking. "
            "Empty: that you see nothing then."
        ),
    )
    redirect_url = forms.CharField(
        label=_("Address to send customers to"),
        max_length=1000,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, settings: LinkSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.initial = getattr(settings, name)
        self.fields["warns_on_phones"].help_text = _phones_help()
        self.fields["redirect_url"].help_text = gettext(
            "Empty: they see our own last page. Placeholders: %(placeholders)s, "
            "and any other from the Link URL’s own query."
        ) % {"placeholders": ", ".join(f"{{{name}}}" for name in redirects.RESERVED)}

    def clean_primary_colour(self) -> str:
        typed = self.cleaned_data["primary_colour"].strip()
        if not typed:
            return ""
        try:
            return colours.parse(typed)
        except ValueError as error:
            raise ValidationError(
                _("Write six digits or letters a to f, such as #1a56c9.")
            ) from error

    def clean_terms_url(self) -> str:
        return _whole_address(self.cleaned_data["terms_url"])

    def clean_security_url(self) -> str:
        return _whole_address(self.cleaned_data["security_url"])

    def clean_redirect_url(self) -> str:
        typed: str = self.cleaned_data["redirect_url"].strip()
        if typed:
            redirects.check(typed)
        return typed


def _whole_address(typed: str) -> str:
    """:raises ValidationError: when it is an address, but not one to send customers to."""
    typed = typed.strip()
    if typed:
        message = gettext("Give a whole address that begins with https://.")
        try:
            scheme = urlsplit(typed).scheme
        except ValueError as error:
            raise ValidationError(message) from error
        if scheme != "https":
            raise ValidationError(message)
        URLValidator(schemes=["https"], message=message)(typed)
    return typed


class LogoForm(forms.Form):
    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("PNG or JPEG up to 1 MB, best five times as wide as high."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )


class RequestForm(forms.Form):
    """An e-mail that asks a customer to link."""

    to = forms.EmailField(label=_("E-mail address"), max_length=254)
    message = forms.CharField(
        label=_("Message"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Stands above the button. Empty: a sentence that says who asks for what."),
    )
