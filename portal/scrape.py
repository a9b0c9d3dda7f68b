"""`/metrics` of a web process, with what the database alone knows."""

import logging
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import metrics
from sync import measures as of_sync
from webhooks import measures as of_webhooks

logger = logging.getLogger(__name__)

#: However many scrape, and however often, the database is asked no more than this.
_KEPT_SECONDS = 5.0
_kept: tuple[float, metrics.Readings] = (float("-inf"), {})


@login_not_required
@never_cache
@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """Answer with everything that is measured, to whoever comes with the operator's token."""
    if not settings.METRICS_TOKEN or not metrics.is_on():
        raise Http404
    from portal.metrics import scraping  # noqa: PLC0415 - only who is switched on has it

    if not scraping.admits(settings.METRICS_TOKEN, request.headers.get("Authorization", "")):
        return HttpResponse(
            "Come with the token: Authorization: Bearer …\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return HttpResponse(scraping.text(_readings()), content_type=scraping.CONTENT_TYPE)


def _readings() -> metrics.Readings:
    """Ask the database, unless that was done a moment ago; without it the rest is told."""
    global _kept  # noqa: PLW0603 - one answer for all who ask this process
    at, readings = _kept
    if time.monotonic() - at < _KEPT_SECONDS:
        return readings
    try:
        readings = {metrics.DATABASE_UP: {(): 1}, **of_sync.read(), **of_webhooks.read()}
    except DatabaseError as error:
        logger.warning("metrics without what the database knows: %s", error)
        readings = {metrics.DATABASE_UP: {(): 0}}
    _kept = (time.monotonic(), readings)
    return readings
