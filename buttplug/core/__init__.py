"""What client and server share: messages, their codec, enums and errors. Knows nobody else in this package."""

from __future__ import annotations

from buttplug.core.installation import refuse_other_package

refuse_other_package()
