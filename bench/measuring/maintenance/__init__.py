"""Maintenance tasks measured on a large database."""
