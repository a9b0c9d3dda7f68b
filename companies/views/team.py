"""Settings → Team: who belongs to the organization, and who was asked to."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from companies import people, team
from companies.access import PortalRequest, requires
from companies.forms import InvitationForm, MemberForm, RoleForm
from companies.models import Invitation, Membership
from companies.roles import DESCRIPTIONS, Right, Role
from portal.http import wants_fragment

_UNPROCESSABLE = 422
_ROLES = [(role, DESCRIPTIONS[role]) for role in Role]


@require_GET
@requires(Right.MANAGE_TEAM)
def members(request: PortalRequest) -> HttpResponse:
    return _page(request, InvitationForm())


@require_POST
@requires(Right.MANAGE_TEAM)
def invite(request: PortalRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    try:
        invitation = team.invite(
            request.organization,
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            role=Role(form.cleaned_data["role"]),
            actor=request.user,
        )
    except team.Refused as refusal:
        form.add_error("email", str(refusal))
        return _refuse(request, form)
    messages.success(
        request,
        _("%(name)s is invited as %(role)s.")
        % {"name": invitation.name, "role": invitation.get_role_display()},
    )
    url = reverse("companies:team", args=[request.organization.slug])
    return HttpResponseClientRedirect(url) if wants_fragment(request) else redirect(url)


@require_POST
@requires(Right.MANAGE_TEAM)
def send_again(request: PortalRequest, invitation_id: UUID) -> HttpResponse:
    invitation = _find_invitation(request, invitation_id)
    act = partial(team.send_again, invitation, actor=request.user)
    done = _("The invitation is sent to %(email)s again.") % {"email": invitation.email}
    return _answer(request, act, done)


@require_POST
@requires(Right.MANAGE_TEAM)
def withdraw(request: PortalRequest, invitation_id: UUID) -> HttpResponse:
    invitation = _find_invitation(request, invitation_id)
    act = partial(team.withdraw, invitation, actor=request.user)
    done = _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email}
    return _answer(request, act, done)


@require_http_methods(["GET", "POST"])
@requires(Right.MANAGE_TEAM)
def member(request: PortalRequest, membership_id: int) -> HttpResponse:
    """Show a member, and take another role."""
    membership = _find(request, membership_id)
    form = RoleForm(request.POST or None, initial={"role": membership.role})
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        act = partial(team.change_role, membership, role, actor=request.user)
        done = _("%(member)s is %(role)s now.") % {"member": membership.user, "role": role.label}
        return _answer(request, act, done)
    return _member_page(request, membership, form, _person_form(membership))


@require_POST
@requires(Right.MANAGE_TEAM)
def person(request: PortalRequest, membership_id: int) -> HttpResponse:
    """Correct a member's name, and propose another address to them."""
    membership = _find(request, membership_id)
    form = _person_form(membership, request.POST)
    if form.is_valid():
        done = []
        try:
            if "name" in form.changed_data:
                people.rename(membership, name=form.cleaned_data["name"], actor=request.user)
                done.append(_("The name is saved."))
            if form.cleaned_data["email"].lower() != membership.user.email:
                email = form.cleaned_data["email"]
                people.propose_address(membership, email=email, actor=request.user)
                done.append(
                    _(
                        "%(new)s gets a link. Until it is opened, "
                        "%(former)s stays the address to sign in with."
                    )
                    % {"new": email, "former": membership.user.email}
                )
        except team.Refused as refusal:
            form.add_error(None if isinstance(refusal, people.Shared) else "email", str(refusal))
        if form.is_valid():
            messages.success(request, " ".join(done) or _("Nothing was changed."))
            return redirect("companies:member", request.organization.slug, membership_id)
    role_form = RoleForm(initial={"role": membership.role})
    return _member_page(request, membership, role_form, form)


@require_POST
@requires(Right.MANAGE_TEAM)
def switch(request: PortalRequest, membership_id: int) -> HttpResponse:
    """Close the organization to a member, or open it again."""
    membership = _find(request, membership_id)
    is_on = request.POST.get("state") == "on"
    act = partial(team.switch, membership, on=is_on, actor=request.user)
    if is_on:
        done = _("%(member)s can work here again.")
    else:
        done = _("%(member)s cannot open this organization any more.")
    return _answer(request, act, done % {"member": membership.user})


@require_POST
@requires(Right.MANAGE_TEAM)
def remove(request: PortalRequest, membership_id: int) -> HttpResponse:
    membership = _find(request, membership_id)
    act = partial(team.remove, membership, actor=request.user)
    done = _("%(member)s does not belong to the team any more.") % {"member": membership.user}
    return _answer(request, act, done)


def _person_form(membership: Membership, data: QueryDict | None = None) -> MemberForm:
    user = membership.user
    return MemberForm(data, initial={"name": user.name, "email": user.email})


def _member_page(
    request: PortalRequest, membership: Membership, form: RoleForm, person_form: MemberForm
) -> HttpResponse:
    context = {
        "member": membership,
        "form": form,
        "person_form": person_form,
        "is_editable": people.is_editable(membership),
        "roles": _ROLES,
    }
    status = _UNPROCESSABLE if form.is_bound or person_form.is_bound else 200
    return render(request, "companies/member.html", context, status=status)


def _find(request: PortalRequest, membership_id: int) -> Membership:
    members = Membership.objects.within(request.organization).select_related("user")
    return get_object_or_404(members, pk=membership_id)


def _find_invitation(request: PortalRequest, invitation_id: UUID) -> Invitation:
    return get_object_or_404(Invitation.objects.within(request.organization), pk=invitation_id)


def _answer(request: PortalRequest, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except team.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return _back(request)


def _back(request: PortalRequest) -> HttpResponse:
    """Lead to the list, or home whoever has just given up the right to see it."""
    own = Membership.objects.within(request.organization).of(request.user).first()
    if own is None or not own.can[Right.MANAGE_TEAM]:
        return redirect("home")
    return redirect("companies:team", request.organization.slug)


def _refuse(request: PortalRequest, form: InvitationForm) -> HttpResponse:
    if not wants_fragment(request):
        return _page(request, form)
    context = {"form": form, "roles": _ROLES}
    return render(request, "companies/team.html#invite", context, status=_UNPROCESSABLE)


def _page(request: PortalRequest, form: InvitationForm) -> HttpResponse:
    members = Membership.objects.within(request.organization).select_related("user")
    invitations = Invitation.objects.within(request.organization).select_related("invited_by")
    context = {
        "members": members.order_by("user__name", "user__email", "id"),
        "invitations": invitations.order_by("created_at", "id"),
        "form": form,
        "roles": _ROLES,
    }
    status = _UNPROCESSABLE if form.is_bound else 200
    return render(request, "companies/team.html", context, status=status)
