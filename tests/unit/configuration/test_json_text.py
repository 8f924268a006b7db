"""R31, R32: strict JSON, then the narrow repair; nothing else is guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from system_daemon.configuration.json_text import JsonTextError, Repair, position, read_json

MISSING = "expected a comma here, got none; read as if it were there"
TRAILING = "expected no comma before the closing bracket, got one; read as if it were not there"
EMPTY = "expected a JSON array, got an empty file; write [] if there is nothing to configure"
DEEP = "expected values nested at most 100 levels deep, got more"
PHP = "expected JSON, got PHP; `system-daemon import-php` turns it into JSON"
LONG = "expected a number that fits into 64 bits, got one of 4301 digits"

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text(max_size=5)


def inside(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=4) | st.dictionaries(keys, values, max_size=4)


json_values = st.recursive(
    scalars.filter(lambda value: value not in (float("inf"), -float("inf"))), inside, max_leaves=12
)
containers = inside(json_values)


@given(containers, st.sampled_from([None, 2]))
def test_r32_valid_json_is_never_touched(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    read = read_json(text.encode())
    assert (read.value, read.mended, read.repairs) == (value, text, ())


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}, [Repair(1, 8, MISSING)]),
        ('{"a": 1"b": 2}', {"a": 1, "b": 2}, [Repair(1, 8, MISSING)]),
        ('{"a": "x""b": 2}', {"a": "x", "b": 2}, [Repair(1, 10, MISSING)]),
        ('[{"a": 1}\n{"a": 2}]', [{"a": 1}, {"a": 2}], [Repair(1, 10, MISSING)]),
        ('[{"a": 1}{"a": 2}]', [{"a": 1}, {"a": 2}], [Repair(1, 10, MISSING)]),
        ('["x" "y"]', ["x", "y"], [Repair(1, 5, MISSING)]),
        ("[1\n2]", [1, 2], [Repair(1, 3, MISSING)]),
        ("[1, 2,]", [1, 2], [Repair(1, 6, TRAILING)]),
        ('{"a": 1,\n}', {"a": 1}, [Repair(1, 8, TRAILING)]),
        (
            '[{"a": 1 "b": [1, ],}\n{"c": 2, },\n]',
            [{"a": 1, "b": [1]}, {"c": 2}],
            [
                Repair(1, 9, MISSING),
                Repair(1, 17, TRAILING),
                Repair(1, 20, TRAILING),
                Repair(1, 22, MISSING),
                Repair(2, 8, TRAILING),
                Repair(2, 11, TRAILING),
            ],
        ),
        ('["}," "]",]', ["},", "]"], [Repair(1, 6, MISSING), Repair(1, 10, TRAILING)]),
    ],
)
def test_r32_missing_and_trailing_commas_are_mended(
    text: str, value: object, repairs: list[Repair]
) -> None:
    read = read_json(text.encode())
    assert read.value == value
    assert sorted(read.repairs, key=lambda each: (each.line, each.column)) == repairs
    assert json.loads(read.mended) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, EMPTY),
        (" \n ", 2, 2, EMPTY),
        ("[1] // x", 1, 5, "expected JSON, got a comment; JSON has none, remove it"),
        ("/* x */ []", 1, 1, "expected JSON, got a comment; JSON has none, remove it"),
        ("# x\n[]", 1, 1, "expected JSON, got a comment; JSON has none, remove it"),
        ("['a']", 1, 2, "expected text in double quotes, got a single quote"),
        ("<?php $x = 1;", 1, 1, PHP),
        ("[1, oops]", 1, 5, 'expected a value, got "o"'),
        ("[,]", 1, 2, 'expected a value, got ","'),
        ("[1,,2]", 1, 4, 'expected a value, got ","'),
        ('{"a":}', 1, 6, 'expected a value, got "}"'),
        ("{a: 1}", 1, 2, 'expected a key in double quotes, got "a"'),
        ("{,}", 1, 2, 'expected a key in double quotes, got ","'),
        ('{"a" 1}', 1, 6, 'expected a colon after the key, got "1"'),
        ('{"a"="b"}', 1, 5, 'expected a colon after the key, got "="'),
        ("[1", 1, 3, "expected a comma or the closing bracket, got the end of the file"),
        ('{"a": 1', 1, 8, "expected a comma or the closing bracket, got the end of the file"),
        ('["a]', 1, 2, "expected a closing quote for the text that begins here, got none"),
        ('["a\nb"]', 1, 4, "expected text on one line, got a line break"),
        ('["a\tb"]', 1, 4, "expected text on one line, got a tab"),
        ("[] []", 1, 4, 'expected the end of the file, got "["'),
        ("[NaN]", 1, 2, "expected a number, got NaN"),
        ('["NaN", {"NaN": "\\" NaN", "b": -Infinity}]', 1, 32, "expected a number, got -Infinity"),
        ('{"a": 1 "b": NaN}', 1, 14, "expected a number, got NaN"),
        ("[01]", 1, 3, 'expected a comma or the closing bracket, got "1"'),
        ("[1 000]", 1, 4, 'expected a comma or the closing bracket, got "0"'),
        ("[1-2]", 1, 3, 'expected a comma or the closing bracket, got "-"'),
        ('["a""b"]', 1, 5, "expected a comma or the closing bracket, got a quote"),
        ('["say "true" loud"]', 1, 8, 'expected a comma or the closing bracket, got "t"'),
        ("[1,}", 1, 4, 'expected a comma or the closing bracket, got "}"'),
        ("[1 \x0c 2]", 1, 4, "expected a comma or the closing bracket, got the character U+000C"),
        ("[" * 100 + "[]" + "]" * 100, 1, 101, DEEP),
        ("[\n{" + '"a":{' * 100, 2, 496, DEEP),
        ("[1,\n" + "9" * 4301 + "]", 2, 1, LONG),
    ],
)  # fmt: skip
def test_r32_what_is_beyond_repair_says_where_and_why(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(JsonTextError) as caught:
        read_json(text.encode())
    assert (caught.value.line, caught.value.column, str(caught.value)) == (line, column, message)


def test_r32_an_escape_that_json_has_not() -> None:
    with pytest.raises(JsonTextError, match=r'expected one of the escapes .* got "') as caught:
        read_json(rb'["C:\Users"]')
    assert (caught.value.line, caught.value.column) == (1, 5)


def test_a_hundred_levels_are_read() -> None:
    assert read_json(b"[" * 100 + b"]" * 100).repairs == ()


def test_brackets_in_texts_are_no_levels() -> None:
    assert read_json(json.dumps(["[" * 500, '\\"[' * 500]).encode()).repairs == ()


@pytest.mark.parametrize(
    ("data", "line", "column", "byte"),
    [
        (b"\xff\xfe[\x00", 1, 1, "0xff"),
        (b'[\n"caf\xe9"]', 2, 5, "0xe9"),
        (b"\xef\xbb\xbfa\xff", 1, 2, "0xff"),
        ('\ufeff["é\n'.encode() + b"\xff", 2, 1, "0xff"),
    ],
)
def test_other_encodings_are_named(data: bytes, line: int, column: int, byte: str) -> None:
    with pytest.raises(JsonTextError) as caught:
        read_json(data)
    message = f"expected text in UTF-8, got the byte {byte}; save the file as UTF-8"
    assert (caught.value.line, caught.value.column, str(caught.value)) == (line, column, message)


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_json(b"\xef\xbb\xbf[1 \n2]").repairs == (Repair(1, 3, MISSING),)


def test_a_file_of_nothing_but_slips_is_refused() -> None:
    with pytest.raises(JsonTextError, match="expected a comma"):
        read_json(b"[" + b"{}" * 300 + b"]")


# A document is rendered with marks for its commas; some of them are then left out or added.
BETWEEN_MEMBERS, BETWEEN_ELEMENTS, BEFORE_END = "\x00", "\x01", "\x02"


def rendered(value: Any) -> str:
    match value:
        case dict():
            parts = [f"{json.dumps(key)}: {rendered(inner)}" for key, inner in value.items()]
            return "{" + BETWEEN_MEMBERS.join(parts) + (BEFORE_END if parts else "") + "}"
        case list():
            parts = [rendered(inner) for inner in value]
            return "[" + BETWEEN_ELEMENTS.join(parts) + (BEFORE_END if parts else "") + "]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@settings(deadline=None)
@given(containers, st.data())
def test_r32_commas_lost_and_added_at_random_give_the_same_value(
    value: Any, data: st.DataObject
) -> None:
    written, expected = "", []
    for char in rendered(value):
        slip = char in (BETWEEN_MEMBERS, BETWEEN_ELEMENTS, BEFORE_END) and data.draw(st.booleans())
        match char:
            case "\x02" if slip:
                space = data.draw(st.sampled_from(["", " ", "\r\n  "]))
                written += space
                expected.append(Repair(*position(written, len(written)), TRAILING))
                written += "," + data.draw(st.sampled_from(["", "\n"]))
            case "\x02":
                continue
            case "\x00" | "\x01" if slip:
                expected.append(Repair(*position(written, len(written)), MISSING))
                spaces = ["\n", "\r\n  "] if char == BETWEEN_ELEMENTS else ["", " ", "\n"]
                written += data.draw(st.sampled_from(spaces))
            case "\x00" | "\x01":
                written += ", "
            case _:
                written += char
    read = read_json(written.encode())
    assert read.value == value
    assert list(read.repairs) == expected
    assert json.loads(read.mended) == value


def assert_inside(text: str, line: int, column: int) -> None:
    rows = text.split("\n")
    assert 1 <= line <= len(rows)
    assert 1 <= column <= len(rows[line - 1]) + 1


def without_commas(text: str) -> str:
    kept, quoted, escaped = "", False, False
    for char in text:
        if char == '"' and not escaped:
            quoted = not quoted
        escaped = char == "\\" and not escaped
        if char != "," or quoted:
            kept += char
    return kept


@settings(deadline=None, max_examples=300)
@given(containers, st.sampled_from([None, 2]), st.data())
@example([{"a": "x", "b": ["y", "z"]}], None, None)
def test_r32_a_lost_character_is_never_guessed_unless_it_is_a_comma(
    value: Any, indent: int | None, data: st.DataObject | None
) -> None:
    whole = json.dumps(value, indent=indent, ensure_ascii=False)
    places = range(len(whole)) if data is None else [data.draw(st.integers(0, len(whole) - 1))]
    for lost in places:
        text = whole[:lost] + whole[lost + 1 :]
        try:
            read = read_json(text.encode())
        except JsonTextError as error:
            assert_inside(text, error.line, error.column)
            continue
        assert json.loads(read.mended) == read.value
        assert without_commas(read.mended) == without_commas(text)
        if whole[lost] == "," and read.repairs:
            assert read.value == value


@given(st.binary() | st.text(alphabet='[]{}",:0123 \n\\utrefalsn').map(str.encode))
def test_arbitrary_bytes_are_a_value_or_a_place(data: bytes) -> None:
    try:
        read_json(data)
    except JsonTextError as error:
        assert_inside(data.decode("utf-8", "replace"), error.line, error.column)
