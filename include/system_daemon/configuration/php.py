"""``conf/external_services_daemon.php`` of the original daemon: the JSON text in it (R31).

Only this shape is read, and nothing is ever executed::

    <?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[ ... ]';

with comments anywhere, and the text in single or double quotes, as a nowdoc or as a heredoc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from system_daemon.configuration.json_text import position
from system_daemon.configuration.php_source import PhpSource
from system_daemon.configuration.php_text import read_text

VARIABLE = "EXTERNAL_BACKGROUND_SERVICES"
_VARIABLE = re.compile(rf"""\$GLOBALS\s*\[\s*(['"]){VARIABLE}\1\s*\]""")


@dataclass(frozen=True, slots=True)
class PhpJson:
    """The JSON text of a PHP file."""

    text: str
    _source: str
    _origins: tuple[int, ...]
    """For each character of ``text``, and for its end, its place in the source."""

    def in_php(self, line: int, column: int) -> tuple[int, int]:
        """A place of ``text`` as line and column of the PHP file."""
        before = self.text.split("\n")[: line - 1]
        at = sum(len(text) + 1 for text in before) + column - 1
        return position(self._source, self._origins[min(at, len(self._origins) - 1)])


def read_php(data: bytes) -> PhpJson:
    """The text that the file assigns to ``$GLOBALS['EXTERNAL_BACKGROUND_SERVICES']``.

    Raises:
        JsonTextError: anything else in the file; the message names it, line and column its place.
    """
    source = PhpSource.of(data)
    at = source.opening()
    variable = _VARIABLE.match(source.text, at)
    if variable is None:
        raise source.refusal(at, f"expected $GLOBALS['{VARIABLE}'] = '...' and nothing else")
    at = source.sign("=", variable.end())
    text, origins, end = read_text(source.text, at, source.refusal)
    at = source.end_of_statement(end)
    source.end(at, "expected the end of the file after the one assignment")
    return PhpJson(text, source.text, origins)
