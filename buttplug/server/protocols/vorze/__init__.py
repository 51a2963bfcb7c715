"""Vorze: the Bluetooth toys (:mod:`.sa`), and the Cyclone X10 on USB (:mod:`.cyclone_x`)."""
