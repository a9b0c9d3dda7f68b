"""How data types are pulled: the organization's page, and a company's own settings."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.http import wants_fragment
from sync import operations
from sync.forms import DataTypesForm
from sync.views.company import find_company


@requires(Right.EDIT_SETTINGS)
@require_http_methods(["GET", "POST"])
def data_types(request: PortalRequest) -> HttpResponse:
    settings = operations.data_type_settings(request.organization.pk)
    form = DataTypesForm(request.POST or None, settings=settings)
    if request.method == "POST" and form.is_valid():
        if changed := form.changed():
            operations.save_settings(request.organization, settings=changed, actor=request.user)
        messages.success(request, _("Settings saved."))
        return redirect("sync:data-types", organization=request.organization.slug)
    return _show(request, "sync/data_types.html", {"form": form})


@requires(Right.EDIT_SETTINGS)
@require_http_methods(["GET", "POST"])
def company_settings(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    settings = operations.data_type_settings(request.organization.pk, company)
    form = DataTypesForm(request.POST or None, settings=settings)
    if request.method == "POST" and form.is_valid():
        if changed := form.changed():
            operations.save_settings(
                request.organization, settings=changed, company=company, actor=request.user
            )
        saved = _("Settings of %(company)s saved.") % {"company": company.name}
        messages.success(request, saved)
        return _back(request, company_id)
    context = {
        "form": form,
        "company": company,
        "section": "settings",
        "has_own": any(each.is_override for each in settings),
    }
    return _show(request, "sync/company_settings.html", context)


@requires(Right.EDIT_SETTINGS)
@require_POST
def use_defaults(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    operations.clear_company_settings(company, actor=request.user)
    done = _("%(company)s follows the organization’s settings again.")
    messages.success(request, done % {"company": company.name})
    return _back(request, company_id)


def _back(request: PortalRequest, company_id: UUID) -> HttpResponse:
    return redirect(
        "sync:company-settings", organization=request.organization.slug, company_id=company_id
    )


def _show(request: PortalRequest, template: str, context: dict[str, object]) -> HttpResponse:
    form = context["form"]
    assert isinstance(form, DataTypesForm)
    if wants_fragment(request):
        template += "#settings"
    return render(request, template, context, status=422 if form.is_bound else 200)
