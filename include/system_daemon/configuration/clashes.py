"""Entries that share a name, or a DAG id: nobody can know which one was meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from system_daemon.configuration.json_text import Members
from system_daemon.configuration.problems import shown
from system_daemon.configuration.services import slug


def clashes(entries: Sequence[object], *, at: str, dag_prefix: str) -> Iterator[tuple[int, str]]:
    """Index and sentence of every entry that shares its name or DAG id, valid or not (R33).

    Args:
        entries: the entries as they are written.
        at: the JSON path of their array.
        dag_prefix: what comes before the name in their DAG ids.
    """
    names = {
        index: str(entry["name"])
        for index, entry in enumerate(entries)
        if isinstance(entry, Members) and isinstance(entry.get("name"), str)
    }
    by_slug: dict[str, list[int]] = defaultdict(list)
    for index, name in names.items():
        by_slug[slug(name)].append(index)
    for shared, sharing in by_slug.items():
        for index in sharing if len(sharing) > 1 else ():
            others = [other for other in sharing if other != index]
            places = " and ".join(f"{at}[{other}]" for other in others)
            name = shown(names[index])
            if any(names[other] == names[index] for other in others):
                yield index, f"expected a name of its own, got {name}, also at {places}"
            else:
                yield (
                    index,
                    f"expected a name with a DAG id of its own, got {name}, whose id"
                    f" {dag_prefix}{shared} is also that of {places}",
                )
