"""Every part of the portal's look in every state, at /styleguide, in development only."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.templatetags._statuses import CONNECTION_MARKS, PULL_MARKS
from portal.templatetags.charts import Day, Month, Stretch
from sync.statements import Line, Part, Statement


@dataclass(frozen=True)
class _Connection:
    platform: str
    platform_name: str
    mark: str


@dataclass(frozen=True)
class _Organization:
    name: str
    slug: str
    initials: str


@dataclass(frozen=True)
class _Membership:
    organization: _Organization
    get_role_display: str = "Administrator"


class _ExampleForm(forms.Form):
    name = forms.CharField(label="Company name", help_text="Your customer’s trading name.")
    email = forms.EmailField(label="E-mail")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    every = forms.ChoiceField(label="Pull", choices=[("daily", "Daily"), ("weekly", "Weekly")])
    first = forms.BooleanField(label="Fetch on first link", required=False)

    def clean(self) -> dict[str, Any] | None:
        raise forms.ValidationError("Nothing was saved: two fields need another look.")


def _amounts(*amounts: str) -> tuple[Decimal | None, ...]:
    return tuple(Decimal(each) for each in amounts)


_STATEMENT = Statement(
    currency="GBP",
    columns=("Oct 2026", "Sep 2026"),
    parts=(
        Part(
            "Income",
            _amounts("412489.45", "398112.40"),
            (
                Line("Sales", 1, is_total=True, amounts=_amounts("412800.00", "398112.40")),
                Line("Wholesale", 2, is_total=False, amounts=_amounts("301100.10", "290001.00")),
                Line("Cafés", 2, is_total=False, amounts=_amounts("111699.90", "108111.40")),
                Line("Other income", 1, is_total=False, amounts=_amounts("-310.55", "0")),
            ),
        ),
        Part(
            "Operating expenses",
            _amounts("212204.00", "205770.18"),
            (
                Line("Wages", 1, is_total=False, amounts=_amounts("188204.00", "181770.18")),
                Line("Rent", 1, is_total=False, amounts=_amounts("24000.00", "24000.00")),
            ),
        ),
        Part("Operating profit", _amounts("200285.45", "192342.22"), is_result=True),
    ),
    available=24,
)
_DIFFERENCES = [
    {"path": "amountDue", "before": "1204.40", "after": "0.00"},
    {"path": "paymentAllocations[0].payment.id", "before": None, "after": "PAY-88"},
]


def _months() -> list[Month]:
    first = dt.date(2025, 12, 1)
    revenues = (412, 391, 402, 437, 452, 447, 489, 512, 498, 531, 566, 583)
    profits = (38, -22, 29, 41, 47, 36, 58, 66, 54, 71, 83, 88)
    return [
        Month(
            dt.date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1),
            Decimal(revenue * 1000),
            Decimal(profit * 1000),
        )
        for n, (revenue, profit) in enumerate(zip(revenues, profits, strict=True))
    ]


def _days(today: dt.date) -> list[Day]:
    troubles = {17: (0, 8), 18: (0, 8), 19: (5, 3), 30: (12, 1)}
    empty = range(4)
    return [
        Day(today - dt.timedelta(days=44 - n), *(0, 0) if n in empty else troubles.get(n, (14, 0)))
        for n in range(45)
    ]


def _stretches(now: dt.datetime) -> list[Stretch]:
    failed = {9: 2, 10: 14, 11: 14, 12: 5}
    return [
        Stretch(now - dt.timedelta(minutes=10 * (36 - n)), (n * 7) % 11, failed.get(n, 0))
        for n in range(36)
    ]


def _example_connections() -> list[_Connection]:
    return [
        _Connection("sandbox", "Sandbox", "linked"),
        _Connection("xero", "Xero", "error"),
        _Connection("quickbooks", "QuickBooks Online", "deauthorized"),
        _Connection("tryton", "Tryton", "pending"),
        _Connection("freeagent", "FreeAgent", "unlinked"),
    ]


@login_not_required
@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    now = timezone.now()
    organization = _Organization("Harbour Lending", "harbour-lending", "HL")
    months = _months()
    wrong = _ExampleForm(
        {"wrong-name": "", "wrong-email": "not-an-address", "wrong-every": "daily"}, prefix="wrong"
    )
    page = "styleguide-hosted.html" if request.GET.get("page") == "hosted" else "styleguide.html"
    return render(
        request,
        page,
        {
            "organization": organization,
            "membership": _Membership(organization),
            "memberships": [
                _Membership(organization),
                _Membership(_Organization("Quay Capital", "quay-capital", "QC")),
            ],
            "can": {"edit_settings": True, "edit_companies": True},
            "company_count": 25,
            "connection_statuses": list(CONNECTION_MARKS),
            "pull_statuses": list(PULL_MARKS),
            "connections": _example_connections(),
            "calm": [_Connection("sandbox", "Sandbox", "linked")],
            "tones": ["green", "red", "purple", "grey", "amber", "blue"],
            "form": _ExampleForm(),
            "wrong_form": wrong,
            "moments": [now - dt.timedelta(minutes=each) for each in (0, 14, 200, 3000, 90000)]
            + [now + dt.timedelta(hours=3, minutes=1)],
            "now": now,
            "months": months,
            "revenues": [month.revenue for month in months],
            "profits": [month.profit for month in months],
            "days": _days(now.date()),
            "statement": _STATEMENT,
            "differences": _DIFFERENCES,
            "stretches": _stretches(now),
            "company_id": "0cb1e29c-658c-4a14-95e6-0af593bd04cf",
        },
    )
