"""Which platforms customers may link, and the organization's registrations at their vendors."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from connections import custom_types, integrations, offers, supplemental
from connections.forms import RegistrationForm
from connections.integrations import NotRegistered
from connections.offers import PlatformSettings
from connections.platforms.base import Environment
from connections.registration import redirect_uri

_UNPROCESSABLE = 422


@require_GET
@requires(Right.EDIT_SETTINGS)
def platforms(request: PortalRequest) -> HttpResponse:
    context = {"platforms": offers.platform_settings(request.organization.pk)}
    return render(request, "connections/integrations.html", context)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def platform(request: PortalRequest, platform: str) -> HttpResponse:
    """Show what a platform can do, and take the registration at its vendor."""
    settings = _settings(request, platform)
    if not settings.needs_registration:
        return _show(request, settings, None)
    form = RegistrationForm(request.POST or None, settings=settings)
    if request.method == "GET" or not form.is_valid():
        return _show(request, settings, form)
    entered = form.cleaned_data
    integrations.save_registration(
        request.organization,
        platform,
        client_id=entered["client_id"],
        client_secret=entered["client_secret"] or None,
        scopes=entered["scopes"],
        environment=cast("Environment", entered.get("environment", settings.environments[0])),
        actor=request.user,
    )
    saved = _("The registration at %(platform)s is saved.") % {"platform": settings.name}
    messages.success(request, saved)
    return _back(request, platform)


@require_POST
@requires(Right.EDIT_SETTINGS)
def switch(request: PortalRequest, platform: str) -> HttpResponse:
    """Offer a platform on the Link pages, or no longer."""
    settings = _settings(request, platform)
    is_on = request.POST.get("state") == "on"
    try:
        integrations.switch(request.organization, platform, on=is_on, actor=request.user)
    except NotRegistered as refusal:
        messages.error(request, _("%(refusal)s Enter them below.") % {"refusal": refusal})
        return _back(request, platform)
    if is_on:
        done = _("%(platform)s is offered to customers.")
    else:
        done = _("%(platform)s is no longer offered. What is linked stays linked.")
    messages.success(request, done % {"platform": settings.name})
    if request.POST.get("from") == "list":
        return redirect("connections:integrations", organization=request.organization.slug)
    return _back(request, platform)


@require_POST
@requires(Right.EDIT_SETTINGS)
def check(request: PortalRequest, platform: str) -> HttpResponse:
    """Ask the platform whether it knows the registration."""
    settings = _settings(request, platform)
    if not settings.needs_registration or not settings.is_registered:
        missing = _("There is no registration at %(platform)s to test yet.")
        messages.error(request, missing % {"platform": settings.name})
        return _back(request, platform)
    problem = integrations.check_registration(request.organization, platform)
    if problem:
        advice = _("%(problem)s Compare client id and secret with the vendor’s page.")
        messages.error(request, advice % {"problem": problem})
    else:
        known = _("%(platform)s knows this client id and secret.") % {"platform": settings.name}
        messages.success(request, known)
    return _back(request, platform)


def _settings(request: PortalRequest, platform: str) -> PlatformSettings:
    try:
        return offers.find_settings(request.organization.pk, platform)
    except KeyError as error:
        raise Http404 from error


def _show(
    request: PortalRequest, settings: PlatformSettings, form: RegistrationForm | None
) -> HttpResponse:
    context = {
        "settings": settings,
        "form": form,
        "redirect_uri": redirect_uri(settings.key),
        "supplements": supplemental.configured_types(request.organization.pk, settings.platform),
        "custom_types": custom_types.custom_types_of(request.organization.pk, settings.key),
    }
    is_refused = form is not None and form.is_bound
    status = _UNPROCESSABLE if is_refused else 200
    return render(request, "connections/integration.html", context, status=status)


def _back(request: PortalRequest, platform: str) -> HttpResponse:
    return redirect(
        "connections:integration", organization=request.organization.slug, platform=platform
    )
