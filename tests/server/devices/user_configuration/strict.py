"""What the newest engine of the ecosystem takes: it does not start with anything else in a user's file."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
RANGE = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def list_of(item: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": least}


OUTPUTS = {
    name: {"type": "object", "properties": {"value": RANGE, "duration": RANGE, "disabled": FLAG, "reverse": FLAG}}
    for name in (
        *("vibrate", "rotate", "oscillate", "constrict", "spray", "temperature", "led", "position"),
        "hw_position_with_duration",
    )
}
PAIRS = closed({"pairs": list_of(closed({"vendor_id": COUNT, "product_id": COUNT}), 1)})
SERVICES = {"type": "object", "propertyNames": UUID, "additionalProperties": {"type": "object", "additionalProperties": UUID}}
COMMUNICATION = {
    "oneOf": [
        closed(
            {
                "btle": closed(
                    {"names": list_of(TEXT, 1), "services": {**SERVICES, "minProperties": 1}},
                    {
                        "manufacturer_data": list_of(closed({"company": COUNT}, {"data": list_of(COUNT)})),
                        "advertised_services": list_of(UUID),
                    },
                )
            }
        ),
        closed(
            {
                "serial": closed(
                    {"port": TEXT, "baud_rate": COUNT, "data_bits": COUNT, "parity": TEXT, "stop_bits": {"type": "number"}}
                )
            }
        ),
        closed({"websocket": closed({"name": TEXT})}),
        closed({"hid": PAIRS}),
        closed({"usb": PAIRS}),
    ]
}
MODEL = closed(
    {
        "identifier": list_of(TEXT, 1),
        "name": TEXT,
        "id": UUID,
        "features": list_of(
            closed({"index": COUNT, "id": UUID}, {"description": TEXT, "output": closed({}, OUTPUTS), "input": {}}), 1
        ),
    },
    {"protocol_variant": TEXT},
)
DEVICE = closed(
    {
        "identifier": closed({"protocol": TEXT, "address": TEXT}, {"identifier": TEXT}),
        "config": closed(
            {
                "id": UUID,
                "base_id": UUID,
                "features": list_of(
                    closed({"id": UUID, "base_id": UUID}, {"description": TEXT, "output": closed({}, OUTPUTS), "input": {}})
                ),
                "user_config": closed(
                    {"index": COUNT, "allow": FLAG, "deny": FLAG}, {"display_name": TEXT, "message_gap_ms": COUNT}
                ),
            },
            {"name": TEXT},
        ),
    }
)
FILE = closed(
    {
        "version": closed({"major": {"enum": [4, 5]}, "minor": COUNT}),
        "user_configs": closed(
            {},
            {
                "protocols": {
                    "type": "object",
                    "additionalProperties": closed(
                        {}, {"communication": list_of(COMMUNICATION), "configurations": list_of(MODEL)}
                    ),
                },
                "devices": list_of(DEVICE),
                "simulated_devices": list_of(closed({"identifier": TEXT, "address": TEXT}, {"display_name": TEXT})),
            },
        ),
    }
)

_VALIDATOR = Draft202012Validator(FILE)


def problems(content: object) -> list[str]:
    """What the engine would refuse in a file."""
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(content)]
