"""Pydantic's findings as sentences: what was expected, what came, and the nearest valid word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from system_daemon.configuration.problems import Problem, Severity, did_you_mean, shown, step
from system_daemon.configuration.values import Unrepeated


def findings(
    error: ValidationError, model: type[BaseModel], *, file: str, where: str
) -> Iterator[Problem]:
    """One error a finding; ``where`` is the JSON path of the value that ``model`` describes."""
    for detail in error.errors(include_url=False):
        yield Problem(
            severity=Severity.ERROR,
            file=file,
            where=where + path(detail["loc"]),
            message=_sentence(detail, model),
        )


def path(location: tuple[int | str, ...]) -> str:
    """``("plan", 0, "time")`` as ``.plan[0].time``."""
    return "".join(f"[{part}]" if isinstance(part, int) else step(part) for part in location)


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    location = detail["loc"]
    match detail["type"]:
        case "whole":
            return detail["msg"]
        case "extra_forbidden":
            keys = _model_at(model, location[:-1]).model_fields
            key = location[-1]
            known = ", ".join(keys)
            return f"expected one of the keys {known}, got {shown(key)}{did_you_mean(key, keys)}"
        case "missing":
            return f'expected "{location[-1]}", {_expected(model, location)}, got nothing'
        case _:
            return f"expected {_expected(model, location)}, got {_got(detail, model)}"


def _got(detail: ErrorDetails, model: type[BaseModel]) -> str:
    got, location = detail["input"], detail["loc"]
    if not isinstance(got, str):
        return shown(got)
    if _is_unrepeated(model, location):
        return _named(got)
    if _is_number(got) and "number" in _expected(model, location):
        return f"{shown(got)}; write the number without quotes"
    return shown(got) + did_you_mean(got, _choices(model, location))


def _named(text: str) -> str:
    return f"a text of {len(text)} characters" if text else "an empty text"


def _is_unrepeated(model: type[BaseModel], location: tuple[int | str, ...]) -> bool:
    fields = _fields_along(model, location)
    return any(isinstance(mark, Unrepeated) for field in fields for mark in field.metadata)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fields_along(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterator[FieldInfo]:
    here: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        if here is None or part not in here.model_fields:
            return
        field = here.model_fields[part]
        yield field
        here = next(_models_in(field.annotation), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    for field in _fields_along(model, location):
        model = next(_models_in(field.annotation), model)
    return model


def _expected(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    described = [field.description for field in _fields_along(model, location)]
    expected = (described[-1] if described else None) or "an object with the documented keys"
    in_array = bool(location) and isinstance(location[-1], int)
    return f"an element of {expected}" if in_array else expected


def _choices(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[str, ...]:
    def literals(annotation: Any) -> Iterator[str]:
        if get_origin(annotation) is Literal:
            yield from get_args(annotation)
        for argument in get_args(annotation):
            yield from literals(argument)

    fields = list(_fields_along(model, location))
    return tuple(literals(fields[-1].annotation)) if fields else ()
