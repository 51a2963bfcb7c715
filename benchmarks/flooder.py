"""A client that sends one kind of message as fast as it can: ``python -m benchmarks.flooder PORT KIND``.

It speaks the websocket protocol by itself, with frames made beforehand: what it costs is the server's time and not its own.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
import threading
import time
from collections.abc import Iterable

from benchmarks.devices import HANDSHAKE

DEVICES = 20
#: Messages of one frame: 94 KiB where they are StopCmds.
MESSAGES = 4096
#: Connects that are open at a time where these are the flood.
CONNECTS = 200

TEXT, PING = 0x81, 0x89

_UPGRADE = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def websocket_frame(payload: str, opcode: int = TEXT) -> bytes:
    """Return a client's frame, masked with zeros."""
    data = payload.encode()
    if len(data) < 126:
        length = bytes((0x80 | len(data),))
    elif len(data) < 1 << 16:
        length = b"\xfe" + len(data).to_bytes(2, "big")
    else:
        length = b"\xff" + len(data).to_bytes(8, "big")
    return bytes((opcode,)) + length + bytes(4) + data


def _messages(*kinds: tuple[str, dict[str, object]], count: int = MESSAGES) -> bytes:
    """Return a frame of so many messages, of these kinds in turns; a device index of -1 stands for each device in turn."""
    numbered = []
    for number, (name, fields) in zip(range(count), itertools.cycle(kinds), strict=False):
        body = {"Id": number + 1} | fields
        if body.get("DeviceIndex") == -1:
            body["DeviceIndex"] = number % DEVICES
        numbered.append({name: body})
    return websocket_frame(json.dumps(numbered, separators=(",", ":")))


def _output(level: int) -> tuple[str, dict[str, object]]:
    return "OutputCmd", {"DeviceIndex": -1, "FeatureIndex": 0, "Command": {"Vibrate": {"Value": level}}}


def _input(type_: str, feature: int, command: str) -> tuple[str, dict[str, object]]:
    return "InputCmd", {"DeviceIndex": -1, "FeatureIndex": feature, "Type": type_, "Command": command}


#: What is sent over and over, by kind.
KINDS: dict[str, bytes] = {
    "stops": _messages(("StopCmd", {})),
    "stops of each device": _messages(("StopCmd", {"DeviceIndex": -1})),
    "outputs": _messages(*(_output(level) for level in range(1, 98))),
    "outputs and stops": _messages(_output(1), ("StopCmd", {}), _output(2), ("StopCmd", {"DeviceIndex": -1})),
    "scans": _messages(("StartScanning", {}), ("StopScanning", {})),
    "battery reads": _messages(_input("Battery", 1, "Read")),
    "subscriptions": _messages(_input("Pressure", 2, "Subscribe"), _input("Pressure", 2, "Unsubscribe")),
    "sensors refused": _messages(_input("Pressure", 0, "Read")),
    "device lists": _messages(("RequestDeviceList", {})),
    "handshakes": _messages(("RequestServerInfo", {"ClientName": "again", "ProtocolVersionMajor": 4})),
    "pings": _messages(("Ping", {})),
    "unknown messages": _messages(("Pong", {"X": [1.0]})),
    "no messages": websocket_frame(f"[{','.join(['{}'] * MESSAGES)}]"),
    "one message a frame": websocket_frame('[{"StopCmd":{"Id":1}}]') * MESSAGES,
    "broken JSON": websocket_frame('[{"Ping":{"Id":1,"X":"\\ud800"}},{"StopCmd":{"Id":2}}]') * 1000,
    "long frames": websocket_frame(f'[{{"Ping":{{"Id":1,"X":[{"1," * 500_000}1]}}}}]'),
    "frames of too much": websocket_frame(f"[{'{},' * 300_000}{{}}]"),
    "frames over the limit": websocket_frame(f'[{{"Ping":{{"Id":1,"X":[{"1," * 1_000_000}1]}}}}]'),
    "blank frames": websocket_frame(" " * (1 << 20)),
    "arrays of blanks": websocket_frame(f"[{' ' * ((1 << 20) - 2)}]"),
    "arrays of empty arrays": websocket_frame(f"[{'[],' * 300_000}[]]"),
    "long strings": websocket_frame('["' + "\\u0041" * 170_000 + '"]'),
    "slow numbers": _messages(("Ping", {"Id": 1.0, "X": [1e300] * 400}), count=300),
    "empty frames": websocket_frame("") * 10_000,
    "websocket pings": websocket_frame("", PING) * 10_000,
    "websocket pings, nothing read": websocket_frame("x" * 125, PING) * 1_000,
    "pieces of a frame": b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 4000 + b"\x80\x80" + bytes(4),
    "connects": b"",
}


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(_UPGRADE.encode())
    connection.recv(4096)
    connection.sendall(websocket_frame(HANDSHAKE))
    connection.recv(4096)
    return connection


def _read_all(connection: socket.socket) -> None:
    try:
        while connection.recv(1 << 20):
            pass
    except OSError:
        pass


def _connect_over_and_over(port: int) -> None:
    kept: list[socket.socket] = []
    while True:
        try:
            kept.append(socket.create_connection(("127.0.0.1", port)))
            kept[-1].sendall(_UPGRADE.encode())
        except OSError:
            time.sleep(0.001)
        if len(kept) > CONNECTS:
            kept.pop(0).close()


def _flood(port: int, kind: str, frames: Iterable[bytes]) -> None:
    """Send frames while the server listens; start again on a new connection where it has cut the last one."""
    while True:
        try:
            connection = _connect(port)
        except ConnectionRefusedError:
            return
        if not kind.endswith("nothing read"):
            threading.Thread(target=_read_all, args=(connection,), daemon=True).start()
        try:
            for frame in frames:
                connection.sendall(frame)
        except OSError:
            time.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[2] == "connects":
        _connect_over_and_over(int(sys.argv[1]))
    _flood(int(sys.argv[1]), sys.argv[2], itertools.repeat(KINDS[sys.argv[2]]))
