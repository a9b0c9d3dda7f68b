"""Settings → Link: how the pages look, what they say and where they lead in the end."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from connections.offers import enabled_platforms
from link import settings as link_settings
from link.logos import MOST_BYTES, NotALogo
from link.models import LinkSettings
from link.portal_forms import LinkSettingsForm, LogoForm
from link.sharing import in_plain_words
from portal.http import wants_fragment

UNPROCESSABLE = 422
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
    messages.success(request, "The Link settings are saved. Customers see them from now on.")
    if saved.contrast and not saved.contrast.is_white:
        messages.info(request, "The text on your buttons is black: white could not be read on it.")
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
        messages.success(request, "The logo is removed. Customers see your initials.")
        return redirect("link_portal:settings", request.organization.slug)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            content = form.cleaned_data["logo"].read(MOST_BYTES + 1)
            link_settings.save_logo(request.organization, content, actor=request.user)
        except NotALogo as refusal:
            form.add_error("logo", ValidationError(str(refusal)))
        else:
            messages.success(request, "The logo is saved. Customers see it from now on.")
            return redirect("link_portal:settings", request.organization.slug)
    saved = link_settings.settings_of(request.organization)
    return _page(request, saved, LinkSettingsForm(settings=saved), logo_form=form)


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
    }
    return render(request, PAGE, context, status=UNPROCESSABLE if is_refused else 200)


def _previewed(request: PortalRequest, shown: LinkSettings) -> dict[str, object]:
    platforms = enabled_platforms(request.organization.pk)
    data_types = {kind for platform in platforms for kind in platform.data_types}
    return {"settings": shown, "shared": in_plain_words(data_types)}
