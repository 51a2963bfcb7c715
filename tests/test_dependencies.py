"""The packages that this one needs, as far as they can be audited without asking anybody: declared and used, not below what is
declared, of a licence that goes with ours, and of no version that is known to be bad.

What nobody here has heard of yet takes a list that changes every day: ``pip-audit`` asks for it over the network and cannot do
without, so it is run by hand before a release.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

# It comes with pytest.
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: What users get, and what they get if they ask for it.
NEEDED = [Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS["mdns"], *EXTRAS["gamepad"], *EXTRAS["rest"])]

#: What is declared and not imported, or imported and not declared.
REASONS = {
    "pysdl2-dll": "it is SDL itself, which PySDL2 loads",
    "hidapi": "it is imported by one of two names, by system",
    "pytest": "the plugin is loaded by it",
    "pytest-asyncio": "the plugin uses it where it is there",
}

#: Words of licences that go with ours. LGPL and MPL hold for the package's own files, which nobody here changes.
LICENCES = re.compile(
    r"\b(MIT|BSD|Apache|zlib|PSF|Python Software Foundation|Public Domain|Unlicense|ISC|LGPL|MPL|Mozilla)\b", re.I
)

#: Versions that are not to be had any more, with the reason. Kept by hand: whoever hears of one adds it.
KNOWN_BAD = {
    "cryptography": {
        "<42.0.4": "CVE-2024-26130: a PKCS#12 key that does not fit ends the process",
        "<43.0.1": "CVE-2024-6119: the OpenSSL in its wheels can be made to crash by a name in a certificate",
        "<44.0.1": "CVE-2024-12797: the OpenSSL in its wheels may not notice that a server is not authenticated",
    },
    "websockets": {"<9.1": "CVE-2021-33880: passwords of basic authentication can be guessed by the time that it takes"},
}


def imported(source: str) -> set[str]:
    """Return the first parts of the names of all modules that a source imports, by name or as a string."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module)), *_]):
                found.add(module.partition(".")[0])
    return found - sys.stdlib_module_names - {"buttplug"}


def distributions(modules: set[str]) -> set[str]:
    """Return the packages that modules are from; a module of no package that is installed stands for itself."""
    known = metadata.packages_distributions()
    return {canonicalize_name(known.get(module, [module])[0]) for module in modules}


def differences(sources: list[str], declared: set[str]) -> set[str]:
    """Return what is imported and not declared, or the other way round."""
    return distributions(set().union(*map(imported, sources))) ^ declared


def bad_versions(requirement: Requirement, installed: str) -> list[str]:
    """Return what is wrong with an installed version, and with the lowest one that is declared."""
    lowest = [specifier.version for specifier in requirement.specifier if specifier.operator == ">="]
    if len(lowest) != 1:
        return [f"{requirement} has no lowest version"]
    wrong = [] if requirement.specifier.contains(installed) else [f"{requirement} is declared, {installed} installed"]
    for versions, reason in KNOWN_BAD.get(canonicalize_name(requirement.name), {}).items():
        wrong += [
            f"{requirement.name} {version}: {reason}" for version in (*lowest, installed) if version in SpecifierSet(versions)
        ]
    return wrong


def licences(package: str) -> Iterator[str]:
    """Go through what a package says of its licence."""
    about = metadata.metadata(package)
    yield from about.get_all("License-Expression", [])
    yield from (line[:60] for line in about.get_all("License", []))
    yield from (line for line in about.get_all("Classifier", []) if line.startswith("License ::"))


def all_needed() -> set[str]:
    """Return every package that is installed with those that are declared, and with these in turn, on this system."""
    found: set[str] = set()
    left = list(NEEDED)
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            left += map(Requirement, metadata.requires(name) or [])
    return found


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "buttplug").rglob("*.py")]
    assert differences(sources, {canonicalize_name(requirement.name) for requirement in NEEDED}) == REASONS.keys()


@pytest.mark.parametrize("requirement", NEEDED, ids=str)
def test_no_version_is_bad_that_may_be_installed(requirement: Requirement) -> None:
    assert bad_versions(requirement, metadata.version(requirement.name)) == []


@pytest.mark.parametrize("package", sorted(all_needed()))
def test_every_licence_goes_with_ours(package: str) -> None:
    assert any(map(LICENCES.search, licences(package))), list(licences(package))


def test_what_is_wrong_is_found() -> None:
    assert imported("import os, yaml.x\nfrom bleak.exc import y\nfrom . import z\ndef f():\n    import_module('sdl2')") == {
        "yaml",
        "bleak",
    }
    assert imported("importlib.import_module('sdl2')") == {"sdl2"}
    assert differences(["import yaml, msgspec"], {"msgspec", "pyusb"}) == {"pyyaml", "pyusb"}
    assert bad_versions(Requirement("cryptography>=42"), "50.0") == [
        f"cryptography 42: {reason}" for reason in KNOWN_BAD["cryptography"].values()
    ]
    assert bad_versions(Requirement("bleak>=3.1"), "3.0") == ["bleak>=3.1 is declared, 3.0 installed"]
    assert bad_versions(Requirement("bleak"), "3.0") == ["bleak has no lowest version"]
    assert not LICENCES.search("AGPL-3.0-or-later")
    assert not LICENCES.search("License :: OSI Approved :: GNU General Public License v3 (GPLv3)")
