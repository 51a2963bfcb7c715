"""VibCrafter: encrypted text, with a challenge of letters and digits."""

from __future__ import annotations

import re
from typing import ClassVar

from buttplug.server.protocols.shared.encrypted_text import EncryptedText


class Vibcrafter(EncryptedText):
    """One or two vibrators."""

    key = b"jdk#Cra%f5Vib28r"
    greeting_size = 6
    challenge: ClassVar[re.Pattern[bytes]] = re.compile(rb"[a-zA-Z0-9]{4}:([a-zA-Z0-9]+);")
