"""E-mail alerts: the rules, and what was written."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from webhooks import alerts, pages
from webhooks.forms import AlertRuleForm
from webhooks.models import AlertRule
from webhooks.views.common import UNPROCESSABLE


@require_http_methods(["GET", "HEAD"])
@requires(Right.SEE_WEBHOOKS)
def rules(request: PortalRequest) -> HttpResponse:
    return _page(request, AlertRuleForm(organization=request.organization))


@require_POST
@requires(Right.EDIT_SETTINGS)
def create(request: PortalRequest) -> HttpResponse:
    form = AlertRuleForm(request.POST, organization=request.organization)
    if form.is_valid():
        try:
            alerts.create_rule(request.organization, **_entered(form), actor=request.user)
        except alerts.RuleRefused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, _("The rule is added. E-mails leave from now on."))
            return redirect("webhooks:alerts", request.organization.slug)
    return _page(request, form)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def rule(request: PortalRequest, rule_id: UUID) -> HttpResponse:
    found = _find(request, rule_id)
    form = AlertRuleForm(
        request.POST or None,
        organization=request.organization,
        initial=AlertRuleForm.initial_of(found),
    )
    if request.method == "POST" and form.is_valid():
        try:
            alerts.update_rule(found, **_entered(form), actor=request.user)
        except alerts.RuleRefused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, _("The rule is saved."))
            return redirect("webhooks:alerts", request.organization.slug)
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "webhooks/rule.html", {"form": form, "rule": found}, status=status)


@require_POST
@requires(Right.EDIT_SETTINGS)
def delete(request: PortalRequest, rule_id: UUID) -> HttpResponse:
    alerts.delete_rule(_find(request, rule_id), actor=request.user)
    messages.success(request, _("The rule is deleted."))
    return redirect("webhooks:alerts", request.organization.slug)


def _entered(form: AlertRuleForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("kind", "company", "emails")}


def _page(request: PortalRequest, form: AlertRuleForm) -> HttpResponse:
    context = {
        "rules": alerts.rules_of(request.organization),
        "emails": pages.emails(request.organization),
        "form": form,
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "webhooks/alerts.html", context, status=status)


def _find(request: PortalRequest, rule_id: UUID) -> AlertRule:
    rules = AlertRule.objects.within(request.organization).select_related("company")
    return get_object_or_404(rules, pk=rule_id)
