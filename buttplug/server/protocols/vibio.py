"""Vibio: encrypted text, with a challenge behind four hexadecimal digits."""

from __future__ import annotations

import re
from typing import ClassVar

from buttplug.server.protocols.shared.encrypted_text import EncryptedText


class Vibio(EncryptedText):
    """One or two vibrators."""

    key = b"jdk#vib%y5fir21a"
    greeting_size = 8
    challenge: ClassVar[re.Pattern[bytes]] = re.compile(rb"[a-fA-F0-9]{4}:([^;]+);")
