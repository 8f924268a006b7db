"""R31: the JSON text out of the original daemon's PHP file; nothing is executed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.configuration.json_text import JsonTextError, position
from system_daemon.configuration.php import read_php
from tests.unit.configuration.samples import SEED_JSON, SEED_PHP

NAME = "$GLOBALS['EXTERNAL_BACKGROUND_SERVICES']"


def php(value: str) -> bytes:
    return f"<?php {NAME} = {value};".encode()


def test_r31_the_documented_file() -> None:
    assert read_php(SEED_PHP).text.encode() == SEED_JSON


ESCAPED = "[\n\t\r\v\x1b\f$a AAé \\/ \\q \\' $1 {a}]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'[]'", "[]"),
        (r"'[\'\\\n\"]'", r"""['\\n\"]"""),
        ("'[\n1,\r\n2]'", "[\n1,\r\n2]"),
        ("'[\"$a {$b}\"]'", '["$a {$b}"]'),
        (r'''"[{\"a\": \"x\\\"y\"}]"''', r'[{"a": "x\"y"}]'),
        (r'"[\n\t\r\v\e\f\$a \x41\101\u{e9} \/ \q \' $1 {a}]"', ESCAPED),
        ("<<<'X'\n[1,\n 2]\nX", "[1,\n 2]"),
        ("<<<'X'\r\n[1,\r\n 2]\r\nX", "[1,\r\n 2]"),
        ("<<<'X'\n    [1,\n\n     2]\n    X", "[1,\n\n 2]"),
        ("<<<'X'\n[\"$a\\n\"]\nX", '["$a\\n"]'),
        ('<<<X\n["a\\"b", "\\\\ \\$a \\n"]\nX', '["a\\"b", "\\ $a \n"]'),
        ('<<< "X"\n  [1]\n  X', "[1]"),
        ("<<<'X'\nX", ""),
        ("<<<'X'\n[]\nXY\nX", "[]\nXY"),
    ],
)  # fmt: skip
def test_r31_every_way_to_write_a_text(value: str, text: str) -> None:
    assert read_php(php(value)).text == text


@pytest.mark.parametrize(
    "source",
    [
        f"<?php\n// it's\n# it's\n/* it's\n{NAME} = 'x'; */\n{NAME} = '[]';",
        f"<?php {NAME} /*a*/ = // b\n '[]' /**/ ; # c\n",
        f"\ufeff\n<?PHP\t{NAME}='[]';?>\n",
        f"<?php {NAME} = '[]' ?>",
        '<?php $GLOBALS [ "EXTERNAL_BACKGROUND_SERVICES" ] = \'[]\';',
        f"<?php // a ?? b\r\n{NAME} = '[]';",
    ],
)  # fmt: skip
def test_r31_comments_and_space_may_stand_anywhere(source: str) -> None:
    assert read_php(source.encode()).text == "[]"


ONLY = f"expected {NAME} = '...' and nothing else"
END = "expected the end of the file after the one assignment"
WHOLE = 'expected escapes of whole characters, got "\\\\"'
INDENT = 'expected the indent of the closing label in every line, got " "'
COMPUTED = "expected a quoted text of JSON, which PHP need not compute"


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("", 1, 1, 'expected "<?php", got the end'),
        ("\n [1]", 2, 2, 'expected "<?php", got "["'),
        ("<?= 1", 1, 1, 'expected "<?php", got "<?"'),
        ("<?php", 1, 6, f"{ONLY}, got the end"),
        ("<?php\ninclude 'x.php';", 2, 1, f'{ONLY}, got "include"'),
        ("<?php $GLOBALS['OTHER'] = '';", 1, 7, f'{ONLY}, got "$GLOBALS"'),
        ("<?php #[A]\n", 1, 7, f'{ONLY}, got "#"'),
        ("<?php /* x", 1, 7, f'{ONLY}, got "/"'),
        (f"<?php {NAME} .= '';", 1, 48, 'expected "=", got "."'),
        (f"<?php\n{NAME} = ['a'];", 2, 44, f'{COMPUTED}, got "["'),
        (f"<?php\n{NAME} = json_encode([]);", 2, 44, f'{COMPUTED}, got "json_encode"'),
        (f"<?php\n{NAME} = ;", 2, 44, f'{COMPUTED}, got ";"'),
        (f"<?php\n{NAME} = 'a' . 'hunter2';", 2, 48, 'expected ";", got "."'),
        (f"<?php\n{NAME} = 'a'", 2, 47, 'expected ";", got the end'),
        (f"<?php\n{NAME} = 'a\n\\'", 3, 3, "expected a closing quote, got the end"),
        (f'<?php\n{NAME} = "a', 2, 46, "expected a closing quote, got the end"),
        (f"<?php\n{NAME} = 'a'; 'hunter2';", 2, 49, f"{END}, got a quoted text"),
        (f"<?php\n{NAME} = 'a';\n{NAME} = 'b';", 3, 1, f'{END}, got "$GLOBALS"'),
        (f"<?php {NAME} = 'a'; ?> b", 1, 58, f'{END}, got "b"'),
        (f'<?php\n{NAME} = "a$b";', 2, 46, 'expected a text without PHP variables, got "$b"'),
        (f'<?php\n{NAME} = "a{{$b}}";', 2, 46, 'expected a text without PHP variables, got "{"'),
        (f'<?php\n{NAME} = "a${{b}}";', 2, 46, 'expected a text without PHP variables, got "$"'),
        (f"<?php\n{NAME} = <<<X\n$b\nX;", 3, 1, 'expected a text without PHP variables, got "$b"'),
        (f'<?php\n{NAME} = "\\xe9";', 2, 45, WHOLE),
        (f'<?php\n{NAME} = "\\u{{d800}}";', 2, 45, WHOLE),
        (f"<?php\n{NAME} = <<<X\n[]\n;", 4, 2, "expected the closing label X, got the end"),
        (f"<?php\n{NAME} = <<<X\n []\n  X;", 3, 1, INDENT),
    ],
)  # fmt: skip
def test_r31_anything_else_is_one_sentence_with_its_place(
    source: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(JsonTextError) as caught:
        read_php(source.encode())
    assert (caught.value.line, caught.value.column, str(caught.value)) == (line, column, message)
    assert "hunter2" not in str(caught.value)


def test_r31_another_encoding_is_named() -> None:
    with pytest.raises(JsonTextError, match="expected text in UTF-8, got the byte 0xe9") as caught:
        read_php(b"<?php\n// \xe9\n")
    assert (caught.value.line, caught.value.column) == (2, 4)


@pytest.mark.parametrize(
    "value",
    [
        r"'[\'\', MARK]'",
        r'''"[\"\", MARK]"''',
        "<<<'X'\n  [1,\n\n  MARK]\n  X",
        "<<<X\n[\\\\\\$, MARK]\nX",
        "'[\r\n1,\r\n MARK]'",
    ],
)
def test_r31_a_place_of_the_text_is_found_in_the_php_file(value: str) -> None:
    source = "<?php\n// é\n" + php(value).decode().removeprefix("<?php ")
    read = read_php(source.encode())
    found = read.in_php(*position(read.text, read.text.index("MARK")))
    assert found == position(source, source.index("MARK"))


def test_r31_the_end_of_the_text_is_behind_its_last_character() -> None:
    read = read_php(php("'[1'"))
    assert read.in_php(1, 3) == position(php("'[1'").decode(), len(php("'[1'")) - 2)


@given(st.text())
def test_r31_what_php_quotes_singly_comes_back(text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert read_php(php(quoted)).text == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="$")))
def test_r31_what_php_quotes_doubly_comes_back(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert read_php(php(quoted)).text == text


@given(st.binary() | st.text("'\"\\<?php$;=/*#\n X[]").map(php))
def test_r31_arbitrary_bytes_are_a_text_or_a_place(data: bytes) -> None:
    try:
        read = read_php(data)
    except JsonTextError:
        return
    assert json.dumps(read.text)
    assert read.in_php(1, 1) >= (1, 1)
