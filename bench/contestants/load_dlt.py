"""Load the same invoices with dlt: merge by id, nested lines kept as JSON.

load_dlt DATABASE_URL FIRST SECOND RECORDS DIRECTORY
"""

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

url, first, second, number, directory = sys.argv[1:]
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    DESTINATION__POSTGRES__CREDENTIALS=url,
    DLT_DATA_DIR=directory,
)

import dlt  # noqa: E402 - reads the environment

from bench.contestant import take_part  # noqa: E402

_BATCH = 1000

pipeline = dlt.pipeline(
    "bench", destination="postgres", dataset_name="bench_dlt", pipelines_dir=directory
)


def load(path: str) -> None:
    @dlt.resource(  # type: ignore[untyped-decorator]  # installed elsewhere
        name="invoices", write_disposition="merge", primary_key="id", max_table_nesting=0
    )
    def invoices() -> Iterator[list[dict[str, object]]]:
        with Path(path).open("rb") as file:
            lines = islice(file, int(number))
            while batch := [json.loads(line) for line in islice(lines, _BATCH)]:
                yield batch

    pipeline.run(invoices())


take_part({"first": lambda: load(first), "second": lambda: load(second)})
