"""What the consumer of webhooks was told, under which ids, before and after."""

from collections import defaultdict
from collections.abc import Iterator

from tests.webhooks.sink import Received, Sink


class Told:
    """Everything that arrived; `mark` divides what came before from what comes after."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._before = 0

    def mark(self) -> None:
        self._before = len(self._sink.received)

    @property
    def before(self) -> list[Received]:
        return self._sink.received[: self._before]

    @property
    def after(self) -> list[Received]:
        return self._sink.received[self._before :]

    def again(self) -> int:
        """Count the messages that came before and after, as at-least-once allows."""
        return len({each.id for each in self.before} & {each.id for each in self.after})

    def violations(self, *, arrived_then: set[str], known: set[str]) -> Iterator[str]:
        """`arrived_then` are the ids that had arrived at the backup's moment; `known` all."""
        ids, subjects = defaultdict(set), defaultdict(set)
        for each in self._sink.received:
            ids[each.message["id"]].add(each.id)
            if each.message["eventType"] == "read.completed.initial":
                company = each.message["payload"]["referenceCompany"]["id"]
                subjects[company].add(each.id)
        for event, under in ids.items():
            if len(under) > 1:
                yield f"event {event} came under {len(under)} ids"
        for company, under in subjects.items():
            if len(under) > 1:
                yield f"the first pull of {company} was told under {len(under)} ids"
        for message in {each.id for each in self.after} & arrived_then:
            yield f"message {message} had arrived, and came again"
        for message in known - {each.id for each in self._sink.received}:
            yield f"message {message} never came"
