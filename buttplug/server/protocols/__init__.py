"""One module per device family: values in, bytes out. :mod:`buttplug.server.protocols.base` says how one is added.

A protocol's module is found by its id: ``aneros`` is the module ``aneros``. A brand with several protocols is a package: the
module of ``svakom-sam`` is ``sam`` in the package ``svakom``, where there is one, else the package itself, whose ``PROTOCOLS``
has the class of each id that its tables serve. Nothing is imported before a device is there.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from buttplug.core.enums import InputType

if TYPE_CHECKING:
    from buttplug.hardware.simulated import SimulatedDevice
    from buttplug.server.devices.definition import DeviceDefinition
    from buttplug.server.protocols.base import Protocol

#: Protocols whose devices are recognised and cannot be driven, and why.
UNSUPPORTED: Mapping[str, str] = {
    "conformance": "it is for tests of other servers; no device speaks it",
    "libo-karen": "a Libo Karen has no motor, and nobody knows how the four bytes of pressure that it measures are to be read",
    "twerkingbutt": (
        "nobody knows which speeds a Twerking Butt takes, and some numbers would start one of its programs instead of a speed"
    ),
    "raw": "it stands for devices without a protocol: nobody knows what to send them",
    "xinput": "such game pads are driven on the game pad bus, as sdl-gamepad",
}

#: What tells a brand's package itself from a module in it.
_PACKAGE = ".*"

#: What is no family's module.
_OTHERS = frozenset({"base", "peers", "shared"})


def supports(protocol_id: str) -> bool:
    """Whether there is a module for a protocol. It is not imported."""
    return protocol_id not in UNSUPPORTED and _module_of(protocol_id, _families()) is not None


def load(protocol_id: str) -> type[Protocol] | None:
    """Return the class of a protocol, importing its module now if need be; None where there is none."""
    name = _module_of(protocol_id, _families())
    if name is None or protocol_id in UNSUPPORTED:
        return None
    module = import_module(f"{__name__}.{name}")
    classes: Mapping[str, type[Protocol]] = getattr(module, "PROTOCOLS", {})
    name = "".join(part.capitalize() for part in _words(protocol_id))
    return classes.get(protocol_id) or getattr(module, name, None)


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have a simulated device answer as its protocol's devices do, where they answer anything, and be read as they are."""
    if any(InputType.BATTERY in feature.inputs for feature in definition.features):
        # Sets it where most devices tell it.
        device.battery = device.battery
    name = _module_of(definition.protocol, _peers())
    if name is not None:
        peer: ModuleType = import_module(f"{__name__}.peers.{name}")
        peer.prepare(device, definition)


def _module_of(protocol_id: str, modules: frozenset[str]) -> str | None:
    """Return the most specific of the modules that may serve a protocol."""
    words = _words(protocol_id)
    names = ["_".join(words)]
    for count in range(len(words), 0, -1):
        brand, rest = "_".join(words[:count]), "_".join(words[count:])
        names += [f"{brand}.{rest}", f"{brand}{_PACKAGE}"]
    name = next((name for name in names if name in modules), None)
    return None if name is None else name.removesuffix(_PACKAGE)


def _words(protocol_id: str) -> list[str]:
    return protocol_id.replace("_", "-").split("-")


@cache
def _families() -> frozenset[str]:
    return frozenset(name for name in _modules(__path__) if name.partition(".")[0] not in _OTHERS)


@cache
def _peers() -> frozenset[str]:
    return frozenset(_modules([str(Path(path) / "peers") for path in __path__]))


def _modules(paths: Iterable[str], brand: str = "") -> Iterator[str]:
    """Return the names of the modules in folders, and those of their packages and the modules in them."""
    for path in paths:
        for module in pkgutil.iter_modules([path]):
            if not module.ispkg:
                yield brand + module.name
            elif not brand:
                yield module.name + _PACKAGE
                yield from _modules([str(Path(path) / module.name)], f"{module.name}.")
