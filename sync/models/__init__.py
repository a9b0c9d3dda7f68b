from sync.models.job import Job, JobItem, JobQuerySet
from sync.models.pull import (
    ACTIVE,
    ERRORED,
    RUNNING,
    WAITING,
    PlatformRequest,
    Pull,
    PullQuerySet,
    PullStatus,
    RejectedRecord,
    ValidationIssue,
)
from sync.models.record import (
    Record,
    RecordQuerySet,
    RecordState,
    RecordStateQuerySet,
    RecordVersion,
    StagedPage,
    StagedRecord,
)
from sync.models.schedule import DataStatus, DataStatusQuerySet, Frequency, SyncSetting
from sync.models.unknown_field import UnknownField, UnknownFieldQuerySet

__all__ = [
    "ACTIVE",
    "ERRORED",
    "RUNNING",
    "WAITING",
    "DataStatus",
    "DataStatusQuerySet",
    "Frequency",
    "Job",
    "JobItem",
    "JobQuerySet",
    "PlatformRequest",
    "Pull",
    "PullQuerySet",
    "PullStatus",
    "Record",
    "RecordQuerySet",
    "RecordState",
    "RecordStateQuerySet",
    "RecordVersion",
    "RejectedRecord",
    "StagedPage",
    "StagedRecord",
    "SyncSetting",
    "UnknownField",
    "UnknownFieldQuerySet",
    "ValidationIssue",
]
