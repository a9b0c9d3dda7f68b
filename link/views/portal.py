"""Settings → Link, and how members bring customers to the Link pages."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from connections import links
from connections.offers import enabled_platforms
from link import invites, requests
from link import settings as link_settings
from link.logos import MOST_BYTES, NotALogo
from link.models import LinkSettings, LinkVisit
from link.portal_forms import LinkSettingsForm, LogoForm, RequestForm
from link.sharing import in_plain_words
from portal.http import wants_fragment

UNPROCESSABLE = 422
FUNNEL_SHOWN = timedelta(weeks=8)
PAGE = "link/settings.html"


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def settings(request: PortalRequest) -> HttpResponse:
    """Show the settings beside what they make of the pages, and take them."""
    saved = link_settings.settings_of(request.organization)
    form = LinkSettingsForm(request.POST or None, settings=saved)
    if request.method == "GET" or not form.is_valid():
        return _page(request, saved, form)
    saved = link_settings.save_link_settings(
        request.organization, form.cleaned_data, what="the settings", actor=request.user
    )
    messages.success(request, _("The Link settings are saved. Customers see them from now on."))
    if saved.contrast and not saved.contrast.is_white:
        messages.info(
            request, _("The text on your buttons is black: white could not be read on it.")
        )
    return redirect("link_portal:settings", request.organization.slug)


@require_POST
@requires(Right.EDIT_SETTINGS)
def preview(request: PortalRequest) -> HttpResponse:
    """Show what the settings would make of the pages; nothing is kept."""
    saved = link_settings.settings_of(request.organization)
    form = LinkSettingsForm(request.POST, settings=saved)
    form.is_valid()
    for name in form.cleaned_data:  # of a field with a mistake the preview shows what is saved
        setattr(saved, name, form.cleaned_data[name])
    if wants_fragment(request):
        return render(request, f"{PAGE}#preview", _previewed(request, saved))
    return _page(request, saved, form)


@require_POST
@requires(Right.EDIT_SETTINGS)
def logo(request: PortalRequest) -> HttpResponse:
    """Take a logo, or take it off."""
    if request.POST.get("remove"):
        link_settings.remove_logo(request.organization, actor=request.user)
        messages.success(request, _("The logo is removed. Customers see your initials."))
        return redirect("link_portal:settings", request.organization.slug)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            content = form.cleaned_data["logo"].read(MOST_BYTES + 1)
            link_settings.save_logo(request.organization, content, actor=request.user)
        except NotALogo as refusal:
            form.add_error("logo", ValidationError(str(refusal)))
        else:
            messages.success(request, _("The logo is saved. Customers see it from now on."))
            return redirect("link_portal:settings", request.organization.slug)
    saved = link_settings.settings_of(request.organization)
    return _page(request, saved, LinkSettingsForm(settings=saved), logo_form=form)


@require_POST
@requires(Right.EDIT_SETTINGS)
def change_invite(request: PortalRequest) -> HttpResponse:
    """Replace the invite URL, switch it off or on."""
    change = request.POST.get("change")
    if change == "renew":
        link_settings.renew_invite(request.organization, actor=request.user)
        messages.success(request, _("There is a new invite URL. The old one leads nowhere now."))
    elif change in {"on", "off"}:
        link_settings.switch_invites(request.organization, on=change == "on", actor=request.user)
        messages.success(
            request,
            _("The invite URL works again.")
            if change == "on"
            else _("The invite URL is switched off. Whoever opens it sees that it leads nowhere."),
        )
    return redirect("link_portal:settings", request.organization.slug)


@require_POST
@requires(Right.EDIT_SETTINGS)
def switch_one_time(request: PortalRequest) -> HttpResponse:
    """Let Link URLs open once, or as often as wanted."""
    on = request.POST.get("state") == "on"
    if not on and request.POST.get("state") != "off":
        messages.error(request, _("Nothing was changed: say whether to switch it on or off."))
        return redirect("link_portal:settings", request.organization.slug)
    link_settings.switch_one_time(request.organization, on=on, actor=request.user)
    messages.success(
        request,
        _("Link URLs open once from now on. Those handed out before open nothing any more.")
        if on
        else _("Link URLs open as often as wanted again, also those made before."),
    )
    return redirect("link_portal:settings", request.organization.slug)


@require_GET
@requires(Right.EDIT_COMPANIES)
def invite(request: PortalRequest) -> HttpResponse:
    """Show the invite URL to copy."""
    stored = link_settings.stored(request.organization)
    context = {"settings": stored, "invite_url": invites.invite_url(stored)}
    return _page_or_dialog(request, "link/invite_url.html", context)


@require_http_methods(["GET", "POST"])
@requires(Right.ADD_CONNECTIONS)
def request_data(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Show the company's Link URL to copy, or send it by e-mail."""
    company = get_object_or_404(Company.objects.within(request.organization), pk=company_id)
    form = RequestForm(request.POST or None)
    if form.is_valid():
        try:
            requests.send(
                company,
                to=form.cleaned_data["to"],
                message=form.cleaned_data["message"],
                actor=request.user,
            )
        except requests.NotSent as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = _("The Link URL is on its way to %(email)s.") % {
                "email": form.cleaned_data["to"]
            }
            if not wants_fragment(request):
                messages.success(request, sentence)
                return redirect("link_portal:request", request.organization.slug, company.pk)
            response = _requesting(request, company, RequestForm())
            return trigger_client_event(response, "toast", {"text": sentence})
    return _requesting(request, company, form)


def _requesting(request: PortalRequest, company: Company, form: RequestForm) -> HttpResponse:
    template = "link/request.html"
    context = {
        "company": company,
        "form": form,
        # With one-time links a form makes one: looking at the page does not.
        "link_url": ""
        if request.organization.uses_one_time_links
        else links.link_url(company, created_by=request.user),
    }
    if request.method == "POST" and wants_fragment(request):
        template += "#request-form"
        return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)
    response = _page_or_dialog(request, template, context)
    response.status_code = UNPROCESSABLE if form.errors else 200
    return response


def _page_or_dialog(
    request: PortalRequest, template: str, context: dict[str, object]
) -> HttpResponse:
    if wants_fragment(request):
        template += "#dialog"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


def _page(
    request: PortalRequest,
    saved: LinkSettings,
    form: LinkSettingsForm,
    *,
    logo_form: LogoForm | None = None,
) -> HttpResponse:
    is_refused = (form.is_bound and form.errors) or logo_form is not None
    context = _previewed(request, saved) | {
        "form": form,
        "logo_form": logo_form or LogoForm(),
        "invite_url": invites.invite_url(link_settings.stored(request.organization)),
    }
    return render(request, PAGE, context, status=UNPROCESSABLE if is_refused else 200)


def _previewed(request: PortalRequest, shown: LinkSettings) -> dict[str, object]:
    platforms = enabled_platforms(request.organization.pk)
    data_types = {kind for platform in platforms for kind in platform.data_types}
    return {"settings": shown, "shared": in_plain_words(data_types)}


@require_GET
def funnel(request: PortalRequest) -> HttpResponse:
    """Tell how many companies came how far on their Link pages, week by week."""
    since = timezone.now() - FUNNEL_SHOWN
    weeks = LinkVisit.objects.all().funnel(request.organization, since)
    template = "link/funnel.html#funnel" if wants_fragment(request) else "link/funnel.html"
    return render(request, template, {"weeks": list(reversed(weeks))})
