import datetime as dt
import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
import time_machine
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone, translation

from connections.schemas import DataType
from portal.templatetags.charts import Day, Month
from sync.models import PullStatus
from sync.query import properties
from tests import wordless

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def rendered(source: str, **context: object) -> str:
    return Template(source).render(Context(context)).strip()


def connection(mark: str, platform: str = "xero") -> SimpleNamespace:
    return SimpleNamespace(platform=platform, platform_name=platform.title(), mark=mark)


def test_icon_is_hidden_from_readers_until_it_has_a_label():
    assert 'aria-hidden="true"' in rendered("{% icon 'plus' %}")

    labelled = rendered("{% icon 'plus' 20 label=label %}", label='Add "one"')

    assert 'role="img" aria-label="Add &quot;one&quot;"' in labelled
    assert 'width="20"' in labelled
    assert "aria-hidden" not in labelled
    assert "<path" in labelled


@pytest.mark.parametrize("name", ["no-such-icon", "../../portal", "Plus", ""])
def test_icon_that_is_not_vendored_is_refused(name):
    with pytest.raises(TemplateSyntaxError, match="no icon"):
        rendered("{% icon name %}", name=name)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (dt.timedelta(0), "just now"),
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(seconds=60), "1 min ago"),
        (dt.timedelta(minutes=59, seconds=59), "59 min ago"),
        (dt.timedelta(hours=1), "1 h ago"),
        (dt.timedelta(hours=24), "1 day ago"),
        (dt.timedelta(days=29, hours=23), "29 days ago"),
        (dt.timedelta(days=30), "23 Oct 2026"),
        (dt.timedelta(seconds=-20), "any moment"),
        (dt.timedelta(hours=-3), "in 3 h"),
        (dt.timedelta(days=-2), "in 2 days"),
    ],
)
def test_moment_is_told_as_far_as_it_is_away(ago, words):
    with time_machine.travel(NOON, tick=False):
        assert f">{words}</time>" in rendered("{% when moment %}", moment=NOON - ago)


def test_moment_is_told_in_full_in_the_readers_zone():
    with timezone.override("Europe/Paris"):
        shown = rendered("{% when moment 'minute' %}", moment=NOON)

    assert 'datetime="2026-11-22T13:00:00+01:00"' in shown
    assert 'title="22 Nov 2026, 13:00:00 CET"' in shown
    assert ">22 Nov 2026, 13:00</time>" in shown
    assert "data-relative" not in shown


def test_only_relative_moments_are_kept_up_by_the_script():
    assert "data-relative" in rendered("{% when moment %}", moment=NOON)
    assert "data-relative" not in rendered("{% when moment 'date' %}", moment=NOON)


def test_day_has_no_clock():
    shown = rendered("{% when day %}", day=dt.date(2026, 2, 3))

    assert shown == '<time datetime="2026-02-03">3 Feb 2026</time>'


def test_moment_that_never_was_is_said_in_words():
    shown = rendered("{% when None empty='Never pulled' %}")

    assert shown == '<span class="muted">Never pulled</span>'


@pytest.mark.parametrize(
    ("amount", "currency", "whole", "exact"),
    [
        ("5715000", "GBP", "£5,715,000", "£5,715,000.00"),
        ("-310.55", "EUR", "−€311", "−€310.55"),
        ("1234.5", "JPY", "JP¥1,234", "JP¥1,234"),
        ("1.2345", "KWD", "KWD\xa01", "KWD\xa01.234"),
        ("-0.4", "USD", "US$0", "−US$0.40"),
        ("0", "CHF", "CHF\xa00", "CHF\xa00.00"),
    ],
)
def test_amount_is_written_to_the_currencys_own_unit(amount, currency, whole, exact):
    context = {"amount": Decimal(amount), "currency": currency}

    assert rendered("{% money amount currency %}", **context) == whole
    assert rendered("{% money amount currency 'exact' %}", **context) == exact


def test_unknown_amount_count_and_duration_are_dashes():
    assert rendered("{% money None 'GBP' %} {{ none|count }} {{ none|duration }}", none=None) == (
        "— — —"
    )


def test_unknown_style_of_money_is_refused():
    with pytest.raises(TemplateSyntaxError, match="no style of money"):
        rendered("{% money 1 'GBP' 'round' %}")


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (2.84, "2.8 s"),
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (dt.timedelta(minutes=1, seconds=12), "1 min 12 s"),
        (dt.timedelta(hours=26, minutes=5), "26 h 5 min"),
    ],
)
def test_duration_shows_its_two_largest_units(length, words):
    assert rendered("{{ length|duration }}", length=length) == words


def test_count_sets_thousands_apart():
    assert rendered("{{ number|count }}", number=18402) == "18,402"


def test_numbers_amounts_lists_and_moments_are_those_of_the_readers_language():
    numbers = "{{ 18402|count }} {{ amount|quantity }} {{ 2.84|duration }}"
    amounts = "{% money amount 'EUR' 'exact' %} {{ parts|listed }}"

    with translation.override("de"):
        written = rendered(f"{numbers} {amounts}", amount=Decimal("-1025.5"), parts=["a", "b", "c"])
        moment = rendered("{% when moment 'minute' %}", moment=NOON)

    assert written == "18.402 −1.025,5 2,8 s −1.025,50\xa0€ a, b und c"
    assert ">22. November 2026, 12:00</time>" in moment


@pytest.mark.parametrize(("language", "written"), [("en-gb", "tax rates"), ("de", "Tax rates")])
def test_a_label_inside_a_sentence_is_small_where_nouns_are(language, written):
    with translation.override(language):
        assert rendered("{{ label|inside_sentence }}", label="Tax rates") == written


@pytest.mark.parametrize(
    ("language", "forms"), [("en-gb", {"one", "other"}), ("ru", {"one", "few", "many"})]
)
def test_scripts_are_told_every_plural_form_a_moment_can_need(language, forms):
    with translation.override(language):
        words = json.loads(rendered("{% autoescape off %}{% script_words %}{% endautoescape %}"))

    assert set(words["ago"]["minute"]) == set(words["ahead"]["minute"]) == forms
    assert words["ago"]["hour"]["one"] == "# h ago"


@pytest.mark.parametrize(
    ("status", "tone", "shape", "word"),
    [
        ("Linked", "green", "disc", "Linked"),
        ("error", "red", "triangle", "Error"),
        ("Deauthorized", "red", "diamond", "Deauthorized"),
        ("PendingAuth", "purple", "half", "Pending"),
        ("pending", "purple", "half", "Pending"),
        ("unlinked", "grey", "ring", "Unlinked"),
        ("fetch_error", "red", "triangle", "Could not fetch"),
    ],
)
def test_status_is_colour_shape_and_word(status, tone, shape, word):
    assert rendered("{% status_mark status %}", status=status) == (
        f'<span class="status" data-tone="{tone}" data-shape="{shape}">{word}</span>'
    )


@pytest.mark.parametrize("status", list(PullStatus))
def test_every_status_of_a_pull_is_shown_in_the_models_word(status):
    assert f">{status.label}</span>" in rendered("{% status_mark status %}", status=status)


@pytest.mark.parametrize("data_type", list(DataType))
def test_every_status_of_a_record_is_shown_with_its_shape(data_type):
    statuses = [
        status
        for asked in properties(data_type).values()
        if asked.column == "record_status"
        for status in asked.choices
    ]
    for status in statuses:
        assert "data-shape" in rendered("{% record_mark status %}", status=status)


def test_a_status_of_a_record_that_nobody_knows_is_written_as_it_is():
    shown = rendered("{% record_mark status %}", status="<On>Hold")

    assert "&lt;on&gt;hold" in shown
    assert "—" in rendered("{% record_mark status %}", status="")


@pytest.mark.parametrize(
    ("number", "decimals", "written"),
    [
        ("17.500000", 0, "17.5"),
        ("-1025.2", 2, "−1,025.20"),
        ("0.1234", 2, "0.1234"),
        ("1E+3", 0, "1,000"),
    ],
)
def test_a_number_keeps_its_digits_and_gets_those_it_should_have(number, decimals, written):
    shown = rendered("{{ number|quantity:decimals }}", number=Decimal(number), decimals=decimals)

    assert shown == written


def test_unknown_status_is_an_error():
    with pytest.raises(ValueError, match="no mark"):
        rendered("{% status_mark 'Sleeping' %}")


def test_platform_keeps_its_colour_and_shows_its_letter():
    tile = rendered("{% platform_tile 'quickbooks-online' 'lg' %}")

    assert tile == rendered("{% platform_tile 'quickbooks-online' 'lg' %}")
    assert 'class="tile lg"' in tile
    assert ">Q</span>" in tile


def test_identifier_is_copied_by_a_named_button_and_escaped():
    button = rendered("{% copy_id value 'company ID' %}", value='a"<b>')

    assert 'data-copy="a&quot;&lt;b&gt;"' in button
    assert '<span class="vh">Copy company ID </span>' in button
    assert "<b>" not in button


def test_chip_says_which_platform_and_how_it_is():
    shown = rendered(
        "{% include 'components/_chip.html' %}",
        connection=connection("error"),
        panel_url="/c/1",
    )

    assert 'class="chip" data-tone="red" href="/c/1" hx-get="/c/1"' in shown
    assert '<span class="name">Xero</span>' in shown
    assert ">Error</span>" in shown


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("PartiallyPaid", "Partially paid"),
        ("Paid", "Paid"),
        ("NotApplicable", "Not applicable"),
        ("Credit2Card", "Credit2 card"),
        ("", ""),
    ],
)
def test_words_of_the_api_are_written_as_people_do(joined, apart):
    assert rendered("{{ joined|in_words }}", joined=joined) == apart


@pytest.mark.parametrize("data_type", list(DataType))
def test_every_choice_is_written_in_the_readers_words(data_type):
    choices = [
        choice
        for asked in properties(data_type).values()
        if asked.column != "record_status" and not asked.path.endswith("dataType")
        for choice in asked.choices
    ]

    with wordless.spoken(), translation.override(wordless.LANGUAGE):
        written = [rendered("{{ choice|in_words }}", choice=choice) for choice in choices]

    assert "".join(written).strip("· ") == ""


class NameForm(forms.Form):
    name = forms.CharField(
        help_text="As on the invoice", widget=forms.TextInput({"placeholder": "Name"})
    )
    note = forms.CharField(required=False)


def test_field_ties_hint_and_error_to_its_input_and_takes_focus():
    form = NameForm({"name": "", "note": ""})

    shown = rendered("{% field form.name %}", form=form)

    assert 'aria-describedby="id_name_helptext id_name_error"' in shown
    assert 'id="id_name_helptext"' in shown
    assert 'id="id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert "autofocus" in shown
    assert "placeholder" not in shown


def test_field_without_error_leaves_focus_alone_and_says_it_is_optional():
    form = NameForm({"name": "", "note": ""})

    shown = rendered("{% field form.note %}", form=form)

    assert "autofocus" not in shown
    assert "(optional)" in shown


@pytest.mark.parametrize(
    ("path", "attribute"),
    [
        ("/o/quay/companies/", ' aria-current="page"'),
        ("/o/quay/companies/42/", ' aria-current="true"'),
        ("/o/quay/data-types/", ""),
    ],
)
def test_link_knows_whether_its_page_is_open(path, attribute):
    request = RequestFactory().get(path)

    assert rendered("<a{% current '/o/quay/companies/' %}>", request=request) == f"<a{attribute}>"


def _months(*figures: tuple[int, int]) -> list[Month]:
    return [
        Month(dt.date(2026, number, 1), Decimal(revenue), Decimal(profit))
        for number, (revenue, profit) in enumerate(figures, start=1)
    ]


def test_trend_says_every_figure_in_words_and_as_a_table():
    months = _months((412000, 38000), (391000, -22000))

    shown = rendered("{% load charts %}{% trend months 'GBP' %}", months=months)

    assert "February 2026: revenue £391,000, operating profit −£22,000 (−6%)" in shown.replace(
        "-6%", "−6%"
    )
    assert '<td class="num">£412,000.00</td>' in shown
    assert shown.count('class="loss"') == 2  # once in the wide drawing, once in the narrow
    assert "style=" not in shown


@pytest.mark.parametrize("figures", [(), ((0, 0),), ((1, 1), (10**12, 3)), ((-5, -10),)])
def test_trend_draws_inside_its_canvas_whatever_the_figures(figures):
    shown = rendered("{% load charts %}{% trend months 'GBP' %}", months=_months(*figures))

    drawing = shown.split("</svg>")[0]
    edges = [float(part.split('"')[0]) for part in drawing.split(' y="')[1:]]

    assert all(0 <= edge <= 240 for edge in edges)


def test_strip_makes_bad_days_shorter_and_sums_them_up():
    today = dt.date(2026, 11, 22)
    days = [Day(today, 14, 0), Day(today, 5, 3), Day(today, 0, 8), Day(today, 0, 0)]

    shown = rendered("{% load charts %}{% strip days %}", days=days)

    assert 'class="ok" x="0.0" y="0" width="11" height="22"' in shown
    assert 'class="partial" x="14.5" y="5" width="11" height="17"' in shown
    assert 'class="failed" x="29.0" y="10" width="11" height="12"' in shown
    assert "1 day on which every pull failed, 1 on which some did" in shown
    assert "63.3% of pulls complete" in shown
    assert "22 Nov 2026: no pulls" in shown


def test_spark_needs_two_points():
    source = "{% load charts %}{% spark values %}"

    assert rendered(source, values=[Decimal(1)]) == ""
    assert "<path" in rendered(source, values=[Decimal(1), Decimal(1)])
