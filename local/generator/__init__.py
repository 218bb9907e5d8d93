"""Seeded traffic of our own: accounts with habits, merchants, devices, and labelled fraud."""

from local.generator.engine import Generator, live_generator

__all__ = ["Generator", "live_generator"]
