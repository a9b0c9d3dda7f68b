"""Answers that wait for another server, given after the request's transaction has ended.

A transaction that waits holds its locks for as long as a stranger likes, and what is written on the
way (credentials that were renewed) would be undone together with a refusal.
"""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBase


class Later(HttpResponse):
    """Stands for an answer until the gateway asks for it."""

    def __init__(self, answer: Callable[[], HttpResponseBase]) -> None:
        super().__init__()
        self._answer = answer

    def given(self) -> HttpResponseBase:
        """:raises ApiError: when it is a refusal."""
        return self._answer()
