"""Devices over HTTP: one request for each command, and a stream of events. It listens on this machine only.

It needs the extra ``rest``, and is imported only where it is asked for.
"""
