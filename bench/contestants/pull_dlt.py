"""Pull with dlt: its REST client, and merge by id, nested lines kept as JSON.

pull_dlt DATABASE_URL URL TOKENS DIRECTORY
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

database, url, tokens, directory = sys.argv[1:]
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    DESTINATION__POSTGRES__CREDENTIALS=database,
    DLT_DATA_DIR=directory,
)

import dlt  # noqa: E402 - reads the environment
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator  # noqa: E402

from bench.contestant import take_part  # noqa: E402

#: As the others ask for.
_SIZE = 500

pipeline = dlt.pipeline(
    "bench", destination="postgres", dataset_name="bench_dlt", pipelines_dir=directory
)


@dlt.resource(  # type: ignore[untyped-decorator]  # installed elsewhere
    name="invoices",
    write_disposition="merge",
    primary_key=["connection", "id"],
    max_table_nesting=0,
)
def invoices() -> Iterator[list[dict[str, object]]]:
    for number, token in enumerate(json.loads(Path(tokens).read_bytes())):
        client = RESTClient(
            url,
            auth=BearerTokenAuth(token),
            paginator=PageNumberPaginator(base_page=1, page_param="page", total_path="pages"),
            data_selector="items",
        )
        for page in client.paginate("/api/v1/invoices", params={"page_size": _SIZE}):
            yield [{**each, "connection": number} for each in page]


def pull() -> None:
    pipeline.run(invoices())


take_part({"first": pull, "again": pull})
