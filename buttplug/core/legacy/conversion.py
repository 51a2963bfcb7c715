"""What a message of an older version becomes: messages of version 4, and one reply made of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from buttplug.core.legacy.device import Device, Devices
from buttplug.core.messages import U32, ClientMessage, Ok, RequestDeviceList, ServerMessage


def _first(replies: Sequence[ServerMessage]) -> ServerMessage:
    return replies[0]


class Conversion(NamedTuple):
    """The messages of version 4 that an older one stands for, in the order in which they are to be executed.

    ``reply`` makes the older message's reply of theirs, once all are there and none is an error.
    """

    messages: Sequence[ClientMessage]
    reply: Callable[[Sequence[ServerMessage]], ServerMessage] = _first

    def then(self, change: Callable[[ServerMessage], ServerMessage]) -> Conversion:
        """Return the same with a reply of another form."""
        return Conversion(self.messages, lambda replies: change(self.reply(replies)))


def nothing(id_: int, reply: Callable[[int], ServerMessage] = Ok) -> Conversion:
    """Return the conversion of a message that changes nothing: it is answered as long as the session is on."""
    return Conversion([RequestDeviceList(id_)], lambda replies: reply(id_))


class OldMessage(ClientMessage):
    """A message that version 4 does not have. ``versions`` are those whose clients may send it."""

    versions: ClassVar[range]
    #: Its name where that is not the name of its class.
    wire_name: ClassVar[str] = ""

    def convert(self, devices: Devices) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: The device is not connected, or has nothing that this message addresses.
            ButtplugMessageError: No server can do what it asks for.
        """
        raise NotImplementedError


class DeviceCommand(OldMessage):
    """A message to one device."""

    device_index: U32

    def convert(self, devices: Devices) -> Conversion:
        """Return what it stands for; raises what :meth:`OldMessage.convert` raises."""
        return self.convert_for(devices.device(self.device_index))

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for with this device; raises what :meth:`OldMessage.convert` raises."""
        raise NotImplementedError
