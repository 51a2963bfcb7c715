"""The device's side of the hand-shake in encrypted text that several brands have."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.protocols.shared import aes
from buttplug.server.protocols.shared.encrypted_text import READY, answer

CHALLENGE = b"QwErTy12"


def challenge(device: SimulatedDevice, key: bytes) -> None:
    """Have a device send its challenge to who begins, and let in who answers it."""
    right = f"Auth:{answer(CHALLENGE)};".encode()

    def reply(packet: Packet) -> None:
        text = aes.decrypt(key, packet.data) or b""
        if text.startswith(b"Auth:"):
            device.notify("rx", aes.encrypt(key, READY if text == right else b"1a2b:" + CHALLENGE + b";"))

    device.answer = reply
