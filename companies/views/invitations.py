"""The page that the link in an invitation leads to."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from companies import team
from companies.forms import JoiningForm
from companies.models import Invitation, User

_NOT_FOUND, _UNPROCESSABLE = 404, 422


@login_not_required
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let somebody who was invited join: with their account, or with a new one."""
    try:
        found = team.find_invitation(token)
        owner = team.account_of(found.email)
        if isinstance(request.user, User) or owner is not None:
            return _with_account(request, found, owner)
        return _with_new_account(request, found)
    except team.Gone:
        return render(request, "companies/invitation_gone.html", status=_NOT_FOUND)


def _with_account(request: HttpRequest, found: Invitation, owner: User | None) -> HttpResponse:
    if request.user == owner and request.method == "POST":
        assert owner is not None
        team.accept(found, user=owner)
        welcome = _("Welcome to %(organization)s.") % {"organization": found.organization.name}
        messages.success(request, welcome)
        return redirect("companies:list", found.organization.slug)
    context = {"invitation": found, "may_join": request.user == owner}
    return render(request, "companies/invitation.html", context)


def _with_new_account(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = JoiningForm(request.POST or None, email=found.email, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        user = team.open_account(found, **form.cleaned_data)
        home = reverse("companies:list", args=[found.organization.slug])
        answer: HttpResponse = perform_login(
            request, user, email_verification="none", redirect_url=home
        )
        return answer
    context = {"invitation": found, "form": form}
    status = _UNPROCESSABLE if form.is_bound else 200
    return render(request, "companies/invitation.html", context, status=status)
