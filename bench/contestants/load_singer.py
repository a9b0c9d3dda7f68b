"""Load the same invoices with a Singer target, which reads messages from its standard input.

load_singer TARGET HOST DATABASE FIRST SECOND RECORDS DIRECTORY
"""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

from bench.contestant import take_part

target, host, database, first, second, number, directory = sys.argv[1:]


def schema_of(value: object) -> dict[str, object]:
    if isinstance(value, bool):
        return {"type": ["boolean", "null"]}
    if isinstance(value, int | float):
        return {"type": ["number", "null"]}
    if isinstance(value, list):
        return {"type": ["array", "null"], "items": {"type": ["object", "null"]}}
    if isinstance(value, dict):
        properties = {name: schema_of(each) for name, each in value.items()}
        return {"type": ["object", "null"], "properties": properties}
    return {"type": ["string", "null"]}


def messages(path: str) -> Path:
    """Write the invoices down as a tap would send them; that is not measured."""
    written = Path(directory) / f"{Path(path).stem}.singer"
    with Path(path).open("rb") as lines, written.open("wb") as file:
        for position, line in enumerate(islice(lines, int(number))):
            if not position:
                schema = schema_of(json.loads(line))
                schema["properties"]["id"] = {"type": ["string"]}  # type: ignore[index]
                begin = {
                    "type": "SCHEMA",
                    "stream": "bench-invoices",
                    "schema": schema,
                    "key_properties": ["id"],
                }
                file.write(json.dumps(begin).encode() + b"\n")
            file.write(b'{"type":"RECORD","stream":"bench-invoices","record":' + line[:-1] + b"}\n")
        file.write(b'{"type":"STATE","value":{}}\n')
    return written


configuration = Path(directory) / "target.json"
configuration.write_text(
    json.dumps(
        {
            "host": host,
            "port": 5432,
            "user": "postgres",
            "password": "unused",
            "dbname": database,
            "default_target_schema": "bench_singer",
            "batch_size_rows": 100_000,
            "disable_table_cache": True,
        }
    )
)
told = {"first": messages(first), "second": messages(second)}


def load(phase: str) -> None:
    with told[phase].open("rb") as file:
        subprocess.run(
            [target, "--config", configuration], stdin=file, stdout=subprocess.DEVNULL, check=True
        )


take_part({"first": lambda: load("first"), "second": lambda: load("second")})
