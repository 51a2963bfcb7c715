"""Frames: what is read of them, and what is said of those that cannot be read."""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.codec import (
    MAX_FRAME,
    MAX_MESSAGE,
    MAX_MESSAGES,
    Malformed,
    decode_server_frame,
    encode,
    split_client_frame,
)
from buttplug.core.enums import ErrorCode
from buttplug.core.legacy.v3 import StopAllDevices, StopDeviceCmd
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    U32_MAX,
    ClientMessage,
    DeviceInfo,
    DeviceList,
    Disconnect,
    Error,
    FeatureInfo,
    InputCmd,
    InputLimits,
    InputReading,
    InputValue,
    Ok,
    OutputArguments,
    OutputCmd,
    OutputLimits,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ScanningFinished,
    ServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
    StopScanning,
)
from tests.cases import for_each

KINDS: tuple[type[ClientMessage | ServerMessage], ...] = (*CLIENT_MESSAGES, *SERVER_MESSAGES, StopDeviceCmd, StopAllDevices)
NAMES = [kind.__name__ for kind in KINDS]

ids = st.integers(1, U32_MAX)
u32 = st.integers(0, U32_MAX)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.integers(-(2**40), 2**40)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


arguments = st.builds(OutputArguments, maybe(values), maybe(values), maybe(values), maybe(st.booleans()))
client_messages: st.SearchStrategy[ClientMessage] = st.one_of(
    st.builds(RequestServerInfo, ids, words, maybe(u32), maybe(u32), maybe(u32)),
    *(st.builds(kind, ids) for kind in (Ping, Disconnect, StartScanning, StopScanning, RequestDeviceList)),
    st.builds(OutputCmd, ids, u32, u32, st.dictionaries(words, arguments, max_size=3)),
    st.builds(InputCmd, ids, u32, u32, words, words),
    st.builds(StopCmd, ids, maybe(u32), maybe(u32), maybe(st.booleans()), maybe(st.booleans())),
)

ranges = st.tuples(values, values)
outputs = st.dictionaries(words, st.builds(OutputLimits, ranges, maybe(ranges)), max_size=2)
inputs = st.dictionaries(words, st.builds(InputLimits, st.lists(ranges, max_size=2), st.lists(words, max_size=2)), max_size=2)
features = st.dictionaries(u32, st.builds(FeatureInfo, u32, words, outputs, inputs), max_size=2)
devices = st.dictionaries(u32, st.builds(DeviceInfo, u32, words, features, u32, maybe(words)), max_size=2)
server_messages: st.SearchStrategy[ServerMessage] = st.one_of(
    st.builds(ServerInfo, ids, words, u32, u32, u32),
    st.builds(Ok, ids),
    st.builds(Error, u32, words, st.sampled_from(ErrorCode)),
    st.builds(ScanningFinished, st.just(0)),
    st.builds(DeviceList, u32, devices),
    st.builds(InputReading, u32, u32, u32, st.dictionaries(words, st.builds(InputValue, values), min_size=1, max_size=1)),
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=10
)
fields = st.sampled_from(
    ["Id", "DeviceIndex", "FeatureIndex", "Command", "ClientName", "Type", "Inputs", "Value", "ProtocolVersionMajor"]
)
almost_messages = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.dictionaries(fields, anything, max_size=4) | anything, max_size=2), max_size=3
)


def one(frame: str | bytes) -> ClientMessage | Malformed:
    (message,) = decode_client_frame(frame)
    return message


def malformed(frame: str | bytes) -> Malformed:
    message = one(frame)
    assert isinstance(message, Malformed), message
    return message


# Every message there and back


@given(client_messages)
def test_a_client_message_is_read_as_it_was_sent(message: ClientMessage) -> None:
    assert decode_client_frame(encode(message)) == [message]


@given(server_messages)
def test_a_server_message_is_read_as_it_was_sent(message: ServerMessage) -> None:
    assert decode_server_frame(encode(message)) == [message]


@given(client_messages)
def test_text_and_bytes_are_read_alike(message: ClientMessage) -> None:
    assert decode_client_frame(encode(message).decode()) == [message]


@given(server_messages | client_messages)
def test_what_is_sent_has_one_key_per_object_no_null_and_no_fraction(message: ServerMessage | ClientMessage) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(f"{text} has a fraction")

    def check(value: object) -> None:
        assert value is not None
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(inner)

    frame = json.loads(encode(message), parse_float=refuse)
    check(frame)
    ((name,),) = frame
    assert name == type(message).__name__


@for_each(
    ("message", "frame"),
    [
        (Ok(7), b'[{"Ok":{"Id":7}}]'),
        (Error(0, "it broke", ErrorCode.DEVICE), b'[{"Error":{"Id":0,"ErrorMessage":"it broke","ErrorCode":4}}]'),
        (
            ServerInfo(1, "Desk server", 0, 4, 0),
            b'[{"ServerInfo":{"Id":1,"ServerName":"Desk server","MaxPingTime":0,'
            b'"ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]',
        ),
        (DeviceList(3, {}), b'[{"DeviceList":{"Id":3,"Devices":{}}}]'),
        (
            DeviceList(
                0,
                {2: DeviceInfo(2, "Stroker", {4: FeatureInfo(4, "", {}, {"Battery": InputLimits([(0, 100)], ["Read"])})}, 50)},
            ),
            b'[{"DeviceList":{"Id":0,"Devices":{"2":{"DeviceIndex":2,"DeviceName":"Stroker",'
            b'"DeviceFeatures":{"4":{"FeatureIndex":4,"FeatureDescription":"",'
            b'"Input":{"Battery":{"Value":[[0,100]],"Command":["Read"]}}}},"DeviceMessageTimingGap":50}}}}]',
        ),
        (
            InputReading(0, 2, 4, {"Battery": InputValue(87)}),
            b'[{"InputReading":{"Id":0,"DeviceIndex":2,"FeatureIndex":4,"Reading":{"Battery":{"Value":87}}}}]',
        ),
    ],
)
def test_what_is_sent_looks_like_this(message: ServerMessage, frame: bytes) -> None:
    assert encode(message) == frame


# Nothing raises


def check_answerable(
    messages: Sequence[ClientMessage | ServerMessage | Malformed], kind: type[ClientMessage] | type[ServerMessage]
) -> None:
    assert messages, "something has to be said of every frame"
    for message in messages:
        assert isinstance(message, (kind, Malformed))
        assert 0 <= message.id <= U32_MAX
        if isinstance(message, Malformed):
            assert message.reason


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_and_any_text_give_messages_or_a_reason(frame: str | bytes) -> None:
    check_answerable(decode_client_frame(frame), ClientMessage)
    check_answerable(decode_server_frame(frame), ServerMessage)


@given(anything | almost_messages)
def test_any_json_gives_messages_or_a_reason(value: object) -> None:
    frame = json.dumps(value)
    check_answerable(decode_client_frame(frame), ClientMessage)
    check_answerable(decode_server_frame(frame), ServerMessage)


@given(st.lists(client_messages, min_size=1, max_size=3), st.data())
def test_a_frame_cut_or_bent_anywhere_gives_messages_or_a_reason(messages: list[ClientMessage], data: st.DataObject) -> None:
    frame = b"[" + b",".join(encode(message)[1:-1] for message in messages) + b"]"
    at = data.draw(st.integers(0, len(frame) - 1))
    bent = frame[:at] + data.draw(st.binary(max_size=3)) + frame[at + data.draw(st.integers(0, 3)) :]
    check_answerable(decode_client_frame(bent), ClientMessage)


# Several messages


def test_one_bad_message_does_not_cost_the_others() -> None:
    assert decode_client_frame('[{"Ping":{"Id":1}},{"Pong":{"Id":2}},5,{"Ping":{"Id":3}}]') == [
        Ping(1),
        Malformed('unknown message "Pong"', 2, "Pong"),
        Malformed("a message is an object"),
        Ping(3),
    ]


def test_messages_are_read_in_order_and_ids_may_repeat() -> None:
    assert decode_client_frame('[{"Ping":{"Id":9}},{"StopCmd":{"Id":9}},{"Ping":{"Id":1}}]') == [Ping(9), StopCmd(9), Ping(1)]


@for_each("space", ["", " ", "\n\r\t  "])
def test_several_arrays_in_one_frame_are_read_one_after_the_other(space: str) -> None:
    arrays = ['[{"Ping":{"Id":1}}]', '[{"Ping":{"Id":2}},{"Nothing":{"Id":3}}]', '[{"Ping":{"Id":4}}]']
    assert decode_client_frame(space + space.join(arrays) + space) == [
        Ping(1),
        Ping(2),
        Malformed('unknown message "Nothing"', 3, "Nothing"),
        Ping(4),
    ]


@for_each("rest", ["[", "x", "{}", ",", "[{]", "\u00a0[]"])
def test_of_several_arrays_none_is_read_when_one_is_broken(rest: str) -> None:
    found = malformed('[{"Ping":{"Id":1}}]' + rest)
    assert found.id == 0
    assert found.reason.startswith("not a JSON array of messages: ")


def test_a_frame_may_hold_many_messages_but_not_any_number() -> None:
    ping = '{"Ping":{"Id":1}}'
    assert len(decode_client_frame(f"[{','.join([ping] * MAX_MESSAGES)}]")) == MAX_MESSAGES
    for element in (ping, "1", "{}"):
        frame = f"[{','.join([element] * (MAX_MESSAGES + 1))}]"
        assert malformed(frame) == Malformed("a frame may hold 4096 messages and no more; of these only stops were read")
    many = ",".join([ping] * 1500 + ['{"StopCmd":{"Id":2}}'] + ["{}"] * MAX_MESSAGES)
    assert decode_client_frame(f"[{many}]")[0] == StopCmd(2)
    assert malformed("[1]" * (MAX_MESSAGES + 1)).reason == "not a JSON array of messages: it has more than 4096 of them"


@for_each(
    "frame",
    [
        "[?",
        "[?,",
        "[?,,]",
        "[?,]",
        '[{"Ping":{"Id":1}},?',
        '[?,{"Ping":{"Id":1}},{"Pi',
        '[{"OutputCmd":{"Id":1,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":9}}}},?]]',
        '[?][{"Ping":{"Id":1}}] rubbish',
        '[?,"a string without an end',
        f"[?,{'[' * 600_000}",
        f"[{'{},' * 4000}?,{'{},' * 4000}{{}}]",
        f"[{'{},' * 500_000}{{}}",
        f"[?,{'{},' * 500_000}{{}}",
    ],
    ids=lambda frame: f"{frame[:30]} {len(frame)}",
)
@for_each(
    ("stop", "message"),
    [
        ('{"StopCmd":{"Id":7}}', StopCmd(7)),
        (' { "StopCmd" : {"DeviceIndex":3,"Id":7}}\n', StopCmd(7, 3)),
        ('{"StopAllDevices":{"Id":7}}', StopCmd(7)),
    ],
)
def test_a_stop_is_read_also_of_a_frame_that_is_refused_and_nothing_else_is(frame: str, stop: str, message: StopCmd) -> None:
    *stops, refused = decode_client_frame(frame.replace("?", stop))
    assert stops == ([message] if "?" in frame else [])
    assert isinstance(refused, Malformed)


# What is said of what cannot be read


@for_each(
    ("frame", "reason"),
    [
        ("[]", "an empty array is no message"),
        (" [ ] ", "an empty array is no message"),
        ("[][]", "an empty array is no message"),
        ("{}", "not a JSON array of messages: it is no array"),
        ('{"Ping":{"Id":1}}', "not a JSON array of messages: it is no array"),
        ("null", "not a JSON array of messages: it is no array"),
        ("1", "not a JSON array of messages: it is no array"),
        ('"text"', "not a JSON array of messages: it is no array"),
        ('{"a":[1]}', "not a JSON array of messages: it is no array"),
        ("]", "not a JSON array of messages: it is no array"),
        ('["', "not a JSON array of messages: a string in it has no end"),
        ("[", 'not a JSON array of messages: it ends before a "]"'),
        ("[" * 100_000, 'not a JSON array of messages: it ends before a "]"'),
        ("[" * 500_000, "not a JSON array of messages: there is far more in it than messages have"),
        ('[{"Ping":{"Id":1}', 'not a JSON array of messages: it ends before a "}"'),
        ('[{"Ping":{"Id":1]}}', 'not a JSON array of messages: a "]" in it closes nothing'),
        ('[{"Ping":{"Id":1}},]', "not a JSON array of messages: a message is missing between two commas or at the end"),
        ('[,{"Ping":{"Id":1}}]', "not a JSON array of messages: a message is missing between two commas or at the end"),
        ("[NaN]", "a message is not JSON: JSON is malformed: invalid character (byte 0)"),
        ("[1]", "a message is an object"),
        ("[[]]", "a message is an object"),
        ("[null]", "a message is an object"),
        ('["Ping"]', "a message is an object"),
        ("[{}]", "a message is an object with one key, not 0"),
        ('[{"Ping":{"Id":1},"StopCmd":{"Id":2}}]', "a message is an object with one key, not 2"),
    ],
)
def test_a_frame_or_element_without_an_id_is_refused_without_one(frame: str, reason: str) -> None:
    assert malformed(frame) == Malformed(reason)


@for_each(
    "frame",
    [
        "garbage",
        '[{"Ping":{"Id":1}}] // comment',
        '/* comment */ [{"Ping":{"Id":1}}]',
        '\ufeff[{"Ping":{"Id":1}}]',
        b'[{"P\xffng":{"Id":1}}]',
        b"\xff\xfe[\x00",
    ],
)
def test_what_is_no_array_at_all_is_refused_without_an_id(frame: str | bytes) -> None:
    found = malformed(frame)
    assert (found.id, found.name) == (0, "")
    assert found.reason.startswith("not a JSON array of messages: ")


@for_each(
    ("message", "id_"),
    [
        ('{"Ping":{"Id":5,"X":"\\ud800"}}', 5),
        ('{"Ping":{"Id":5,"X":"\\udc00\\ud800"}}', 5),
        ('{"Ping":{"X":"\\ud800","Id":5}}', 5),
        ('{"RequestServerInfo":{"Id":5,"ClientName":"\\uDEAD","ProtocolVersionMajor":4}}', 5),
        ('{"Pi\\ud800ng":{"Id":5}}', 5),
        ('{"Ping":{"Id":5,"X":"\n"}}', 5),
        ('{"Ping":{"Id":5,"X":"\0"}}', 5),
        ('{"Ping":{"Id":5,"X":"\\x"}}', 5),
        ('{"Ping":{"Id":5,"X":NaN}}', 5),
        ('{"Ping":{"Id":5,"X":-Infinity}}', 5),
        ('{"Ping":{"Id":NaN}}', 0),
        ('{"Ping":{"Id":5,}}', 5),
        ('{"Ping":{"Id":5,"X":}}', 5),
        ('{"Ping":{"Id":5,"X":01}}', 5),
        ('{"Ping":{"Id":5,"X":[1 2]}}', 5),
        ('{"Ping":{"Id":5} 7}', 5),
        (f'{{"Ping":{{"Id":5,"X":{"[" * 10_000}{"]" * 10_000}}}}}', 5),
        (f'{{"Ping":{{"Id":5,"X":"\\ud800{"x" * 20_000}"}}}}', 5),
        ("{Ping:{Id:5}}", 0),
        ("{'Ping':{'Id':5}}", 0),
        ("\ud800", 0),
        ("truth", 0),
        ("/* comment */", 0),
        ('{"Ping":{"Id":99999999999,"X":NaN}}', 0),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_message_that_is_not_json_costs_only_itself(message: str, id_: int) -> None:
    before, broken, after = decode_client_frame(f'[{{"Ping":{{"Id":1}}}},{message},{{"StopCmd":{{"Id":2}}}}]')
    assert (before, after) == (Ping(1), StopCmd(2))
    assert isinstance(broken, Malformed)
    assert broken.id == id_
    assert broken.reason.isprintable()


@for_each(
    "body",
    ["1", "[]", "null", '"x"', "true", "{}", '{"id":1}']
    + [
        f'{{"Id":{id_}}}'
        for id_ in (
            "null",
            "0",
            "0.0",
            "-1",
            "4294967296",
            "4294967296.0",
            "1e300",
            "1e400",
            '"1"',
            "true",
            "1.5",
            "[1]",
            "{}",
        )
    ],
)
@for_each("name", ["Ping", "OutputCmd", "Ok", "Nonsense"])
def test_a_message_without_a_readable_id_is_refused_without_one(name: str, body: str) -> None:
    found = malformed(f'[{{"{name}":{body}}}]')
    assert found.id == 0
    assert found.reason


@for_each("name", [kind.__name__ for kind in SERVER_MESSAGES])
def test_a_message_that_only_servers_send_is_refused_with_its_id(name: str) -> None:
    assert malformed(f'[{{"{name}":{{"Id":4,"X":[]}}}}]') == Malformed(f"{name} is not for a client to send", 4, name)


def test_a_client_refuses_what_only_clients_send() -> None:
    assert decode_server_frame('[{"Ping":{"Id":4}}]') == [Malformed("Ping is not for a server to send", 4, "Ping")]


@for_each("name", ["Foo", "ping", ""])
def test_an_unknown_message_is_refused_with_its_id(name: str) -> None:
    assert malformed(f'[{{"{name}":{{"Id":4294967295,"Speed":0.5}}}}]') == Malformed(
        f'unknown message "{name}"', 4294967295, name
    )


@for_each("name", ["\\u001b[31m", "a\\nERROR forged", "\\u202e", "\\u0000", "\\u2028"])
def test_an_unknown_name_is_told_without_what_could_disturb_a_log(name: str) -> None:
    found = malformed(f'[{{"{name}":{{"Id":1}}}}]')
    assert found.reason.isprintable()
    assert found.name.isprintable()
    assert "?" in found.name


def test_of_an_endless_name_only_the_beginning_is_told() -> None:
    assert malformed(f'[{{"{"x" * 1000}":{{"Id":1}}}}]') == Malformed(f'unknown message "{"x" * 64}"', 1, "x" * 64)


@for_each(
    ("message", "reason"),
    [
        ('"RequestServerInfo":{"Id":3}', 'RequestServerInfo: Object missing required field "ClientName"'),
        (
            '"RequestServerInfo":{"Id":3,"ClientName":null}',
            'RequestServerInfo: Object missing required field "ClientName"',
        ),
        (
            '"RequestServerInfo":{"Id":3,"ClientName":"x","ProtocolVersionMajor":-1}',
            'RequestServerInfo: Expected "int" >= 0 - at "ProtocolVersionMajor"',
        ),
        (
            '"RequestServerInfo":{"Id":3,"ClientName":"x","MessageVersion":0.5}',
            'RequestServerInfo: Expected "int | null", got "float" - at "MessageVersion"',
        ),
        (
            '"RequestServerInfo":{"Id":3,"ClientName":"x","MessageVersion":"3"}',
            'RequestServerInfo: Expected "int | null", got "str" - at "MessageVersion"',
        ),
        (
            '"RequestServerInfo":{"Id":3,"ClientName":"x","MessageVersion":true}',
            'RequestServerInfo: Expected "int | null", got "bool" - at "MessageVersion"',
        ),
        ('"OutputCmd":{"Id":3}', 'OutputCmd: Object missing required field "DeviceIndex"'),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0}',
            'OutputCmd: Object missing required field "Command"',
        ),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":-1,"FeatureIndex":0,"Command":{}}',
            'OutputCmd: Expected "int" >= 0 - at "DeviceIndex"',
        ),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":4294967296,"Command":{}}',
            'OutputCmd: Expected "int" <= 4294967295 - at "FeatureIndex"',
        ),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":7}}',
            'OutputCmd: Expected "object", got "int" - at "Command[...]"',
        ),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":0.5}}}',
            'OutputCmd: Expected "int | null", got "float" - at "Command[...].Value"',
        ),
        (
            '"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":"7"}}}',
            'OutputCmd: Expected "int | null", got "str" - at "Command[...].Value"',
        ),
        (
            '"InputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":-1,"Type":"Battery","Command":"Read"}',
            'InputCmd: Expected "int" >= 0 - at "FeatureIndex"',
        ),
        (
            '"InputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0,"Type":"Battery","Command":3}',
            'InputCmd: Expected "str", got "int" - at "Command"',
        ),
        ('"StopCmd":{"Id":3,"Inputs":1}', 'StopCmd: Expected "bool | null", got "int" - at "Inputs"'),
        ('"StopDeviceCmd":{"Id":3}', 'StopDeviceCmd: Object missing required field "DeviceIndex"'),
        ('"StopDeviceCmd":{"Id":3,"DeviceIndex":-1}', 'StopDeviceCmd: Expected "int" >= 0 - at "DeviceIndex"'),
    ],
)
def test_a_message_with_wrong_fields_is_refused_with_its_id_and_the_field(message: str, reason: str) -> None:
    assert malformed(f"[{{{message}}}]") == Malformed(reason, 3, message[1 : message.index('"', 1)])


# What is read generously


@for_each(
    ("frame", "message"),
    [
        ('[{"Ping":{"Id":1.0}}]', Ping(1)),
        ('[{"Ping":{"Id":4.294967295e9}}]', Ping(U32_MAX)),
        ('[{"Ping":{"Id":1,"New":{"Deep":[null,0.5]}}}]', Ping(1)),
        ('[{"StopCmd":{"Id":1,"DeviceIndex":null,"FeatureIndex":null,"Inputs":null,"Outputs":null}}]', StopCmd(1)),
        ('[{"StopCmd":{"Id":1,"DeviceIndex":2.0,"Inputs":false}}]', StopCmd(1, 2, None, False)),
        ('[{"StopDeviceCmd":{"Id":1,"DeviceIndex":2}}]', StopCmd(1, 2)),
        ('[{"StopDeviceCmd":{"Id":1,"DeviceIndex":2.0}}]', StopCmd(1, 2)),
        ('[{"StopAllDevices":{"Id":1}}]', StopCmd(1)),
        ('[{"RequestServerInfo":{"Id":1,"ClientName":"","MessageVersion":null}}]', RequestServerInfo(1, "")),
        (
            '[{"RequestServerInfo":{"Id":1,"ClientName":"x","ProtocolVersionMajor":4.0,"ProtocolVersionMinor":0}}]',
            RequestServerInfo(1, "x", 4, 0),
        ),
        (
            '[{"OutputCmd":{"Id":1,"DeviceIndex":0.0,"FeatureIndex":3.0,"Command":{"HwPositionWithDuration":'
            '{"Value":10.0,"Duration":2.5e2}}}}]',
            OutputCmd(1, 0, 3, {"HwPositionWithDuration": OutputArguments(10, 250)}),
        ),
        (
            '[{"OutputCmd":{"Id":1,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":-0.0,"Speed":null}}}}]',
            OutputCmd(1, 0, 0, {"Vibrate": OutputArguments(0)}),
        ),
        ('[{"Ping":{"Id":1,"Id":2}}]', Ping(2)),
        ('[{"Ping":{"Id":1},"Ping":{"Id":2}}]', Ping(2)),
    ],
)
def test_integral_floats_nulls_unknown_fields_and_duplicate_keys_are_taken(frame: str, message: ClientMessage) -> None:
    assert one(frame) == message


VIBRATE = '[{"OutputCmd":{"Id":1,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":?}}}}]'


@for_each("digits", [20, 400, 4300])
def test_a_huge_integer_is_a_value_like_any_other(digits: int) -> None:
    message = one(VIBRATE.replace("?", "9" * digits))
    assert isinstance(message, OutputCmd)
    assert message.command["Vibrate"].value == 10**digits - 1


@for_each(
    ("number", "reason"),
    [("9" * 5000, "out of range"), ("1e300", 'got "float"'), ("1e400", 'got "float"'), ("-1e400", 'got "float"')],
)
def test_a_number_beyond_any_is_refused_with_the_id(number: str, reason: str) -> None:
    found = malformed(VIBRATE.replace("?", number))
    assert found.id == 1
    assert reason in found.reason


def test_a_message_of_many_huge_numbers_takes_no_longer_than_another() -> None:
    def seconds(number: str) -> float:
        frame = f'[{{"Ping":{{"Id":1.0,"X":[{",".join([number] * 600)}]}}}}]'
        assert one(frame) == Ping(1)
        return min(timeit.repeat(lambda: one(frame), number=1, repeat=5))

    assert seconds("1e300") < 8 * seconds("1.5e0")


def test_integral_floats_of_a_server_are_taken_too_in_events_as_well() -> None:
    assert decode_server_frame(
        '[{"InputReading":{"Id":0.0,"DeviceIndex":1.0,"FeatureIndex":2,"Reading":{"Battery":{"Value":5.0}}}}]'
    ) == [InputReading(0, 1, 2, {"Battery": InputValue(5)})]


DEVICE = '{"DeviceIndex":2,"DeviceName":"Toy","DeviceFeatures":{"4":{"FeatureIndex":4%s}}%s}'


@for_each(
    ("feature", "device"),
    [
        ("", ""),
        (',"FeatureDescription":"","Output":{},"Input":{}', ',"DeviceMessageTimingGap":0'),
        (
            ',"FeatureDescription":null,"Output":null,"Input":null',
            ',"DeviceMessageTimingGap":null,"DeviceDisplayName":null,"Colour":null',
        ),
        (',"FeatureIndex":4.0', ',"DeviceMessageTimingGap":0.0'),
    ],
)
def test_what_other_servers_leave_out_or_null_is_absent(feature: str, device: str) -> None:
    frame = f'[{{"DeviceList":{{"Id":3,"Devices":{{"2":{DEVICE % (feature, device)}}}}}}}]'
    assert decode_server_frame(frame) == [DeviceList(3, {2: DeviceInfo(2, "Toy", {4: FeatureInfo(4)})})]


def test_what_other_clients_need_is_sent_even_if_it_is_empty() -> None:
    assert encode(DeviceList(3, {2: DeviceInfo(2, "Toy", {4: FeatureInfo(4)})})) == (
        b'[{"DeviceList":{"Id":3,"Devices":{"2":{"DeviceIndex":2,"DeviceName":"Toy",'
        b'"DeviceFeatures":{"4":{"FeatureIndex":4,"FeatureDescription":""}},"DeviceMessageTimingGap":0}}}}]'
    )


# Size and depth


@for_each("depth", [100, 1_000, 100_000, 500_000])
@for_each("where", ["%s%s", '[{"Ping":%s%s}]', '[{"Ping":{"Id":1,"X":%s%s}}]', '[{"Ping":{"Id":1.0,"X":%s%s}}]'])
def test_nesting_never_harms(where: str, depth: int) -> None:
    (message,) = decode_client_frame(where % ("[" * depth, "]" * depth))
    assert message == Ping(1) or (isinstance(message, Malformed) and message.id in (0, 1))


def test_too_deep_is_said_to_be_so() -> None:
    found = malformed(f'[{{"Ping":{{"Id":1,"X":{"[" * 10_000}{"]" * 10_000}}}}}]')
    assert found == Malformed("a message cannot be read: it is nested too deeply", 1, "Ping")


def frame_of(size: int, messages: str) -> str:
    """Return a frame of exactly that many characters."""
    frame = f'[{messages},{{"Ping":{{"Id":3,"Padding":""}}}}]'
    return frame.replace('""', f'"{"x" * (size - len(frame))}"')


def padded_ping(size: int) -> str:
    """Return a message of exactly that many characters."""
    message = '{"Ping":{"Id":3,"Padding":""}}'
    return message.replace('""', f'"{"x" * (size - len(message))}"')


def test_a_frame_at_the_limit_is_read() -> None:
    frame = frame_of(MAX_FRAME, ",".join([padded_ping(MAX_MESSAGE)] * 15))
    assert len(frame) == MAX_FRAME == 1_048_576
    assert decode_client_frame(frame) == [Ping(3)] * 16


def test_of_a_message_over_the_limit_only_that_one_is_refused_with_its_id() -> None:
    assert MAX_MESSAGE == 65_536
    assert decode_client_frame(f'[{padded_ping(MAX_MESSAGE + 1)},{{"StopCmd":{{"Id":1}}}}]') == [
        Malformed("a message of 65537 characters is over the limit of 65536", 3, "Ping"),
        StopCmd(1),
    ]


def test_a_server_may_send_a_message_as_long_as_a_frame() -> None:
    list_ = DeviceList(1, {index: DeviceInfo(index, "x" * 1000, {}) for index in range(900)})
    assert len(encode(list_)) > MAX_MESSAGE
    assert decode_server_frame(encode(list_)) == [list_]


@for_each(
    "frame",
    [
        f"[{'{},' * 30_000}{{}}]",
        f'[{{"Ping":{{"Id":1,"X":[{"1," * 100_000}1]}}}}]',
        "[1]" * 30_000,
        f"[{'1,' * 50_000}1]",
        f'[{{"Ping":{{"Id":1,"X":{"[" * 50_000}{"]" * 50_000}}}}}]',
        f'[{{"Ping":{{"Id":1,"X":[{"1," * MAX_FRAME}1]}}}}]',
        " " * MAX_FRAME,
        f"[{' ' * MAX_FRAME}]",
        f'[{{"Ping":{{"Id":{"9" * MAX_FRAME}}}}}]',
        f'["{"x" * MAX_FRAME}"]',
        f'["{chr(92) * MAX_FRAME}"]',
        f'[{{"Ping":{{"Id":1,"X":"{"x" * 50_000}"}}}},{{"Ping":{{"Id":1,"X":"{"x" * 50_000}"}}}}]',
    ],
    ids=lambda frame: f"{frame[:12]} {len(frame)}",
)
def test_a_long_frame_is_read_in_steps(frame: str) -> None:
    steps = 0
    longest = 0.0
    reading = split_client_frame(frame)
    began = time.process_time()
    for _ in reading:
        steps += 1
        longest = max(longest, time.process_time() - began)
        began = time.process_time()
    assert steps > 15
    # Less than a millisecond is usual, of all steps together some tens or hundreds.
    assert longest < 0.05


@for_each("blank", [" ", "\n", "\t", "7"])
@for_each("where", ["[?{}]", "[{}?]", "[?]", '[{"Ping":{"Id":1,"X":?}}]'])
def test_a_frame_may_have_blanks_but_not_only_these(blank: str, where: str) -> None:
    assert malformed(where.replace("?", blank * 100_000)).reason == (
        "not a JSON array of messages: there is far more in it than messages have"
    )


@for_each(
    "string",
    ["x" * 60_000, "\\u0041" * 10_000, '\\"' * 30_000, "[]{}," * 10_000, "\\\\" * 30_000, "x" * 511 + "\\n" + "x" * 510],
)
def test_a_string_of_any_length_is_one_string(string: str) -> None:
    frame = f'[{{"Ping":{{"Id":1,"X":"{string}"}}}},nothing,{{"StopCmd":{{"Id":2}}}}]'
    ping, _, stop = decode_client_frame(frame)
    assert (ping, stop) == (Ping(1), StopCmd(2))


@given(st.text('x\\" ', max_size=30), st.integers(480, 520))
def test_a_string_ends_where_it_ends_also_at_the_end_of_a_piece(string: str, before: int) -> None:
    frame = f'[{{"Ping":{{"Id":1,"{"y" * before}":{json.dumps(string)}}}}},nothing,{{"StopCmd":{{"Id":2}}}}]'
    ping, _, stop = decode_client_frame(frame)
    assert (ping, stop) == (Ping(1), StopCmd(2))


def test_of_a_frame_over_the_limit_every_message_but_a_stop_is_refused_with_its_id() -> None:
    reason = "a frame of 1048577 bytes is over the limit of 1048576"
    assert decode_client_frame(frame_of(MAX_FRAME + 1, '{"StopCmd":{"Id":1}},{"Foo":{}}')) == [
        StopCmd(1),
        Malformed(reason, 0, "Foo"),
        Malformed(reason, 3, "Ping"),
    ]


@for_each("frame", ["x" * (MAX_FRAME + 1), " " * (MAX_FRAME + 1), "[" * (MAX_FRAME + 1)])
def test_a_frame_over_the_limit_without_messages_is_refused_without_an_id(frame: str) -> None:
    assert malformed(frame) == Malformed("a frame of 1048577 bytes is over the limit of 1048576")


@for_each(
    "frame",
    [
        "[]" * (MAX_FRAME // 2),
        "[1]" * (MAX_FRAME // 3),
        "[] " * (MAX_FRAME // 3),
        f"[{'1,' * (MAX_FRAME // 2 - 2)}1]",
        f"[{'{},' * (MAX_FRAME // 3 - 2)}1]",
        f"[{'{},' * (MAX_FRAME // 3 - 2)}{{}}]",
        " " * MAX_FRAME,
        f'[{{"Ping":{{"Id":1,"X":[{"1.0," * (MAX_FRAME // 5)}"x"],"Id":1.5}}}}]',
    ],
    ids=lambda frame: frame[:12],
)
def test_no_frame_keeps_the_server_busy_for_long(frame: str) -> None:
    began = time.process_time()
    decode_client_frame(frame)
    # A few hundredths of a second are usual; what grows with the square of the length takes minutes.
    assert time.process_time() - began < 2.0


def test_a_reason_never_contains_the_structs_names() -> None:
    for name in NAMES:
        for body in ("1", '{"Id":1e400}', "{}", '{"Id":1}', '{"Id":"x"}', '{"Id":1,"Command":1}'):
            for message in decode_client_frame(f'[{{"{name}":{body}}}]'):
                if isinstance(message, Malformed):
                    assert "`" not in message.reason
                    assert "$" not in message.reason
