"""The bundled configuration is the newest device database's, field by field, but for what is listed here.

The database's facts lie beside the checkout; where they do not, there is nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from tests.cases import for_each
from tests.server.devices import facts
from tests.server.devices.facts import Facts

CHECKOUT = Path(__file__).parents[3]
SHEETS = CHECKOUT.parent / "shared" / "devices"
PROTOCOLS = sorted(path.stem for path in (CHECKOUT / "device-config").glob("*.json") if path.stem not in ("schema", "version"))

pytestmark = pytest.mark.skipif(not SHEETS.is_dir(), reason=f"the device database's facts are not in {SHEETS}")

#: Changes the database's facts into ours.
Change: TypeAlias = Callable[[Facts], None]


class Difference(NamedTuple):
    """Something that is meant to differ. ``protocol`` is ``*`` for all."""

    protocol: str
    reason: str
    change: Change


def _without(pattern: str, stated: Facts) -> None:
    for field in [field for field in stated if fnmatchcase(field, pattern)]:
        del stated[field]


def _with(ours: Mapping[str, object], stated: Facts) -> None:
    stated.update(ours)


def _spelled(field: str, text: str, stated: Facts) -> None:
    """Spell a text in one way, upper and lower case included, wherever it stands in such a field."""
    for path, value in stated.items():
        if fnmatchcase(path, field) and isinstance(value, str) and value.casefold() == text.casefold():
            stated[path] = text


def without(pattern: str) -> Change:
    """Leave out every field whose path the pattern matches."""
    return partial(_without, pattern)


def having(ours: Mapping[str, object]) -> Change:
    """Have other values, or fields more."""
    return partial(_with, ours)


def named(*names: str) -> Change:
    """Have Bluetooth names more."""

    def change(stated: Facts) -> None:
        known = stated["btle/names"]
        assert isinstance(known, frozenset)
        stated["btle/names"] = known | frozenset(names)

    return change


def like(identifier: str, other: str) -> Change:
    """Have an identifier more, of the same model as another."""

    def change(stated: Facts) -> None:
        place = f"models/{other}/"
        rows = {path.removeprefix(place): value for path, value in stated.items() if path.startswith(place)}
        _with({f"models/{identifier}/{field}": value for field, value in rows.items()}, stated)

    return change


LOVENSE_SERVICE = "????000{}-002?-4bd4-bbd5-a6920e4c5653"
LOVENSE_FORMER_SERVICE = "50300011-0023-4bd4-bbd5-a6920e4c5653"
PRESSURE_CHANNELS = {
    f"models/Pearl2.1/features/{channel + 1}{field}": value
    for channel in (1, 2, 3, 4)
    for field, value in {
        "": True,
        "/description": f"Pressure channel {channel}",
        "/input_pressure/range": (0, 65535),
        "/input_pressure/can": ("subscribe",),
        "/input_button/range": (0, 1),
        "/input_button/can": ("subscribe",),
    }.items()
}
ONE_SPEED_SAM_NEO = {
    f"models/Sam Neo (one speed)/{field}": value
    for field, value in {
        "name": "Svakom Sam Neo (one speed)",
        "features/0": True,
        "features/0/vibrate/range": (0, 1),
        "features/1": True,
        "features/1/constrict/range": (0, 1),
    }.items()
}
REALTOUCH_PARTS = {
    f"default/features/{feature}{field}": value
    for feature, (description, output, highest) in enumerate(
        [("Squeeze", "constrict", 255), ("Heater", "temperature", 255), ("Lubricant", "spray", 1)], start=1
    )
    for field, value in {"": True, "/description": description, f"/{output}/range": (0, highest)}.items()
}

DIFFERENCES = [
    Difference("*", "one spelling for one thing", partial(_spelled, "*/description", "Battery level")),
    Difference("foreo", "the UFO 3 led advertises UFO3led, which no model had", like("UFO3led", "UFO3eyes")),
    Difference("galaku", "the Nebula is found by galaku-pump alone", without("models/V415/*")),
    Difference("kiiroo-v21", "the Pearl 2.1 has four pressure channels, each with a touch sensor", having(PRESSURE_CHANNELS)),
    Difference(
        "kizuna",
        "four families have the port default, so a simulated device could be any of them",
        having({"serial/port": "kizuna"}),
    ),
    Difference("nextlevelracing", "as kizuna", having({"serial/port": "nextlevelracing"})),
    Difference("nobra", "as kizuna", having({"serial/port": "nobra"})),
    Difference("tcode-v03", "as kizuna", having({"serial/port": "tcode-v03"})),
    Difference(
        "lelo-harmony",
        "early F1s V3 are told from later ones by this characteristic",
        having({"btle/services/0000fff0-0000-1000-8000-00805f9b34fb/generic0": "00000a10-0000-1000-8000-00805f9b34fb"}),
    ),
    Difference(
        "libo-vibes", "Lina and Feather advertise one name: it is always taken for the Feather", without("shadowed/Yuyi")
    ),
    Difference(
        "lovense",
        "every model's service has one shape, those not yet made included; the Nordic UART service alone is anybody's",
        having({"btle/advertised_services": frozenset({LOVENSE_SERVICE.format(1), LOVENSE_FORMER_SERVICE})}),
    ),
    Difference("lovense", "one shape stands for the services of all models", without("btle/services/????0001-002?-4bd4-*")),
    Difference(
        "lovense",
        "one shape stands for the services of all models",
        having(
            {
                f"btle/services/{LOVENSE_SERVICE.format(1)}/tx": LOVENSE_SERVICE.format(2),
                f"btle/services/{LOVENSE_SERVICE.format(1)}/rx": LOVENSE_SERVICE.format(3),
            }
        ),
    ),
    Difference("galaku", "the later of two rows for one name counts, as everywhere", without("shadowed/TFF1")),
    Difference("realtouch", "it squeezes, warms and lubricates as well", having(REALTOUCH_PARTS)),
    Difference(
        "sdl-gamepad",
        "pads on a wire have no battery: the server adds the feature to those that have",
        without("*/input_battery/*"),
    ),
    Difference("sdl-gamepad", "the same, the feature itself", without("default/features/2*")),
    Difference("sdl-gamepad", "the same, with all four motors", without("models/__sdl-rumble-and-triggers/features/4*")),
    Difference("sdl-gamepad", "the same, with the triggers", without("models/__sdl-triggers-only/features/2*")),
    Difference("sexverse-v4", "Black Knight and Dark Knight advertise one name", without("shadowed/BC1847")),
    Difference("simulated", "every kind has a model, so nothing would ever be the default", without("default/features/*")),
    Difference("svakom-sam", "one generation knows one speed, which its characteristics tell", having(ONE_SPEED_SAM_NEO)),
    Difference("vorze-sa", "the UFO TW's whole name, where Windows does not cut it short", named("UFO TW")),
    Difference("vorze-sa", "the model of that name", like("UFO TW", "UFO-TW")),
]


def differences_of(protocol: str) -> list[Difference]:
    return [difference for difference in DIFFERENCES if difference.protocol in (protocol, "*")]


def changed_by(difference: Difference, protocol: str) -> bool:
    """Return whether the database still says something else, in one of a protocol's facts."""
    stated = facts.of_sheet(SHEETS / f"{protocol}.yaml")
    before = dict(stated)
    difference.change(stated)
    return stated != before


def test_every_protocol_of_the_database_has_a_file_and_no_other() -> None:
    assert sorted(path.stem for path in SHEETS.glob("*.yaml")) == PROTOCOLS


@for_each("protocol", PROTOCOLS)
def test_every_fact_is_the_databases_or_a_listed_difference(protocol: str) -> None:
    expected = facts.of_sheet(SHEETS / f"{protocol}.yaml")
    for difference in differences_of(protocol):
        difference.change(expected)
    ours = facts.of_file(CHECKOUT / "device-config" / f"{protocol}.json")
    both = expected.keys() | ours.keys()
    wrong = {field: (ours.get(field), expected.get(field)) for field in both if ours.get(field) != expected.get(field)}
    assert wrong == {}, "field: (ours, the database's)"


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: f"{difference.protocol}: {difference.reason}")
def test_a_listed_difference_is_still_there(difference: Difference) -> None:
    protocols = PROTOCOLS if difference.protocol == "*" else [difference.protocol]
    assert any(changed_by(difference, protocol) for protocol in protocols), "the database says the same now: strike it out"
