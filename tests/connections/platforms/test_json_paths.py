"""Paths into a platform's own JSON."""

import pytest

from connections.platforms.json_paths import BadPath, JsonPath

ROW = {
    "id": "1",
    "a b": {"c.d": 5},
    "lines": [{"sku": "x", "tags": ["new"]}, {"tags": []}],
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.id", "1"),
        ("id", "1"),
        ("$[*].id", "1"),
        ("$['a b']['c.d']", 5),
        ('$["a b"]', {"c.d": 5}),
        ("$.lines[0].sku", "x"),
        ("$.lines[*]", ROW["lines"]),
        ("$.lines[*].sku", ["x", None]),
        ("lines[*].tags[0]", ["new", None]),
        ("$.lines[7]", None),
        ("$.none.more", None),
        ("$.id.more", None),
        ("$.id[*]", None),
        ("$.lines.sku", None),
        ("$.missing", None),
    ],
)
def test_path_leads_to_what_is_there(text, expected):
    assert JsonPath.parse(text).of(ROW) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "character 1"),
        ("$", "names no member"),
        ("$[*]", "names no member"),
        ("$..id", "character 2"),
        ("$.a[?(@.b)]", "character 4"),
        ("$.a[-1]", "character 4"),
        ("$.a['b]", "character 4"),
        ("a.", "character 2"),
        ("$." + "x" * 300, "longer than 200"),
        ("$" + ".a" * 21, "more than 20 steps"),
    ],
)
def test_what_is_no_path_is_told_with_its_place(text, says):
    with pytest.raises(BadPath, match=says):
        JsonPath.parse(text)


def test_root_is_what_the_platform_is_asked_for():
    assert JsonPath.parse("$.project.name").root == "project"
    assert JsonPath.parse("$[0].name").root == ""
