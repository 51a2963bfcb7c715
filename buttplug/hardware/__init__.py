"""Finding, opening and driving hardware: a package for each bus, all behind the interfaces of :mod:`buttplug.hardware.base`.

In each of them ``specifier`` says how its devices are identified, ``manager`` finds them, ``link`` (``device`` for simulated
ones) is one open device, and ``library``, where there is one, wraps a third-party library. What several buses share is in
:mod:`buttplug.hardware.common`. The modules of a bus log under the name of its package.

:mod:`buttplug.hardware.registry` lists the buses; a new one gets a row there. A bus and its library are imported when it is
used, so that a missing library disables its bus and nothing else.
"""
