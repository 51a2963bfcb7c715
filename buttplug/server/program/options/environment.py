"""Options that are set by environment variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from buttplug.server.program.options.parser import Ask, Collect, Parser

PREFIX = "BUTTPLUG_"


def from_environment(parser: Parser, environment: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Return the variables that set options, each with the words of a command line that say the same."""
    for option, action in parser._option_string_actions.items():
        value = environment.get(_variable(option))
        if value is None or not _is_settable(parser, option) or isinstance(action, Ask):
            continue
        variable = _variable(option)
        if isinstance(action, Collect):
            yield variable, [f"{option}={part.strip()}" for part in value.split(",")]
        elif action.nargs != 0:
            yield variable, [f"{option}={value}"]
        elif value.lower() in ("1", "true", "yes", "on"):
            yield variable, [option]
        elif value.lower() not in ("0", "false", "no", "off", ""):
            parser.source = ""
            parser.error(f'{variable}: "{value}" is neither yes nor no')
        elif f"--no-{option[2:]}" in parser._option_string_actions:
            yield variable, [f"--no-{option[2:]}"]


def misspelt(parser: Parser, environment: Mapping[str, str]) -> Iterator[str]:
    """Return a sentence about each variable that looks like ours and sets nothing."""
    known = {_variable(option) for option in parser._option_string_actions if not parser.turns_off(option)}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in known:
            near = parser.nearest("--" + variable.removeprefix(PREFIX).replace("_", "-").lower())
            hint = f"; did you mean {_variable(near)}?" if near is not None and _is_settable(parser, near) else ""
            yield f"{variable} sets nothing: there is no such option{hint}"


def _is_settable(parser: Parser, option: str) -> bool:
    return option.startswith("--") and not parser.turns_off(option) and option != "--help"


def _variable(option: str) -> str:
    return PREFIX + option.lstrip("-").replace("-", "_").upper()
