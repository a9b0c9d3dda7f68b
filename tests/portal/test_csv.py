"""Files for spreadsheets: every row, exact numbers, and nothing that a spreadsheet would run."""

import asyncio
import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.csv import ROWS_PER_CHUNK, Cell, CsvResponse, file_name, line

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(response):
    text = b"".join(response).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), strict=True))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_text_that_would_be_a_formula_is_marked_as_text(start):
    text = f'{start}HYPERLINK("http://evil.example","x")'

    assert read(CsvResponse("x.csv", [text], [[text]])) == [["'" + text], ["'" + text]]


def test_numbers_stay_numbers_to_the_last_digit():
    cells: list[Cell] = [Decimal("-1204.40"), Decimal("90071992547409931.10"), Decimal("1E+3"), -5]

    assert line(cells) == "-1204.40,90071992547409931.10,1000,-5\r\n"


def test_moments_truths_and_nothing_are_written_plainly():
    moment = dt.datetime(2026, 5, 4, 9, 30, tzinfo=dt.UTC)

    assert line([dt.date(2026, 5, 4), moment, True, None]) == (
        "2026-05-04,2026-05-04T09:30:00+00:00,true,\r\n"
    )


@given(st.lists(st.lists(TEXT, min_size=1), max_size=5))
def test_any_text_comes_back_and_none_begins_like_a_formula(rows):
    found = read(CsvResponse("x.csv", ["a"], rows))[1:]

    for row, cells in zip(rows, found, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert cell in (text, "'" + text)
            assert cell[:1] not in tuple("=+-@\t\r\n")


def test_a_formula_behind_another_separator_stays_inside_its_cell():
    assert line(["a;=1+1"]) == '"a;=1+1"\r\n'


def test_rows_are_asked_for_as_they_are_sent():
    asked = []

    def rows():
        for number in range(3 * ROWS_PER_CHUNK):
            asked.append(number)
            yield [number]

    response = CsvResponse("x.csv", ["n"], rows())

    async def first_two():
        parts = aiter(response)
        return [await anext(parts), await anext(parts)]

    header, chunk = asyncio.run(first_two())

    assert header == b'\xef\xbb\xbf"n"\r\n'
    assert chunk.count(b"\r\n") == ROWS_PER_CHUNK
    assert len(asked) == ROWS_PER_CHUNK


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("Café Zoë & Sons", "invoices"), "Café Zoë & Sons invoices.csv"),
        (('../\\"x"\r\n', "a/b"), "x a b.csv"),
        (("", "…"), "export.csv"),
        (("x" * 300,), "x" * 150 + ".csv"),
    ],
)
def test_file_names_carry_no_paths_and_no_quotes(words, name):
    assert file_name(*words) == name


def test_the_browser_is_told_to_save_the_file_and_to_keep_no_copy():
    response = CsvResponse("Café.csv", ["a"], [])

    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Caf%C3%A9.csv"
    assert response["Cache-Control"] == "no-store"
