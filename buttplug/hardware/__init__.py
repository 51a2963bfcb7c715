"""Finding, opening and driving hardware: one module per bus, all behind the interfaces of :mod:`buttplug.hardware.base`.

A bus library is imported only when its module is, so that a missing one disables its bus and nothing else.
"""
