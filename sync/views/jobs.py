"""Many companies at once: choose, see what would happen, confirm, watch."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from companies.access import PortalRequest, requires
from companies.listing import Question, selected
from companies.models import Company, CompanyQuerySet
from companies.roles import Right
from portal.http import wants_fragment
from sync import jobs
from sync.models import Job, JobItem

ITEMS_SHOWN = 200
UNPROCESSABLE = 422
#: What needs somebody first.
_ORDER = (JobItem.State.FAILED, JobItem.State.SKIPPED, JobItem.State.WAITING, JobItem.State.DONE)


class NumberForm(forms.Form):
    """Asks how many are about to go, so that nobody deletes what they have not looked at."""

    number = forms.IntegerField(widget=forms.TextInput(attrs={"inputmode": "numeric"}))

    def __init__(self, *args: object, number: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.expected = number
        field = self.fields["number"]
        field.label = _("Type %(number)d to confirm") % {"number": number}
        field.widget.attrs |= {"autocomplete": "off", "data-match": str(number)}

    def clean_number(self) -> int:
        if self.cleaned_data["number"] != self.expected:
            wrong = _("That is not the number. Type %(number)d.")
            raise forms.ValidationError(wrong % {"number": self.expected})
        return self.expected


@requires(Right.REFRESH_DATA)
@require_POST
def refresh(request: PortalRequest) -> HttpResponse:
    return _prepare(request, Job.Action.REFRESH)


@requires(Right.DELETE_COMPANIES)
@require_POST
def delete(request: PortalRequest) -> HttpResponse:
    return _prepare(request, Job.Action.DELETE)


@require_GET
def job(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """Show what would happen, what happens or what happened; for htmx the part that changes."""
    found = _job(request, job_id)
    template = "sync/job.html#progress" if wants_fragment(request) else "sync/job.html"
    return _show(request, template, found)


@require_POST
def confirm(request: PortalRequest, job_id: UUID) -> HttpResponse:
    found = _job(request, job_id)
    if found.action == Job.Action.DELETE and not found.is_confirmed:
        form = NumberForm(request.POST, number=found.items.count())
        if not form.is_valid():
            return _show(request, "sync/job.html", found, form=form, status=UNPROCESSABLE)
    jobs.confirm(found)
    return redirect("sync:job", request.organization.slug, found.pk)


def _prepare(request: PortalRequest, action: str) -> HttpResponse:
    question = Question.parse(QueryDict(request.POST.get("query", "")[:2000]))
    try:
        made = jobs.prepare(
            request.organization, action, _chosen(request, question), created_by=request.user
        )
    except (jobs.NothingChosen, jobs.TooMany) as refusal:
        messages.warning(request, str(refusal))
        response = redirect("companies:list", request.organization.slug)
        response["Location"] += question.url()
        return response
    return redirect("sync:job", request.organization.slug, made.pk)


def _chosen(request: PortalRequest, question: Question) -> CompanyQuerySet:
    """Return all that the list's question finds, or those that were ticked."""
    if "all" in request.POST:
        return selected(request.organization, question)
    ids = [UUID(each) for each in request.POST.getlist("company") if _is_uuid(each)]
    return Company.objects.within(request.organization).filter(pk__in=ids)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _job(request: PortalRequest, job_id: UUID) -> Job:
    """:raises PermissionDenied: for those who may not do what the job does"""
    jobs_here = Job.objects.within(request.organization).select_related("created_by")
    found = get_object_or_404(jobs_here, pk=job_id)
    if not request.membership.can[jobs.RIGHTS[Job.Action(found.action)]]:
        raise PermissionDenied(
            _("Your role cannot do this. An administrator can give you another.")
        )
    return found


def _show(
    request: PortalRequest,
    template: str,
    found: Job,
    *,
    form: NumberForm | None = None,
    status: int = 200,
) -> HttpResponse:
    counts = jobs.counts(found)
    rank = Case(
        *(When(state=state, then=Value(place)) for place, state in enumerate(_ORDER)),
        output_field=IntegerField(),
    )
    total = sum(counts.values())
    context = {
        "job": found,
        "counts": counts,
        "total": total,
        "settled": total - counts[JobItem.State.WAITING],
        "items": found.items.order_by(rank, "pk")[:ITEMS_SHOWN],
    }
    if not found.is_confirmed:
        context["extent"] = jobs.extent(found)
        if found.action == Job.Action.DELETE:
            context["form"] = form or NumberForm(number=total)
    return render(request, template, context, status=status)
