"""Settings → Organization."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from companies import operations
from companies.access import PortalRequest, requires
from companies.forms import OrganizationForm
from companies.roles import Right

_UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def organization(request: PortalRequest) -> HttpResponse:
    form = OrganizationForm(request.POST or None, initial={"name": request.organization.name})
    if request.method == "POST" and form.is_valid():
        operations.rename_organization(
            request.organization, name=form.cleaned_data["name"], actor=request.user
        )
        messages.success(request, _("The organization is saved."))
        return redirect("companies:organization", request.organization.slug)
    status = _UNPROCESSABLE if form.is_bound else 200
    return render(request, "companies/organization.html", {"form": form}, status=status)


@require_POST
@requires(Right.EDIT_SETTINGS)
def failure_emails(request: PortalRequest) -> HttpResponse:
    """Switch the e-mails about failures on or off: "state" says which."""
    on = request.POST.get("state") == "on"
    operations.switch_failure_emails(request.organization, on=on, actor=request.user)
    messages.success(
        request,
        _("E-mails about failures are switched on.")
        if on
        else _("E-mails about failures are switched off."),
    )
    return redirect("companies:organization", request.organization.slug)
