"""Schemathesis asks our API by its own document; every answer is held against that document.

Each request is undone after its answer, so that the next one finds what the first one found. Most
addresses name something that there is: what cannot be found answers everything with 404.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from uuid import UUID
from zlib import crc32

import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.generation.meta import CoverageScenario, FuzzingPhaseData, coverage_scenario
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from schemathesis.openapi.checks import EnsureResourceAvailability
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.urls import api

type Case = schemathesis.Case[Any]

#: What there is, by the names that parameters and members have.
type Known = Mapping[str, Sequence[Any]]

_QUIETLY = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)

#: So many requests go out as they were made, and so many others without a text that has to be a
#: query of ours, which nearly none is.
_AS_MADE = 0.2
_WITHOUT_QUERY = 0.5
#: Of a failure with its request so many characters are told.
_LONGEST = 4_000
#: Requests of a sequence.
_STEPS = 6

#: Checks that are asked with other statuses than schemathesis would, each with its reason.
_CHECKS = {
    # A text may be a query and still be none of ours, and names may have no letter left: then 400
    # says why. What is not there answers 404, what was not pulled yet 409. In a sequence two
    # requests may come with one Idempotency-Key: then 422.
    "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "403", "404", "409", "422"]},
}


@dataclass
class Tally:
    """What was asked, what came back, and what did not fit."""

    operations: int = 0
    cases: int = 0
    in_sequences: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0

    def note(self, operation: str, status: int) -> None:
        self.cases += 1
        self.statuses[status] += 1
        self.by_operation[operation][status] += 1

    def fail(self, operation: str, failure: Failure | BaseException, request: str) -> None:
        title = getattr(failure, "title", type(failure).__name__)
        self.failures[operation, title].append(f"{failure}\n{request}"[:_LONGEST])

    @property
    def classes(self) -> dict[str, int]:
        """Count the answers by the first digit of their status."""
        found = Counter(f"{status // 100}xx" for status in self.statuses.elements())
        return dict(sorted(found.items()))

    @property
    def never_done(self) -> list[str]:
        """Name the operations that nothing sent to them could bring to do what they do."""
        return sorted(
            name
            for name, statuses in self.by_operation.items()
            if not any(status < 300 for status in statuses)
        )

    @property
    def summary(self) -> str:
        statuses = ", ".join(f"{each}: {self.statuses[each]:,}" for each in sorted(self.statuses))
        classes = ", ".join(f"{name}: {count:,}" for name, count in self.classes.items())
        made = (
            f"{self.operations} operations, {self.cases:,} cases "
            f"({self.in_sequences:,} of them in sequences)"
        )
        failed = f"{sum(map(len, self.failures.values()))} failures"
        lines = [
            f"API conformance: {made}, {failed}; {self.seconds:.0f} s of this process",
            f"{classes} ({statuses})",
            f"never answered with 2xx: {', '.join(self.never_done) or 'none'}",
        ]
        for (operation, title), found in sorted(self.failures.items()):
            lines += [f"  {operation}: {title} ({len(found)} times), first:", found[0]]
        return "\n".join(lines)


def run(*, known: Known, headers: dict[str, Any], requests: int, seed: int) -> Tally:
    """Make about so many requests over all operations, besides those at the edges of each.

    A tenth of them come in sequences, in which one asks about what another has made or deleted.
    """
    document = cast("dict[str, Any]", api.get_openapi_schema())
    count = sum(len(methods) for methods in document["paths"].values())
    single = requests - requests // 10
    schema = _schema(document, examples=max(single // count, 2), seed=seed)
    tally, began = Tally(), time.process_time()
    caller = _Caller(headers, _Guide(known, seed), tally)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)  # the document can be read
        operation = result.ok()
        tally.operations += 1
        with suppress(Unsatisfiable):  # nothing of this operation can be wrong
            _test(operation, caller.ask_once, schema, seed)()
    alone = tally.cases
    _sequences(schema, caller, requests // 10)
    tally.in_sequences = tally.cases - alone
    tally.seconds = time.process_time() - began
    return tally


@dataclass(frozen=True)
class _Caller:
    """Asks, counts what comes back, and holds it against the document."""

    headers: dict[str, Any]
    guide: "_Guide"
    tally: Tally

    def ask_once(self, case: Case) -> None:
        self.guide.lead(case)
        with transaction.atomic():
            response = case.call(headers=self.headers)
            transaction.set_rollback(True)
        self.judge(case, response)

    def judge(self, case: Case, response: Any, **more: Any) -> None:
        self.tally.note(case.operation.label, response.status_code)
        try:
            case.validate_response(response, headers=self.headers, **more)
        except FailureGroup as failures:
            for each in failures.exceptions:
                if not _is_excused(each, case):
                    self.tally.fail(case.operation.label, each, case.as_curl_command())


def _is_excused(failure: BaseException, case: Case) -> bool:
    """Let pass what schemathesis holds to be wrong without having made anything wrong.

    It leaves out a body that may be left out, and makes a file as it should be: to JSON Schema
    bytes are no text, so that it takes the files it makes itself for mistakes. And of what was made
    it expects that everything below is there too: reports of a company that has no data yet, and
    options, which no type of data has. Lost is only what has an id of its own.
    """
    if isinstance(failure, EnsureResourceAvailability):
        return not case.operation.path.endswith("Id}")
    if not isinstance(failure, AcceptedNegativeData) or case.meta is None:
        return False
    is_form = case.media_type == "multipart/form-data"
    made = case.meta.phase.data
    if isinstance(made, FuzzingPhaseData):
        return not made.mutations and (is_form or isinstance(case.body, NotSet))
    return is_form and coverage_scenario(case) is CoverageScenario.VALID_OBJECT


def _sequences(schema: OpenApiSchema, caller: _Caller, requests: int) -> None:
    class Machine(schema.as_state_machine()):  # type: ignore[misc]  # made from the document
        def setup(self) -> None:
            caller.guide.start_over()  # hypothesis expects the same of what begins the same
            self._undone = transaction.atomic()
            self._undone.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self._undone.__exit__(None, None, None)

        def step(self, given: StepInput) -> StepOutput:
            caller.guide.lead(given.case, has_address=given.is_applied)
            return cast("StepOutput", super().step(given))

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            del case
            return {"headers": caller.headers}

        def validate_response(self, response: Any, case: Case, *_: Any, **__: Any) -> None:
            caller.judge(case, response, recorder=self.recorder)

    Machine.run(
        settings=settings(
            _QUIETLY,
            derandomize=True,
            max_examples=requests // _STEPS,
            stateful_step_count=_STEPS,
            phases=[Phase.generate],
        )
    )


def _schema(document: dict[str, Any], *, examples: int, seed: int) -> OpenApiSchema:
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "generation": {
                "mode": "all",
                "max-examples": examples,
                "database": "none",
                # The key is ours to send; whether one is asked for is a check of its own.
                "with-security-parameters": False,
            },
            "checks": _CHECKS,
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = _closing(get_wsgi_application())
    return schema


def _closing(application: Any) -> Any:
    """Close each answer, as servers do and the caller does not: files may hang on it."""

    def answered(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with closing(application(environ, start_response)) as answer:
            return [b"".join(answer)]

    return answered


def _test(
    operation: Any, hold: Callable[..., None], schema: OpenApiSchema, seed: int
) -> Callable[[], None]:
    project = schema.config
    return create_test(
        operation=operation,
        test_func=hold,
        config=HypothesisTestConfig(
            project=project,
            modes=list(HypothesisTestMode),
            settings=project.get_hypothesis_settings(operation=operation, phase="fuzzing"),
            explicit_settings=_QUIETLY,
            seed=seed ^ crc32(operation.label.encode()),
        ),
    )


class _Guide:
    """Leads most right requests to what there is: what cannot be found answers all with 404.

    What is wrong with a request stays wrong; every fifth one stays as it was made.
    """

    def __init__(self, known: Known, seed: int) -> None:
        self._known = known
        self._seed = seed
        self._dice = Random(seed)

    def start_over(self) -> None:
        self._dice.seed(self._seed)

    def lead(self, case: Case, *, has_address: bool = False) -> None:
        if self._dice.random() < _AS_MADE:
            return
        if not has_address:
            case.path_parameters = {
                name: self._known_value(name) if self._may_stand_for(name, value) else value
                for name, value in case.path_parameters.items()
            }
        if case.meta and case.meta.generation.mode.is_positive:
            operation = case.operation.definition.raw["operationId"]
            case.body = self._known_value(operation, self._named(case.body))
            case.query = self._named(case.query)
            if self._dice.random() < _WITHOUT_QUERY:
                for name in ("query", "orderBy", "tags"):
                    case.query.pop(name, None)

    def _named(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._named(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {key: self._known_value(key, self._named(each)) for key, each in value.items()}

    def _known_value(self, name: str, made: Any = None) -> Any:
        return self._dice.choice(self._known[name]) if name in self._known else made

    def _may_stand_for(self, name: str, value: object) -> bool:
        """Leave wrong addresses wrong."""
        if name not in self._known:
            return False
        return _is_uuid(value) or not _is_uuid(self._known[name][0])


def _is_uuid(value: object) -> bool:
    try:
        UUID(value)  # type: ignore[arg-type]
    except (AttributeError, TypeError, ValueError):
        return False
    return True
