"""What the audit log calls the members it keeps: their keys are stored, their names are read."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.templatetags import _words

NAMES: Mapping[str, Promise] = {
    # Of organizations, members and invitations
    "email": _("Email"),
    "exported_at": _("Exported at"),
    "failure_emails": _("Failure emails"),
    "is_enabled": _("Is enabled"),
    "name": _("Name"),
    "role": _("Role"),
    # Of data types
    "fetch_on_first_link": _("Fetch on first link"),
    "frequency": _("Frequency"),
    "own_setting": _("Own setting"),
    # Of registrations at platforms
    "client_id": _("Client id"),
    "client_secret": _("Client secret"),
    "environment": _("Environment"),
    "scopes": _("Scopes"),
    # Of the Link pages
    "consent_access": _("Consent access"),
    "consent_account_information": _("Consent account information"),
    "consent_platform_data": _("Consent platform data"),
    "consent_purpose": _("Consent purpose"),
    "consent_retention": _("Consent retention"),
    "display_name": _("Display name"),
    "exit_text": _("Exit text"),
    "help_text": _("Help text"),
    "invite_body": _("Invite body"),
    "invite_title": _("Invite title"),
    "invite_url": _("Invite url"),
    "invites": _("Invites"),
    "landing_body": _("Landing body"),
    "landing_title": _("Landing title"),
    "logo_digest": _("Logo digest"),
    "logo_type": _("Logo type"),
    "offers_upload": _("Offers upload"),
    "one_time_link_urls": _("One time link urls"),
    "primary_colour": _("Primary colour"),
    "redirect_url": _("Redirect url"),
    "security_url": _("Security url"),
    "shows_badge": _("Shows badge"),
    "shows_landing": _("Shows landing"),
    "shows_sandbox": _("Shows sandbox"),
    "terms_text": _("Terms text"),
    "terms_url": _("Terms url"),
    "upload_text": _("Upload text"),
    "warns_on_phones": _("Warns on phones"),
    # Of webhooks and rules
    "company": _("Company"),
    "company_tags": _("Company tags"),
    "description": _("Description"),
    "emails": _("Emails"),
    "enabled": _("Enabled"),
    "event_type": _("Event type"),
    "event_types": _("Event types"),
    "header_names": _("Header names"),
    "header_values": _("Header values"),
    "kind": _("Kind"),
    "messages": _("Messages"),
    "rate_limit": _("Rate limit"),
    "secret": _("Secret"),
    "since": _("Since"),
    "url": _("Url"),
    # Of API keys, and of support
    "allowed_origins": _("Allowed origins"),
    "ending": _("Ending"),
    "expires": _("Expires"),
    "pulls": _("Pulls"),
    "reason": _("Reason"),
    "until": _("Until"),
}


def name_of(member: str) -> str:
    """Name a member, or one within another: `invoices.frequency`, Invoices · Frequency."""
    return " · ".join(_name_of(part) for part in member.split("."))


def _name_of(part: str) -> str:
    if part in NAMES:
        return str(NAMES[part])
    return gettext(_words.apart(part.replace("_", " ")))  # of data types the names are marked
