"""How a command line is read: what happens to each option, and what is said when one is not understood."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import NoReturn

from buttplug.core.text import escaped
from buttplug.server.program.exit_codes import USAGE

#: Options that let other machines, or foreign web pages, in. No misspelt option may lead to one of them.
OPENING = frozenset({"--websocket-use-all-interfaces", "--allow-origin", "--no-token", "--broadcast-server-mdns"})


#: Asks for the bare version.
BARE_VERSION = "--server-version"


class Given(argparse.Namespace):
    """What was given.

    Attributes:
        seen: Destinations of options that this source, the command line or a variable, has set.
        options: The spelling by which each destination was last set.
        warnings: What is to be told about it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.options: dict[str, str] = {}
        self.warnings: list[str] = []

    def note(self, destination: str, option: str | None) -> None:
        """Note that an option was given."""
        self.seen.add(destination)
        self.options[destination] = option or destination


class Parser(argparse.ArgumentParser):
    """Answers what it does not understand with one line, which begins with where it stands, if not on the command line."""

    source = ""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ").split()
        if unknown and message.startswith("unrecognized"):
            word = unknown[0].partition("=")[0]
            near = self.nearest(word)
            message = f"unknown option {word}" + (f"; did you mean {near}?" if near else "; --help lists them")
        sys.stderr.write(f"{self.prog}: {escaped(self.source + message)}\n")
        raise SystemExit(USAGE)

    def turns_off(self, option: str) -> bool:
        """Return whether an option is the ``--no-…`` of another one."""
        return option.startswith("--no-") and f"--{option[5:]}" in self._option_string_actions

    def nearest(self, word: str) -> str | None:
        """Return the option that a misspelt one may have been meant for; none that lets others in, or does nothing."""
        known = [option for option, action in self._option_string_actions.items() if not isinstance(action, Ignore)]
        near = next(iter(difflib.get_close_matches(word, known, n=1)), None)
        return None if near in OPENING else near


class Once(argparse.Action):
    """Keeps the last value, or the constant of an option without one; warns of an option that was given before."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(namespace, Given)
        if self.dest in namespace.seen:
            namespace.warnings.append(f"{option_string} is given more than once; the last one counts")
        namespace.note(self.dest, option_string)
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


class Collect(argparse.Action):
    """Keeps all values. Those of the command line take the place of those in the environment."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(namespace, Given)
        before = getattr(namespace, self.dest) if self.dest in namespace.seen else ()
        namespace.note(self.dest, option_string)
        setattr(namespace, self.dest, (*before, values))


class Switch(argparse.Action):
    """Sets the buses of its constant to on, or to off where it is spelled ``--no-…``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(namespace, Given)
        for bus in self.const:
            namespace.note(bus, option_string)
        on = not str(option_string).startswith("--no-")
        setattr(namespace, self.dest, getattr(namespace, self.dest) | dict.fromkeys(self.const, on))


class Ask(argparse.Action):
    """Asks for something to be printed, instead of a server: the option is what is kept, with the text behind it.

    The bare version, for which programs ask, comes before all else.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) != (BARE_VERSION, ""):
            setattr(namespace, self.dest, (self.option_strings[0], values or ""))


class Ignore(argparse.Action):
    """Says that an option, which others know, does nothing here; its constant is the reason."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(namespace, Given)
        namespace.warnings.append(f"{option_string} does nothing: {self.const}")
