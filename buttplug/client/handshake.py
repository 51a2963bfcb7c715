"""The beginning of a session: who is there, do both speak the same version, and which devices there are."""

from __future__ import annotations

from collections.abc import Callable

from buttplug.client.connection import Connection
from buttplug.core.errors import ButtplugConnectorError, ButtplugError, ButtplugHandshakeError
from buttplug.core.messages import (
    SPEC_MAJOR,
    SPEC_MINOR,
    DeviceList,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
)


async def shake_hands(
    connection: Connection,
    client_name: str,
    *,
    on_info: Callable[[ServerInfo], None],
    on_devices: Callable[[DeviceList], None],
) -> None:
    """Introduce the client, and give on what the server says of itself and which devices it has.

    Raises:
        ButtplugConnectorError: The connection broke, or the server did not answer.
        ButtplugHandshakeError: The server refused, or the two cannot talk to each other.
    """

    def take(reply: ServerMessage) -> None:
        if isinstance(reply, DeviceList):
            on_devices(reply)

    hello = RequestServerInfo(connection.next_id(), client_name, SPEC_MAJOR, SPEC_MINOR)
    try:
        info = await connection.request(hello, ServerInfo)
        _require_version(info)
        on_info(info)
        await connection.request(RequestDeviceList(connection.next_id()), DeviceList, on_reply=take)
    except (ButtplugConnectorError, ButtplugHandshakeError):
        raise
    except ButtplugError as error:
        raise ButtplugHandshakeError(error.message) from error


def _require_version(info: ServerInfo) -> None:
    if info.protocol_version_major < SPEC_MAJOR:
        raise ButtplugHandshakeError(
            f'The server "{info.server_name}" speaks version {info.protocol_version_major} of the protocol, '
            f"this client needs {SPEC_MAJOR}: update the server"
        )
