"""What a reader installs is exactly what was tested."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution, distributions
from itertools import pairwise

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.started_steps import ROOT

OURSELVES = "flask-online-users-cookbook"
ONLY_ELSEWHERE = {"colorama", "tzdata", "async-timeout"}  # Windows; Python before 3.11.3
NOT_OURS_TO_PIN = {"pip", "setuptools", "wheel", OURSELVES}  # a virtual environment comes with them


def requirements(file: str) -> list[Requirement]:
    """Return the packages that a file names."""
    lines = (ROOT / file).read_text(encoding="ascii").splitlines()
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def pins() -> dict[str, str]:
    """Return name -> the one version that requirements.txt or constraints.txt allows."""
    found: dict[str, str] = {}
    for requirement in requirements("requirements.txt") + requirements("constraints.txt"):
        (only,) = requirement.specifier
        assert only.operator == "=="
        found[canonicalize_name(requirement.name)] = only.version
    return found


def applies_here(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
    """Whether this machine needs it, as it is or for one of the extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def pulled_in(requirements: list[Requirement]) -> set[str]:
    """Return the names of these packages and of all that they require on this machine."""
    found: set[str] = set()
    while requirements:
        wanted = requirements.pop()
        name = canonicalize_name(wanted.name)
        if name not in found:
            found.add(name)
            needs = [Requirement(text) for text in distribution(name).requires or ()]
            requirements += [need for need in needs if applies_here(need, wanted.extras)]
    return found


def test_all_that_requirements_txt_pulls_in_is_pinned_and_installed_as_pinned() -> None:
    named = [need for need in requirements("requirements.txt") if applies_here(need)]
    installed = {name: distribution(name).version for name in pulled_in(named)}
    assert installed == {name: pins().get(name) for name in installed}


def test_each_requirement_has_its_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="ascii").splitlines()
    for above, line in pairwise(lines):
        if re.match("[a-zA-Z]|-e", line):
            assert re.match("# [a-zA-Z]", above), line


def test_no_version_is_pinned_twice() -> None:
    names = [r.name for r in requirements("requirements.txt") + requirements("constraints.txt")]
    assert len({canonicalize_name(name) for name in names}) == len(names)


def test_every_package_of_the_cookbook_is_declared() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    steps = sorted(path.parent.name for path in ROOT.glob("step[0-9]_*/__init__.py"))
    assert settings["tool"]["setuptools"]["packages"] == [
        "article",
        "common",
        "demo",
        "lab",
        "recipes",
        *steps,
    ]


def test_pyproject_toml_names_what_requirements_txt_pins() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {
        "running": settings["project"]["dependencies"],
        "testing": settings["dependency-groups"]["test"],
    }
    _, *parts = re.split(
        r"^# --- (\w+) -+\n", (ROOT / "requirements.txt").read_text("ascii"), flags=re.MULTILINE
    )
    pinned = dict(zip(parts[::2], parts[1::2], strict=True))
    assert named.keys() == pinned.keys()
    for purpose, lines in pinned.items():
        pins = [Requirement(line) for line in lines.splitlines() if line and line[0] != "#"]
        needs = [Requirement(need) for need in named[purpose]]
        for pin, need in zip(pins, needs, strict=True):
            assert (need.name, need.extras, need.marker) == (pin.name, pin.extras, pin.marker)
            (version,) = (only.version for only in pin.specifier)
            assert need.specifier.contains(version)
            assert "==" not in str(need.specifier), (
                f"{need} stands here and in requirements.txt: pin it there"
            )


@pytest.mark.slow
def test_the_environment_of_ci_holds_what_is_pinned_and_nothing_else() -> None:
    installed = {canonicalize_name(found.name): found.version for found in distributions()}
    ours = {name: version for name, version in installed.items() if name not in NOT_OURS_TO_PIN}
    assert ours == {
        name: version for name, version in pins().items() if name in ours or name not in ONLY_ELSEWHERE
    }
