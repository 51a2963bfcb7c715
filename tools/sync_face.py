"""Makes the classes of :mod:`buttplug.sync` from the asynchronous ones: ``python -m tools.sync_face``.

``--check`` writes nothing, and ends with 1 where a file is not what would be written. Each public method of an asynchronous
class becomes one with the same name, parameters and docstring that waits for its result. What differs in words is in
:data:`WORDS`.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from buttplug.client import ButtplugClient, ButtplugDevice, DeviceFeature
from buttplug.client.callbacks import CallbackAttributes
from buttplug.client.inputs import InputMethods
from buttplug.client.outputs import OutputMethods
from buttplug.client.playing import PatternMethods
from buttplug.funscript import FunscriptPlayer
from buttplug.server import ButtplugServer

FOLDER = Path(__file__).parents[1] / "buttplug" / "sync" / "face"
WIDTH = 127

#: The name of each asynchronous class in the synchronous face.
NAMES: Mapping[type, str] = {
    ButtplugClient: "Client",
    ButtplugDevice: "Device",
    DeviceFeature: "Feature",
    ButtplugServer: "Server",
    CallbackAttributes: "CallbackAttributes",
    OutputMethods: "OutputMethods",
    InputMethods: "InputMethods",
    PatternMethods: "PatternMethods",
    FunscriptPlayer: "FunscriptPlayer",
}

#: What a context manager is told of how it is left.
ERROR = "kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None"

#: What is for what runs in the event loop: listeners and connectors of a server, and what stops the features of a player.
LEFT_OUT = frozenset("open_session session_ended run_to_end warn_of_client why_full close_from_outside taken lost".split())

#: What is a plain attribute there: its name, type and words, and how the face has it.
ATTRIBUTES: Mapping[type, list[tuple[str, str, str, str]]] = {
    FunscriptPlayer: [("script", "Funscript", "What it plays.", "self._async.script")],
    DeviceFeature: [("device", "Device", "The device it is a part of.", "self._bridge.face(Device, self._async.device)")],
    ButtplugServer: [
        ("name", "str", "What clients are told.", "self._async.name"),
        ("is_open", "bool", "Whether it accepts clients.", "self._async.is_open"),
        (
            "simulated",
            "list[SimulatedDevice]",
            "The simulated devices, which tell what they were sent.",
            "self._async.simulated",
        ),
    ],
}

#: How what comes back is given out, by its type; the rest is given out as it is.
RESULTS = {
    "Device": "self._bridge.face(Device, {})",
    "list[Device]": "self._bridge.faces(Device, {})",
    "list[Feature]": "self._bridge.faces(Feature, {})",
    "dict[int, Device]": "self._bridge.faces_by_index(Device, {})",
    "dict[int, Feature]": "self._bridge.faces_by_index(Feature, {})",
}

#: The words of types, and what they become.
TYPES = [
    (r"\bButtplugDevice\b", "Device"),
    (r"\bDeviceFeature\b", "Feature"),
    (r"\bDevices\b", "dict[int, Device]"),
    (r"Awaitable\[float \| None\] \| ", ""),
    (r"\bAsync(Generator\[(\w+), None\]|Iterator\[(\w+)\])", r"Iteration[\2\3]"),
]

#: Words of docstrings, and what they become. Each is there, or there would be no need for it.
WORDS = [
    ("As an asynchronous context manager", "As a context manager"),
    ("A coroutine function may take its time", "It is asked in a thread, and may take its time"),
    ("``async for", "``for"),
    ("``async with", "``with"),
    ("async with ButtplugClient", "with Client"),
    ("async for", "for"),
    ("await ", ""),
    ("ButtplugClient", "Client"),
    ("ButtplugDevice.", "Device."),
    ("DeviceFeature", "Feature"),
    ("ButtplugServer", "Server"),
    (
        "; ``contextlib.aclosing`` makes that happen before the next line",
        "; used as a context manager it has ended before the next line",
    ),
    (
        "Callbacks may be plain functions or coroutine functions, may be",
        "Callbacks are called in a thread of their own, may be",
    ),
    (
        "The devices by index, always the current ones. A loop over them may ``await``; see :class:`Devices`.",
        "The devices by index, as they are now.",
    ),
    (
        "others through a :class:`buttplug.server.websocket.WebsocketListener`.",
        "programs elsewhere by a server that runs by itself, ``python -m buttplug.server``.",
    ),
]


class Part(NamedTuple):
    """A file of the face: its name, its first line, its imports, and the classes in it."""

    name: str
    title: str
    imports: str
    classes: list[type]
    ends_with: str = ""


#: A struct has no methods to make; it stands beside the feature that it refers to.
READING = '''

class Reading(Struct, frozen=True):
    """A value that a device reported by itself.

    Attributes:
        feature: The feature whose input it is.
        value: The value, in the range that the feature's ``inputs`` tell.
    """

    feature: Feature
    value: int
'''

PARTS = [
    Part(
        "outputs",
        "The outputs by name, for whatever has some: a feature, a device, or a client with all its devices.",
        """
        from buttplug.client import outputs
        from buttplug.client.command import CommandValue, DeviceOutputCommand
        from buttplug.sync.bridge import Bridge
        """,
        [OutputMethods],
    ),
    Part(
        "inputs",
        "The inputs, for whatever has some: a feature, or a device with all its features.",
        """
        from buttplug.client import inputs
        from buttplug.core.enums import InputType
        from buttplug.sync.bridge import Bridge
        """,
        [InputMethods],
    ),
    Part(
        "patterns",
        "Patterns, for whatever can play them: a feature, or a device with all its features.",
        """
        from buttplug.client import playing
        from buttplug.core.enums import OutputType
        from buttplug.patterns import Pattern
        from buttplug.sync.bridge import Bridge
        """,
        [PatternMethods],
    ),
    Part(
        "device",
        "A device and its features as the synchronous client sees them.",
        """
        from msgspec import Struct

        from buttplug.client.command import CommandValue, DeviceOutputCommand
        from buttplug.client.device import ButtplugDevice, DeviceFeature
        from buttplug.core.enums import InputCommandType, InputType, OutputType
        from buttplug.core.messages import InputLimits, OutputLimits
        from buttplug.sync.bridge import Bridge
        from buttplug.sync.face.inputs import InputMethods
        from buttplug.sync.face.outputs import OutputMethods
        from buttplug.sync.face.patterns import PatternMethods
        from buttplug.sync.iteration import Iteration
        """,
        [ButtplugDevice, DeviceFeature],
        READING,
    ),
    Part(
        "client",
        "The synchronous client: one connection at a time, the devices behind it, and what happens to them.",
        """
        from types import TracebackType
        from typing import Self

        from buttplug.client.callbacks import CallbackAttributes
        from buttplug.client.client import ButtplugClient
        from buttplug.client.command import DeviceOutputCommand
        from buttplug.client.connector import Connector
        from buttplug.sync.bridge import Bridge
        from buttplug.sync.callbacks import Callback, DeviceCallback, ErrorCallback
        from buttplug.sync.face.device import Device
        from buttplug.sync.face.outputs import OutputMethods
        from buttplug.sync.face.server import Server
        from buttplug.sync.iteration import Iteration
        from buttplug.sync.target import target_for
        from buttplug.sync.translation import ClientEvent
        """,
        [ButtplugClient],
    ),
    Part(
        "funscript",
        "The synchronous player of scripts.",
        """
        from collections.abc import Callable, Mapping
        from types import TracebackType
        from typing import Self

        from buttplug.funscript import player
        from buttplug.funscript.script import Funscript
        from buttplug.sync.face.device import Device, Feature
        from buttplug.sync.playing import axes_of, bridge_of, targets_of
        """,
        [FunscriptPlayer],
    ),
    Part(
        "server",
        "The synchronous server, for programs that have it inside.",
        """
        from collections.abc import Iterable
        from types import TracebackType
        from typing import Self, Unpack

        from buttplug.core.enums import OutputType
        from buttplug.hardware.base import CommunicationManager
        from buttplug.hardware.simulated import SimulatedDevice
        from buttplug.server.devices.configuration import DeviceConfiguration
        from buttplug.server.devices.settings import DeviceChanges, DeviceKey, OutputChanges
        from buttplug.server.server import ButtplugServer
        from buttplug.sync.bridge import Bridge
        """,
        [ButtplugServer],
    ),
]


def source_of(part: Part) -> str:
    """Return the text of a file."""
    head = f'"""{part.title}\n\nMade by python -m tools.sync_face from the asynchronous classes: change those instead.\n"""'
    imports = "from __future__ import annotations\n\n" + textwrap.dedent(part.imports).strip()
    return "\n\n".join([head, imports, *("\n" + class_source(class_) for class_ in part.classes)]) + "\n" + part.ends_with


def class_source(class_: type) -> str:
    """Return the text of a class."""
    bases = [NAMES[base] for base in class_.__bases__ if base in NAMES]
    head = f"class {NAMES[class_]}({', '.join(bases)}):" if bases else f"class {NAMES[class_]}:"
    lines = [head, *_docstring(class_.__doc__)]
    members = [_constructor(class_), *_repr(class_), *_members(class_)]
    return "\n".join([*lines, "", *_indented("\n\n".join("\n".join(member) for member in members))])


def face_type(annotation: str) -> str:
    """Return the type that the face has in the place of another one."""
    for pattern, replacement in TYPES:
        annotation = re.sub(pattern, replacement, annotation)
    return annotation


def members_of(class_: type) -> list[str]:
    """Return the names of what the face has of a class, without what it inherits from another class with a face."""
    return [
        name
        for name, value in vars(class_).items()
        if not name.startswith("_") and name not in LEFT_OUT and (callable(value) or isinstance(value, property))
    ]


def in_words(text: str) -> str:
    """Return a docstring's text for the face."""
    for words, replacement in WORDS:
        text = text.replace(words, replacement)
    return text


def _members(class_: type) -> Iterator[list[str]]:
    if "__aenter__" in vars(class_):
        yield from _context()
    yield from _attributes(class_)
    for name in members_of(class_):
        value = vars(class_)[name]
        if isinstance(value, property):
            yield from _property(name, value)
        else:
            yield _method(name, value, in_loop=class_ is FunscriptPlayer)


def _constructor(class_: type) -> list[str]:
    if class_ in (OutputMethods, InputMethods, PatternMethods):
        module = class_.__module__.rpartition(".")[2]
        return ["_bridge: Bridge", f"_async: {module}.{class_.__name__}"]
    if class_ in (ButtplugDevice, DeviceFeature):
        return [
            f"def __init__(self, bridge: Bridge, device: {class_.__name__}) -> None:",
            "    self._bridge = bridge",
            f"    self._async: {class_.__name__} = device",
        ]
    if class_ is FunscriptPlayer:
        return _player_constructor()
    stop, close = ("stop_all_devices", "disconnect") if class_ is ButtplugClient else ("stop_all", "close")
    initial = vars(class_)["__init__"]
    return [
        *_signature("__init__", initial),
        *_docstring(initial.__doc__),
        *_indented(_call(f"self._async: {class_.__name__} = {class_.__name__}", _passed_on(initial))),
        f"    self._bridge = Bridge(stop=self._async.{stop}, close=self._async.{close})",
        *(f"    self._{name}: {type_} = None" for name, type_ in _callbacks(class_)),
    ]


def _player_constructor() -> list[str]:
    passed_on = "script, *targets_of(targets), axes=axes_of(axes), speed=speed, offset=offset".split(", ")
    return [
        *_signature("__init__", vars(FunscriptPlayer)["__init__"]),
        "    self._bridge = bridge_of(targets, axes)",
        "    self._async: player.FunscriptPlayer = self._bridge.in_loop(",
        "        lambda: player.FunscriptPlayer(",
        *(f"            {word}," for word in [*passed_on, "clock=self._bridge.in_thread(clock)"]),
        "        )",
        "    )",
    ]


def _repr(class_: type) -> Iterator[list[str]]:
    if "__repr__" in vars(class_):
        result = "repr(self._async)"
        if class_.__name__ != NAMES[class_]:
            result += f'.replace("{class_.__name__}", "{NAMES[class_]}", 1)'
        yield ["def __repr__(self) -> str:", f"    return {result}"]


def _call(function: str, arguments: str) -> str:
    """Return a call as the formatter has it, in a method."""
    line = f"{function}({arguments})"
    if len(line) <= WIDTH - 8:
        return line
    if len(arguments) > WIDTH - 12:
        arguments = arguments.replace(", ", ",\n    ") + ","
    return f"{function}(\n    {arguments}\n)"


def _context() -> Iterator[list[str]]:
    yield ["def __enter__(self) -> Self:", "    self._bridge.run(self._async.__aenter__())", "    return self"]
    yield [
        f"def __exit__(self, {ERROR}) -> None:",
        "    self._bridge.run_to_end(self._async.__aexit__(kind, error, traceback))",
    ]


def _callbacks(class_: type) -> list[tuple[str, str]]:
    annotations = vars(class_).get("__annotations__", {})
    return [(name, type_) for name, type_ in annotations.items() if name.startswith("on_")]


def _attributes(class_: type) -> Iterator[list[str]]:
    """Yield what the asynchronous class has as plain attributes."""
    for name, type_, words, value in ATTRIBUTES.get(class_, ()):
        yield ["@property", f"def {name}(self) -> {type_}:", f'    """{words}"""', f"    return {value}"]
    for name, type_ in _callbacks(class_):
        words = _callback_words(class_, name)
        yield ["@property", f"def {name}(self) -> {type_}:", f'    """{words}"""', f"    return self._{name}"]
        yield [
            f"@{name}.setter",
            f"def {name}(self, callback: {type_}) -> None:",
            f"    self._async.{name} = self._bridge.in_thread(callback)",
            f"    self._{name} = callback",
        ]


def _callback_words(class_: type, name: str) -> str:
    match = re.search(rf"^ +{name}: (.*)$", class_.__doc__ or "", re.MULTILINE)
    if match is None:
        raise LookupError(f"the docstring of {class_.__name__} says nothing of {name}")
    return match[1]


def _property(name: str, value: property) -> Iterator[list[str]]:
    assert value.fget is not None
    type_ = face_type(inspect.signature(value.fget).return_annotation)
    result = RESULTS.get(type_, "{}").format(f"self._async.{name}")
    yield ["@property", f"def {name}(self) -> {type_}:", *_docstring(value.__doc__), f"    return {result}"]
    if value.fset is not None:
        yield [
            f"@{name}.setter",
            f"def {name}(self, {name}: {type_}) -> None:",
            f'    self._bridge.in_loop(lambda: setattr(self._async, "{name}", {name}))',
        ]


def _method(name: str, function: Callable[..., object], *, in_loop: bool = False) -> list[str]:
    type_ = face_type(inspect.signature(function).return_annotation)
    call = f"self._async.{name}({_passed_on(function)})"
    if inspect.iscoroutinefunction(function):
        run = "run_to_end" if name in ("disconnect", "close") else "run"
        call = f"self._bridge.{run}({call})"
    elif type_.startswith("Iteration["):
        call = f"self._bridge.iterate(lambda: {call})"
    elif in_loop:
        call = f"self._bridge.in_loop(lambda: {call})"
    else:
        passed_on = _passed_on(function)
        call = f"self._bridge.call(self._async.{name}{f', {passed_on}' if passed_on else ''})"
    result = RESULTS.get(type_, "{}").format(call)
    body = result if type_ == "None" else f"return {result}"
    return [*_signature(name, function), *_docstring(function.__doc__), f"    {body}"]


def _passed_on(function: Callable[..., object]) -> str:
    words = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        word = f"target_for({parameter.name}, self._bridge)" if "Server" in str(parameter.annotation) else parameter.name
        if parameter.kind is parameter.VAR_KEYWORD:
            word = f"**{word}"
        elif parameter.kind is parameter.KEYWORD_ONLY:
            word = f"{word}={word}"
        words.append(word)
    return ", ".join(words)


def _signature(name: str, function: Callable[..., object]) -> list[str]:
    """Return the lines of a function's head as the formatter has them."""
    signature = inspect.signature(function)
    words, is_marked = ["self"], False
    for parameter in list(signature.parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not is_marked:
            words.append("*")
            is_marked = True
        is_marked = is_marked or parameter.kind is parameter.VAR_POSITIONAL
        star = "**" if parameter.kind is parameter.VAR_KEYWORD else "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}".replace("'", '"')
        words.append(f"{star}{parameter.name}: {face_type(parameter.annotation)}{default}")
    end = f") -> {face_type(signature.return_annotation)}:"
    line = f"def {name}({', '.join(words)}{end}"
    # All of it stands in a class.
    if len(line) <= WIDTH - 4:
        return [line]
    if len(", ".join(words)) <= WIDTH - 8:
        return [f"def {name}(", f"    {', '.join(words)}", end]
    return [f"def {name}(", *(f"    {word}," for word in words), end]


def _docstring(text: str | None) -> list[str]:
    if text is None:
        return []
    lines = in_words(inspect.cleandoc(text)).splitlines()
    if len(lines) == 1:
        return _indented(f'"""{lines[0]}"""')
    return _indented("\n".join([f'"""{lines[0]}', *lines[1:], '"""']))


def _indented(text: str) -> list[str]:
    return [f"    {line}" if line else "" for line in text.splitlines()]


def main() -> int:
    wrong = []
    for part in PARTS:
        path, text = FOLDER / f"{part.name}.py", source_of(part)
        if not path.exists() or path.read_text() != text:
            wrong.append(path.name)
            if "--check" not in sys.argv[1:]:
                path.write_text(text)
    only_check = "--check" in sys.argv[1:]
    if wrong:
        sys.stdout.write(f"{'not as it would be written' if only_check else 'written'}: {', '.join(wrong)}\n")
    return int(only_check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
