"""What holds for every device family: it is found by its id, takes every value it may be given, and knows its own devices."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial

import pytest

from buttplug.core.enums import InputType
from buttplug.hardware.base import ENDPOINTS, Notification
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.websocket.manager import MAX_FRAME
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import UNSUPPORTED, _module_of, honeyplaybox, load, lovense, supports
from buttplug.server.protocols.base import Output, Protocol
from buttplug.server.protocols.thehandy import v3
from tests.cases import for_each
from tests.server.protocols.helpers import configuration, drive, link

FAMILIES = sorted(filter(supports, configuration().protocols))
DEFINITIONS = [definition for definition in configuration() if supports(definition.protocol)]
#: The models of each family that are driven.
MODELS: dict[str, list[DeviceDefinition]] = {}
for driven in DEFINITIONS:
    if any(feature.outputs for feature in driven.features):
        MODELS.setdefault(driven.protocol, []).append(driven)
#: Sequences of commands that each family is sent, and at least one for each of its models.
SEEDS = 50

#: Seconds that devices of a family need to start, whatever they answer.
START_TIMES = {"cowgirl-cone": 3.0, "fmachine": 3.3}


@for_each("family", FAMILIES)
def test_a_module_has_its_class_and_its_devices(family: str) -> None:
    protocol = load(family)
    assert protocol is not None
    assert issubclass(protocol, Protocol)


@pytest.mark.parametrize("family", ["no-such-family", "base", "shared", "peers", "", "..os", "aneros.py", "aneros-2"])
def test_what_is_no_family_has_no_class(family: str) -> None:
    assert load(family) is None


@pytest.mark.parametrize(
    ("protocol", "module"),
    [
        ("aneros", "aneros"),
        ("magic-motion-4", "magic_motion"),
        ("svakom-sam2", "svakom_sam2"),
        ("svakom-sam", "svakom.sam"),
        ("svakom-v1", "svakom"),
        ("svakom-alex-v2", "svakom.alex_v2"),
        ("htk_bm", "htk_bm"),
        ("aneros-2", None),
        ("magic", None),
        ("", None),
    ],
)
def test_the_most_specific_module_serves_a_protocol(protocol: str, module: str | None) -> None:
    modules = {"aneros", "magic_motion.*", "svakom.*", "svakom.sam", "svakom.alex_v2", "svakom_sam2", "htk_bm"}
    assert _module_of(protocol, frozenset(modules)) == module


@pytest.mark.parametrize("protocol", UNSUPPORTED)
def test_what_is_recognised_only_is_not_driven_and_a_sentence_says_why(protocol: str) -> None:
    assert not supports(protocol)
    assert load(protocol) is None
    assert UNSUPPORTED[protocol]


def test_asking_which_families_there_are_imports_none() -> None:
    code = """
import sys
from buttplug.server.protocols import supports
assert supports("aneros") and supports("kiiroo-v21") and not supports("nonsense")
print([name for name in sys.modules if name.startswith("buttplug.server.protocols.") and not name.endswith(".base")])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout.strip() == "[]"


@for_each(
    ("definition", "seed"),
    [(models[seed % len(models)], seed) for models in MODELS.values() for seed in range(max(SEEDS, len(models)))],
    ids=lambda case: f"{case[0].protocol}, {case[0].name}, seed {case[1]}",
)
def test_every_value_in_range_can_be_sent_repeated_and_stopped(definition: DeviceDefinition, seed: int) -> None:
    dice = random.Random(seed)
    outputs = [(feature.index, type_, output) for feature in definition.features for type_, output in feature.outputs.items()]
    device = drive(definition.protocol, definition.identifier, definition=definition)
    packets = []
    for _ in range(dice.randint(1, 4)):
        index, type_, output = dice.choice(outputs)
        value = any_of(dice, output.value)
        duration = any_of(dice, output.duration) if output.duration else 0
        packets += device.send(Output(index, type_, value, duration))
        packets += device.repeat() if device.protocol.repeat_after is not None else []
        where = [Output(index, type_, value)] if output.duration and dice.random() < 0.5 else []
        packets += device.stop(*where) if dice.random() < 0.5 else []
    assert {packet.endpoint for packet in packets} <= ENDPOINTS
    assert all(packet.data for packet in packets)


def any_of(dice: random.Random, range_: tuple[int, int]) -> int:
    """Return a number in a range, its ends and zero more often than others."""
    low, high = range_
    return dice.choice((low, high, min(max(low, 0), high), *[dice.randint(low, high) for _ in range(5)]))


@pytest.mark.parametrize("family", sorted({definition.protocol for definition in DEFINITIONS}))
async def test_a_simulated_device_of_every_model_plays_its_part_in_the_hand_shake(family: str) -> None:
    models = {definition.name for definition in DEFINITIONS if definition.protocol == family}
    for model in sorted(models):
        await _shake_hands(model)


async def _shake_hands(model: str) -> None:
    began = asyncio.get_running_loop().time()
    definition = configuration().find(model)
    protocol = load(definition.protocol)
    assert protocol is not None
    device = simulate(configuration(), model)
    hardware = await link(device, definition.protocol)
    identifier = await protocol.identify(hardware)
    assert configuration().definition(definition.protocol, identifier) == definition
    if definition.features:
        instance = protocol(definition, name=hardware.name, address=hardware.address)
        await instance.initialise(hardware)
        for feature in definition.features:
            if InputType.BATTERY in feature.inputs:
                assert 0 <= await instance.read(hardware, feature.index, InputType.BATTERY) <= 100
    start_time = START_TIMES.get(definition.protocol, 0)
    took = asyncio.get_running_loop().time() - began
    assert took == pytest.approx(start_time), f"nothing was waited for in vain by {model}"


#: What a stranger may send in one frame so that a parser has the most to do.
WORDS = (b";", b"1;", b"A:", b"Z:11:00;", b"\x00", b"\x08\x01", b"{", b'{"state":')
NASTY = [words * (MAX_FRAME // len(words)) for words in WORDS]


@pytest.mark.parametrize("content", NASTY, ids=lambda content: content[:8].hex())
def test_no_frame_of_a_device_takes_long_to_read(content: bytes) -> None:
    notification = Notification("rx", content)
    for parse in (lovense.device_type, lovense.battery_level, partial(v3.reply_to, 1), honeyplaybox.Answer("toy")):
        took = []
        for _ in range(5):
            began = time.thread_time()
            with suppress(HardwareError):
                parse(notification)
            took.append(time.thread_time() - began)
        assert min(took) < 0.003
