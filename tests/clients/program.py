"""A program of a customer's: it calls through the official client and says what came of it.

Runs in the client's own environment (Python's library and the client, nothing of ours beside the
table of cases): reads from standard input where the server is, and writes a JSON line a case.
"""

import base64
import importlib
import json
import operator
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.clients.cases import Case


def main(package: str, cases: tuple[Case, ...]) -> None:
    given = json.load(sys.stdin)
    client = Client(package, given["url"], given["keys"])
    known = dict(given["known"])
    for case in cases:
        if case.method not in given["methods"] or case.since > int(given["major"]):
            continue
        if case.needs and known.get(case.needs) is None:
            line = {"method": case.method, "case": case.name, "result": "nothing is there"}
            print(json.dumps(line | {"problem": "", "ms": 0}), flush=True)
            continue
        began = time.monotonic()
        outcome = client.outcome(case, known)
        line = {"method": case.method, "case": case.name, **outcome}
        print(json.dumps(line | {"ms": round(1000 * (time.monotonic() - began))}), flush=True)


class Client:
    """The official client, once for each key. Its time limit is its own: about five seconds."""

    def __init__(self, package: str, url: str, keys: Mapping[str, str]) -> None:
        self.errors = importlib.import_module(f"{package}.models.errors")
        self.package = package
        shared = importlib.import_module(f"{package}.models.shared")
        self.callers = {
            name: self._sdk(url, shared.Security(auth_header=f"Basic {_encoded(key)}"))
            for name, key in keys.items()
        }

    def _sdk(self, url: str, security: Any) -> Any:
        module = importlib.import_module(self.package)
        try:  # where the majors differ
            retries = importlib.import_module(f"{self.package}.utils.retries")
        except ImportError:
            retries = importlib.import_module(f"{self.package}.utils")
        once = retries.RetryConfig("none", retries.BackoffStrategy(1, 2, 1.1, 5), False)
        sdk_class = getattr(module, "".join(part.title() for part in self.package.split("_")))
        return sdk_class(security=security, server_url=url, retry_config=once)

    def outcome(self, case: Case, known: dict[str, Any]) -> dict[str, Any]:
        """Call, and say what was found; `problem` is empty when it was as expected."""
        asked = {} if case.request is None else {"request": _filled(case.request, known)}
        try:
            result = operator.attrgetter(case.method)(self.callers[case.caller])(**asked)
        except self.errors.ErrorMessage as error:
            return _refusal(case, error.data.status_code, f"{error.data.error}", typed=True)
        except self.errors.ResponseValidationError as error:
            return _raised(case, error.status_code) if case.raises else _broken(error)
        except self.errors.SDKError as error:
            return _refusal(case, error.status_code, error.body, typed=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the table tells of it
            return _broken(error)
        if case.refused:
            return {"result": "ok", "problem": f"should have been refused with {case.refused}"}
        for name, path in case.keeps.items():
            known[name] = _at(result, path)
        wrong = {
            path: found
            for path, wanted in _filled(case.expects, known).items()
            if (found := _at(result, path)) != wanted
        }
        return {"result": "ok", "problem": f"found {wrong}" if wrong else ""}


def _broken(error: Exception) -> dict[str, Any]:
    return {"result": "broken", "problem": f"{type(error).__name__}: {error}"[:2000]}


def _refusal(case: Case, status: int, text: str, *, typed: bool) -> dict[str, Any]:
    kind = "ErrorMessage" if typed else "SDKError"
    told = {"result": f"{status} {kind}", "problem": ""}
    if case.raises:
        return _raised(case, status)
    if case.refused != status:
        told["problem"] = f"should have been {case.refused or 'ok'}: {text}"[:2000]
    elif case.typed and not typed:
        told["problem"] = f"should have been an ErrorMessage: {text}"[:2000]
    elif case.says not in text:
        told["problem"] = f"does not say “{case.says}”: {text}"[:2000]
    return told


def _raised(case: Case, status: int) -> dict[str, Any]:
    """Judge by the status alone what the client raises though all is well."""
    is_success = 200 <= status < 300
    return {
        "result": f"{status}, raised by the client: {case.raises}",
        "problem": "" if is_success else "should have been ok",
    }


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Put what is known in the place of `$name`."""
    if isinstance(value, str) and value.startswith("$") and value[1:] in known:
        return known[value[1:]]
    if isinstance(value, Mapping):
        return {name: _filled(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    return value


def _at(value: Any, path: str) -> Any:
    """Follow a path into the client's models; enums are told by their values."""
    for part in path.split("."):
        if value is None:
            return None
        if part == "#":
            value = len(value)
        elif isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            value = getattr(value, part)
    return getattr(value, "value", value)


def _encoded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()
