"""Developers → Webhooks: the endpoints, and what is done to each."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.crypto import Undecryptable
from portal.http import wants_fragment
from webhooks import catalog, operations, pages, recovery
from webhooks.forms import ConsumerForm, SinceForm
from webhooks.models import WebhookConsumer
from webhooks.models.consumer import MOST_CONSUMERS
from webhooks.views.common import UNPROCESSABLE, back_to, find_consumer


@require_GET
@requires(Right.SEE_WEBHOOKS)
def consumers(request: PortalRequest) -> HttpResponse:
    context = {
        "endpoints": pages.endpoints(request.organization),
        "activity": pages.activity(request.organization, None),
        "most": MOST_CONSUMERS,
    }
    return render(request, "webhooks/list.html", context)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def create(request: PortalRequest) -> HttpResponse:
    form = ConsumerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        try:
            consumer = operations.create_consumer(
                request.organization,
                **{name: entered[name] for name in ("url", "description", "event_types")},
                **{name: entered[name] for name in ("company_tags", "rate_limit")},
                headers={name: value or "" for name, value in entered["headers"].items()},
                actor=request.user,
            )
        except operations.ConsumerRefused as refused:
            form.add_error(refused.field, refused.message)
        except operations.TooManyConsumers as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, _("The endpoint is added. It is told what happens from now on.")
            )
            return back_to(request, consumer)
    return _form(request, form, None)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_SETTINGS)
def edit(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    consumer = find_consumer(request, consumer_id)
    form = ConsumerForm(request.POST or None, initial=ConsumerForm.initial_of(consumer))
    if request.method == "POST" and form.is_valid():
        try:
            operations.update_consumer(consumer, **form.cleaned_data, actor=request.user)
        except operations.ConsumerRefused as refused:
            form.add_error(refused.field, refused.message)
        except Undecryptable:
            form.add_error(
                "headers", _("The key these were encrypted with is gone: enter the values again.")
            )
        else:
            messages.success(request, _("The endpoint is saved."))
            return back_to(request, consumer)
    return _form(request, form, consumer)


def _form(
    request: PortalRequest, form: ConsumerForm, consumer: WebhookConsumer | None
) -> HttpResponse:
    context = {"form": form, "consumer": consumer}
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "webhooks/form.html", context, status=status)


@require_GET
@requires(Right.SEE_WEBHOOKS)
def consumer(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    """Show an endpoint with its messages."""
    return _show(request, find_consumer(request, consumer_id))


@require_POST
@never_cache
@requires(Right.EDIT_SETTINGS)
def secret(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    """Show the signing secret on this one page."""
    found = find_consumer(request, consumer_id)
    try:
        return _show(request, found, operations.reveal_secret(found, actor=request.user))
    except Undecryptable:
        messages.error(request, _("The key the secret was encrypted with is gone: rotate it."))
        return back_to(request, found)


@require_POST
@never_cache
@requires(Right.EDIT_SETTINGS)
def rotate(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    found = find_consumer(request, consumer_id)
    fresh = operations.rotate_secret(found, actor=request.user)
    return _show(request, find_consumer(request, consumer_id), fresh)


def _show(request: PortalRequest, found: WebhookConsumer, secret: str = "") -> HttpResponse:
    template = "webhooks/consumer.html"
    shown = {"consumer": found, "log": pages.messages(request.organization, request.GET, found)}
    if wants_fragment(request) and not secret:
        return render(request, "webhooks/_messages.html", shown)
    until = found.previous_secret_until
    context = shown | {
        "activity": pages.activity(request.organization, found),
        "secret": secret,
        "both_sign_until": until if until and until > timezone.now() else None,
        "since_form": SinceForm(),
        "types": catalog.TYPES,
    }
    return render(request, template, context)


@require_POST
@requires(Right.EDIT_SETTINGS)
def switch(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    """Switch an endpoint on or off: "state" says which."""
    found = find_consumer(request, consumer_id)
    if request.POST.get("state") == "on":
        operations.enable_consumer(found, actor=request.user)
        messages.success(
            request, _("The endpoint is switched on. Recover or replay what it missed below.")
        )
    else:
        operations.disable_consumer(found, actor=request.user)
        messages.success(request, _("The endpoint is switched off. Nothing more is sent to it."))
    return back_to(request, found)


@require_POST
@requires(Right.EDIT_SETTINGS)
def delete(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    found = find_consumer(request, consumer_id)
    operations.delete_consumer(found, actor=request.user)
    messages.success(request, _("The endpoint “%(endpoint)s” is deleted.") % {"endpoint": found})
    return redirect("webhooks:list", request.organization.slug)


@require_POST
@requires(Right.EDIT_SETTINGS)
def example(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    found = find_consumer(request, consumer_id)
    event_type = request.POST.get("event_type", "")
    try:
        delivery = operations.send_example(found, event_type, actor=request.user)
    except operations.ConsumerRefused as refused:
        messages.error(request, refused.message)
        return back_to(request, found)
    sent = _("An example of %(event_type)s is on its way.") % {"event_type": event_type}
    messages.success(request, sent)
    return redirect("webhooks:delivery", request.organization.slug, found.pk, delivery.pk)


@require_POST
@requires(Right.EDIT_SETTINGS)
def recover(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    """Send again what failed: of the last hours, or since a message ("since")."""
    found = find_consumer(request, consumer_id)
    since = _since(request)
    if since is None:
        messages.error(request, _("Choose from when on messages are sent again."))
        return back_to(request, found)
    try:
        count = recovery.recover(found, since=since, actor=request.user)
    except recovery.ConsumerDisabled as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _sent_again(count) or _("Nothing failed in this time."))
    return back_to(request, found)


@require_POST
@requires(Right.EDIT_SETTINGS)
def replay(request: PortalRequest, consumer_id: UUID) -> HttpResponse:
    """Send what the endpoint was never sent."""
    found = find_consumer(request, consumer_id)
    since = _since(request)
    if since is None:
        messages.error(request, _("Choose from when on events are replayed."))
        return back_to(request, found)
    try:
        count = recovery.replay(found, since=since, actor=request.user)
    except recovery.ConsumerDisabled as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _sent_again(count) or _("Nothing is missing in this time."))
    return back_to(request, found)


def _since(request: PortalRequest) -> datetime | None:
    if text := request.POST.get("since", ""):
        try:
            moment = parse_datetime(text)
        except ValueError:
            return None
        return moment if moment and timezone.is_aware(moment) else None
    form = SinceForm(request.POST)
    if not form.is_valid():
        return None
    return timezone.now() - timedelta(hours=form.cleaned_data["hours"])


def _sent_again(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "%(number)s message on the way, one after the other.",
        "%(number)s messages on the way, one after the other.",
        count,
    )
    return words % {"number": f"{count:,}"}
