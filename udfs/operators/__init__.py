"""Flink shells: load state, call the core, store, emit."""
