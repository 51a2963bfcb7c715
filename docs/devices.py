"""Writes docs/devices.md and the summary in the README, from device-config/: ``python -m docs.devices``.

To be run after every change of device-config/ and for every new protocol module; the tests fail where that was forgotten. A
protocol class that says ``experimental = True`` has experimental devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from buttplug.server.devices.definition import DeviceDefinition, OutputDefinition
from buttplug.server.devices.format import INPUT_TYPES, OUTPUT_TYPES, ProtocolFile
from buttplug.server.protocols import load

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "devices.md"
README = ROOT / "README.md"

#: What the summary in the README stands between.
BEGIN, END = "<!-- Made by python -m docs.devices -->\n", "<!-- The end of what is made -->\n"

#: Brands in the summary; the others are counted.
BRANDS_NAMED = 15

#: The buses by their name in device-config/. What is not here is not hardware, or is not served.
BUSES = {
    "btle": "Bluetooth LE",
    "serial": "serial",
    "hid": "HID",
    "usb": "USB",
    "lovense_connect_service": "Lovense Connect",
    "sdl-gamepad": "game pads",
}
#: The protocol of the toys that the Lovense dongle reaches, too.
DONGLE_PROTOCOL = "lovense"

#: How a name begins on the box, where the ecosystem's database has another spelling.
PRINTED = {
    "Foreo": "FOREO",
    "Hot Octopuss Pulse": "Hot Octopuss PULSE",
    "LiBo": "Libo",
    "MagicMotion": "Magic Motion",
    "MotorBunny": "Motorbunny",
    "Mysteryvibe": "MysteryVibe",
    "Nintendo Joycon": "Nintendo Joy-Con, Pro Controller",
    "SDL Gamepad": "Game pad (Xbox, PlayStation, Nintendo and others)",
    "WeVibe": "We-Vibe",
}
#: Brands of more than one word.
LONG_BRANDS = (
    "Adrien Lastic",
    "Adult Festa",
    "Coleur Dor",
    "Dream Lover",
    "Fantasy Cup",
    "Fleshy Thrust",
    "G Vibe",
    "Game pad",
    "Honey Play Box",
    "Hot Octopuss",
    "Je Joue",
    "Kinky Makers",
    "Love Distance",
    "Love Nut",
    "Magic Motion",
    "Mizz Zee",
    "Next Level Racing",
    "Nobra's Silicone Dreams",
    "Pink Punch",
    "Pretty Love",
    "Secret Lover",
    "The Cowgirl",
    "The Handy",
    "The Oh!",
    "The Unicorn",
    "Tracy's Dog",
)

SUPPORTED, EXPERIMENTAL, RECOGNISED = "supported", "experimental", "recognised only"

HEAD = """# Devices

<!-- Made by python -m docs.devices from device-config/. -->

Every device that the server knows. Look for the name on the box.

| status | meaning |
|---|---|
| supported | it can be used |
| experimental | it can be used, but nobody has confirmed on a device what is known of it |
| recognised only | it is found, and the log says that it cannot be used |

Behind each output is its highest level: (20) for 0 to 20, (±20) where it has two directions, (37 to 42) where there is nothing
between off and 37. What each bus needs is in [hardware.md](hardware.md). A device of your own may play any of them by
[connecting by websocket](hardware.md#devices-that-connect-by-websocket).

"""


class Row(NamedTuple):
    """One line of the table. ``others``: it stands for all models of a family that are not listed."""

    brand: str
    model: str
    bus: str
    outputs: str
    inputs: str
    status: str
    family: str
    others: bool


def rows() -> list[Row]:
    """Return the lines of all families, in the order of brand and model."""
    found = dict.fromkeys(row for path in sorted((ROOT / "device-config").glob("*.json")) for row in _rows(path))
    return sorted(found, key=lambda row: (row.brand.casefold(), row.others, row.model.casefold(), row.bus))


def _rows(path: Path) -> Iterator[Row]:
    if path.stem in ("schema", "version"):
        return
    content = path.read_bytes()
    file = msgspec.json.decode(content, type=ProtocolFile)
    communication = msgspec.json.decode(content, type=dict[str, msgspec.Raw])["communication"]
    keys = [key for entry in msgspec.json.decode(communication, type=list[dict[str, msgspec.Raw]]) for key in entry]
    buses = [BUSES[key] for key in keys if key in BUSES]
    if not buses:
        return
    if file.protocol == DONGLE_PROTOCOL:
        buses.append("Lovense dongle")
    models = list(file.configurations)
    if file.defaults.features or not models:
        models.append(file.defaults)
    for model in models:
        definition = model.definition(file.protocol, next(iter(model.identifier), None), file.defaults)
        others = model is file.defaults and len(models) > 1 and "device" in model.name.casefold().split()
        brand, name = _printed(definition.name)
        yield Row(
            brand,
            f"{name} (any other model)" if others else name,
            ", ".join(buses),
            _outputs(definition),
            _inputs(definition),
            _status(definition),
            file.protocol,
            others,
        )


def _printed(name: str) -> tuple[str, str]:
    """Return brand and name as they are printed on the box."""
    for known, printed in PRINTED.items():
        if name.startswith(known):
            name = printed + name.removeprefix(known)
    return next((brand for brand in LONG_BRANDS if name.startswith(brand)), name.split()[0]), name


def _status(definition: DeviceDefinition) -> str:
    protocol = load(definition.protocol)
    if protocol is None or not definition.features:
        return RECOGNISED
    return EXPERIMENTAL if getattr(protocol, "experimental", False) else SUPPORTED


def _outputs(definition: DeviceDefinition) -> str:
    words = {type_: name.replace("hw_position_with_duration", "timed position") for name, type_ in OUTPUT_TYPES.items()}
    return _counted(
        f"{words[type_]} ({_levels(output)})"
        for feature in definition.features
        for type_, output in feature.outputs.items()
        if not output.disabled
    )


def _levels(output: OutputDefinition) -> str:
    low, high = output.value
    return str(high) if low == 0 else f"±{high}" if low < 0 else f"{low} to {high}"


def _inputs(definition: DeviceDefinition) -> str:
    words = {type_: name for name, type_ in INPUT_TYPES.items()}
    return _counted(words[type_] for feature in definition.features for type_ in feature.inputs)


def _counted(words: Iterable[str]) -> str:
    return ", ".join(word if count == 1 else f"{count} × {word}" for word, count in Counter(words).items())


def page(table: Iterable[Row]) -> str:
    """Return the page on devices."""
    lines = ["| brand | model | bus | outputs | inputs | status |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", r"\|") for cell in row[:6]) + " |" for row in table]
    return HEAD + "\n".join(lines) + "\n"


def summary(table: Iterable[Row]) -> str:
    """Return the summary for the README."""
    table = list(table)
    lines = ["| status | families | models | brands |", "|---|---|---|---|"]
    for status in (SUPPORTED, EXPERIMENTAL, RECOGNISED):
        having = [row for row in table if row.status == status]
        if having:
            models = Counter(row.brand for row in having if not row.others)
            families = {row.family for row in having}
            lines.append(f"| {status} | {len(families)} | {models.total()} | {_brands(models)} |")
    return "\n".join(lines) + "\n"


def _brands(models: Counter[str]) -> str:
    named = ", ".join(f"{brand} ({count})" for brand, count in models.most_common(BRANDS_NAMED))
    rest = len(models) - BRANDS_NAMED
    return f"{named} and {rest} more" if rest > 0 else named


def with_summary(readme: str, table: Iterable[Row]) -> str:
    """Return the README with a fresh summary in it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + summary(table) + END + after


def main() -> None:
    table = rows()
    PAGE.write_text(page(table), encoding="utf-8", newline="\n")
    README.write_text(with_summary(README.read_text(encoding="utf-8"), table), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
