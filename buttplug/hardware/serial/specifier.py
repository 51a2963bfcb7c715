"""How serial ports are found."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class SerialAdvertisement(Advertisement, frozen=True):
    """A serial port of this machine."""

    port: str


class SerialSpecifier(Specifier, frozen=True):
    """A serial port by its exact path, and how to open it.

    ``dtr`` and ``rts`` are the states of the control lines while it is open; None leaves them to the system, which turns them
    on. Many boards start anew when DTR is turned on, and listen only seconds later.
    """

    port: str
    baud_rate: int
    data_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1
    dtr: bool | None = None
    rts: bool | None = None

    def rules(self) -> Iterator[Rule]:
        yield Rule(SerialAdvertisement(self.port))

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        return self.port, SerialAdvertisement(self.port)
