"""Recorded exchanges with devices, played against the whole server: ``python -m tests.conformance FOLDER``."""
