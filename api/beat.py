"""What the clock asks for: a new day's quotas, and answers that need not be repeated any more."""

from typing import Any

from celery import shared_task

from api import idempotency, limits


@shared_task(name="api.beat.reset_quotas")
def reset_quotas(**_: Any) -> int:
    return limits.reset_quotas()


@shared_task(name="api.beat.forget_answers")
def forget_answers(**_: Any) -> int:
    return idempotency.forget_old()
