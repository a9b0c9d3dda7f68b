from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from companies import last_used, operations
from companies.access import memberships_of
from companies.forms import ProfileForm
from companies.models import User
from portal import sign_in

_UNPROCESSABLE = 422


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the organization the person worked in last.

    :raises PermissionDenied: for a person who belongs to no organization.
    """
    organization = last_used.choose(request, memberships_of(_signed_in(request)))
    if organization is None:
        raise PermissionDenied(
            _(
                "You do not belong to an organization. "
                "Ask the person who invited you to add you again."
            )
        )
    return redirect("companies:list", organization.slug)


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show the person's own account, and take their name and time zone.

    It stands outside every organization, inside the frame of the one they worked in last.
    """
    user = _signed_in(request)
    form = ProfileForm(
        request.POST or None, initial={"name": user.name, "time_zone": user.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        operations.save_profile(user, **form.cleaned_data)
        messages.success(request, _("Your account is saved."))
        return redirect("account")
    memberships = memberships_of(user)
    organization = last_used.choose(request, memberships)
    context = {"form": form, "sign_in": sign_in.overview(user), "memberships": memberships}
    for membership in memberships:
        if membership.organization == organization:
            context |= {
                "organization": organization,
                "membership": membership,
                "can": membership.can,
            }
    status = _UNPROCESSABLE if form.is_bound else 200
    return render(request, "account.html", context, status=status)


@require_POST
def reading_times(request: HttpRequest) -> HttpResponse:
    """Remember how a person reads moments, and lead back to the page they asked on."""
    operations.choose_times(_signed_in(request), absolute=request.POST.get("times") == "absolute")
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours and back.startswith("/") else "account")


def _signed_in(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):  # closed to them already; tells the type checker
        raise PermissionDenied
    return user
