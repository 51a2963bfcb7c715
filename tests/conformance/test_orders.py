"""What clients of older versions have no words for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from buttplug import ButtplugDevice
from tests.conformance.format import Scalar, Send
from tests.conformance.orders import cannot_say

NO_OUTPUTS = cast(ButtplugDevice, SimpleNamespace(features={}))


@pytest.mark.parametrize("type_", ["led", "spray", "temperature"])
def test_no_old_client_is_asked_for_an_output_that_it_is_not_shown(type_: str) -> None:
    assert cannot_say(3, NO_OUTPUTS, Send(scalar=[Scalar(index=0, value=1.0, type=type_)])) == f"it does not know {type_}"


def test_a_client_of_version_3_has_scalars_and_older_ones_have_none() -> None:
    send = Send(scalar=[Scalar(index=0, value=1.0, type="vibrate")])
    assert cannot_say(3, NO_OUTPUTS, send) is None
    assert cannot_say(2, NO_OUTPUTS, send) == "it has no scalars"
