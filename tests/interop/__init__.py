"""Other people's clients, unchanged, against this server: ``python -m tests.interop.official_python`` and its siblings.

They need the network, to install those clients. ``BUTTPLUG_INTEROP_CACHE`` names a directory to keep them in between runs.
"""
