"""Experiments that kill and contend: short in `tests/e2e`, whole in `tests/chaos`."""
