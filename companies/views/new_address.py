"""The page that the link in an e-mail about a new address leads to."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from companies import people, team
from companies.models import User

_NOT_FOUND, _CONFLICT = 404, 409


@require_http_methods(["GET", "POST"])
def new_address(request: HttpRequest, token: str) -> HttpResponse:
    """Let the person whom an Administrator gave another address agree to it."""
    assert isinstance(request.user, User)  # the middleware lets nobody else in
    template = "companies/new_address.html"
    try:
        proposal = people.find_proposal(token)
        if request.method == "POST":
            people.accept_address(token, user=request.user)
            done = _("You sign in with %(email)s from now on.") % {"email": proposal.email}
            messages.success(request, done)
            return redirect("account")
    except team.Gone:
        return render(request, template, status=_NOT_FOUND)
    except people.Taken:
        return render(request, template, {"taken": proposal.email}, status=_CONFLICT)
    context = {"proposal": proposal, "is_theirs": proposal.membership.user == request.user}
    return render(request, template, context)
