"""The program from its command line to its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from buttplug.core.access import read_token
from buttplug.core.version import __version__
from buttplug.server.buses import udev_rules
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.simulation import simulate_all
from buttplug.server.program import exit_codes
from buttplug.server.program.check import check
from buttplug.server.program.configured import import_settings, load_configuration
from buttplug.server.program.lifecycle import fail, logger
from buttplug.server.program.listings import device_lines, model_lines
from buttplug.server.program.log import logging_to
from buttplug.server.program.options import Options, parse
from buttplug.server.program.output import non_blocking_standard_output, occupy_standard_files
from buttplug.server.program.serve import repeat, serve
from buttplug.server.program.tls import server_tls


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for, which may be to run the server until a signal ends it; return the exit code."""
    occupy_standard_files()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    with ExitStack() as stack:
        if options.action is None:
            stack.enter_context(non_blocking_standard_output())
        try:
            stack.enter_context(logging_to(options.log_file, options.log_levels, options.log_format))
        except OSError as error:
            return fail(f"{options.log_file} cannot be written: {error.strerror or error}", exit_codes.FAILED)
        try:
            return _run(options)
        except ConfigurationError as error:
            return fail(error.message, exit_codes.FAILED)
        except BrokenPipeError:
            # Whoever read the list has seen enough.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 it stands in until the program ends
            return exit_codes.OK


def _run(options: Options) -> int:
    if options.action == "--server-version":
        return _print([__version__])
    if options.action == "--version":
        return _print([_version(DeviceConfiguration.load())])
    for warning in options.warnings:
        logger.warning("%s", warning)
    configuration = load_configuration(options)
    match options.action:
        case "--import-central":
            return _print([import_settings(options, configuration)])
        case "--udev-rules":
            return _print([udev_rules(configuration).rstrip("\n")])
        case "--list-devices":
            return _print(device_lines(configuration))
        case "--list-models":
            return _print(model_lines(configuration, options.search))
        case "--check":
            return exit_codes.OK if asyncio.run(check(options, configuration, _token(options))) else exit_codes.FAILED
    if options.ready_fd is not None:
        _require_open(options.ready_fd)
    tls = None if options.tls_cert is None or options.tls_key is None else server_tls(options.tls_cert, options.tls_key)
    if options.repeater is not None:
        return asyncio.run(repeat(options, options.repeater, tls, _token(options)))
    if options.use_simulated_devices and not configuration.simulated_devices:
        logger.warning("--use-simulated-devices does nothing: the user's settings have no simulated_devices")
    simulated = simulate_all(configuration, options.simulate)
    return asyncio.run(serve(options, configuration, simulated, tls, _token(options)))


def _token(options: Options) -> str | None:
    if options.token_file is None:
        return None
    try:
        return read_token(options.token_file)
    except OSError as error:
        raise ConfigurationError(f"{options.token_file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _require_open(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError as error:
        raise ConfigurationError(f"--ready-fd {descriptor} is not open: {error.strerror}") from None


def _version(configuration: DeviceConfiguration) -> str:
    version = f"{configuration.version.major}.{configuration.version.minor}"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"buttplug-server {__version__} (Python {python}, device configuration {version}, {len(configuration)} models)"


def _print(lines: Sequence[str]) -> int:
    print(*lines, sep="\n", flush=True)  # noqa: T201 it is what was asked for
    return exit_codes.OK
