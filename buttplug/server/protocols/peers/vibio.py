"""The device's side of a Vibio's hand-shake."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.peers.encrypted_text import challenge
from buttplug.server.protocols.vibio import Vibio


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Send a challenge, and let in who answers it."""
    challenge(device, Vibio.key)
