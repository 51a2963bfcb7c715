"""What can be simulated, and what is said where it cannot."""

from __future__ import annotations

import pytest

from buttplug import ButtplugClient, ButtplugServer
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import supports

CONFIGURATION = DeviceConfiguration.load()

#: A model of a family that is not supported yet, while there is one.
UNSUPPORTED = next((model for model in CONFIGURATION if not supports(model.protocol)), None)

KINDS = ["simulated-1vibe", "simulated-2vibe", "simulated-rotator", "simulated-oscillator", "simulated-stroker"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_kinds_that_exist_only_as_simulations_can_be_driven(kind: str) -> None:
    toy = simulate(CONFIGURATION, kind)
    async with ButtplugServer(managers=[SimulatedManager([toy])]) as server, ButtplugClient("Test") as client:
        await client.connect(server)
        (device,) = await client.scan()
        wanted = CONFIGURATION.definition("simulated", kind)
        assert wanted is not None
        assert device.name == wanted.name
        for feature in device.features.values():
            for output in feature.outputs or {}:
                if output == "HwPositionWithDuration":
                    await feature.position(1.0, duration=0.5)
                elif output == "Position":
                    await feature.position(1.0)
                elif output == "Rotate":
                    await feature.rotate(1.0)
                elif output == "Oscillate":
                    await feature.oscillate(1.0)
                else:
                    await feature.vibrate(1.0)
                assert toy.level(output, feature.index) == 1.0


def test_the_name_that_goes_on_will_do_where_the_short_one_cannot_be_simulated() -> None:
    assert simulate(CONFIGURATION, "The Handy").label in ("The Handy", "The Handy (FW4+)")


def test_suggestions_contain_the_word_before_they_look_like_it() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no device called 'nora'; did you mean Lovense Nora"):
        simulate(CONFIGURATION, "nora")
    with pytest.raises(ConfigurationError, match=r"no device called 'Lovens Nora'; did you mean Lovense Nora, "):
        simulate(CONFIGURATION, "Lovens Nora")


def test_what_is_like_nothing_leads_to_the_list_of_models() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no device called '§§§'; python -m buttplug.server --list-models "):
        simulate(CONFIGURATION, "§§§")


@pytest.mark.parametrize("name", ["nora", "Handy", "Lovense Norra", "vibrator", "WeVibe Synk", "simulated-3vibe"])
def test_every_suggestion_can_be_simulated(name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        simulate(CONFIGURATION, name)
    suggestions = raised.value.message.partition("; did you mean ")[2].removesuffix("?")
    for suggestion in suggestions.split(", "):
        assert simulate(CONFIGURATION, suggestion).label


@pytest.mark.skipif(UNSUPPORTED is None, reason="every family is supported")
def test_what_is_not_supported_yet_says_so() -> None:
    assert UNSUPPORTED is not None
    with pytest.raises(ConfigurationError, match="cannot be simulated"):
        simulate(CONFIGURATION, UNSUPPORTED.name)


async def test_a_server_shows_how_it_is() -> None:
    server = ButtplugServer("Mine", managers=[SimulatedManager([simulate(CONFIGURATION, "Lovense Nora")])])
    assert repr(server) == '<ButtplugServer "Mine": not open>'
    async with server, ButtplugClient("Test") as client:
        assert repr(server) == '<ButtplugServer "Mine": 0 devices, 0 clients>'
        await client.connect(server)
        await client.scan()
        assert repr(server) == '<ButtplugServer "Mine": 1 device, 1 client>'
    assert repr(server) == '<ButtplugServer "Mine": not open>'
