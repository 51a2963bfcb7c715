"""The enums where the official client has them. They are in :mod:`buttplug` too."""

from __future__ import annotations

from buttplug.core.enums import ErrorCode, InputCommandType, InputType, OutputType

__all__ = ["ErrorCode", "InputCommandType", "InputType", "OutputType"]
