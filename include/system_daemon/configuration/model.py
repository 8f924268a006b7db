"""What all configuration is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen piece of configuration that knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
