"""A server among clients and devices that do everything they can to hurt it, on a clock of its own, repeatable by a seed.

A schedule is a list of steps: clients come, command, stop and go in every way, devices are lost, slow, stuck and come back,
settings change, and the server may be shut down at any instant. :mod:`~tests.simulation.world` takes the steps,
:mod:`~tests.simulation.rules` says after each of them whether what must hold still holds.

``python -m tests.simulation --schedules N --seed S`` runs schedules by hand. One that breaks a rule is made as short as it can
be and printed as a script that can be run.
"""
