"""setup.sh, with a Python and an apt-get that only pretend: what it does, also where a step fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sh")

TOOLS = ("sh", "cat", "cksum", "dirname", "env", "sed", "cp", "mkdir", "rm")
# Notes how it is called, and fails where a file says so; `-m venv` makes another of itself, with a pip.
PYTHON = """#!/bin/sh
echo "${0##*/} $*" >>"$HOME/calls"
case "$*" in
    -V) echo "Python ($(cat "$HOME/version"))" ;;
    *version_info*) "$REAL_PYTHON" -c "import sys; sys.version_info = ($(cat "$HOME/version")); $2" ;;
    *ensurepip*)
        if [ -e "$HOME/no venv" ]; then echo "No module named 'ensurepip'" >&2; exit 1; fi ;;
    "-m venv --clear .venv")
        if [ -e "$HOME/venv fails" ]; then exit 1; fi
        rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*)
        echo "Collecting flask==3.1.3 (from -r requirements.txt (line 13))"
        echo "  Using cached flask.whl"
        if [ -e "$HOME/pip fails" ]; then echo "ERROR: no network" >&2; exit 1; fi
        echo "Installing collected packages: flask" ;;
    *) exit 99 ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $* (${DEBIAN_FRONTEND:-})" >>"$HOME/calls"
if [ -e "$HOME/apt fails" ]; then exit 100; fi
case "$*" in *python3-venv*) rm "$HOME/no venv" ;; esac
"""
MAKE = "python3 -m venv --clear .venv"
INSTALL = "python -m pip install --disable-pip-version-check -r requirements.txt"
SETTING_UP = (
    "Setting up .venv, once: some 120 MB are fetched, which may take some minutes\n"
    "    flask\n    installing them\n"
)
INSTALLING_VENV = "Debian and Ubuntu pack venv apart from Python: installing python3-venv\n"


class Machine:
    """A copy of what setup.sh reads, and the few programs that there are."""

    def __init__(self, folder: Path) -> None:
        # with a space, as a reader's folder may have one
        self.home, self.project, self.programs = (
            folder / name for name in ("home", "my project", "programs")
        )
        for each in (self.home, self.project, self.programs):
            each.mkdir()
        for name in ("setup.sh", "requirements.txt", "constraints.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.project)
        for name in TOOLS:
            (self.programs / name).symlink_to(shutil.which(name) or name)
        self.write("python3", PYTHON)
        self.write("id", "#!/bin/sh\necho 0\n")
        self.there("version", "3, 11, 0")

    def write(self, name: str, program: str) -> None:
        """Put a program where it is found."""
        file = self.programs / name
        file.write_text(program, encoding="utf-8")
        file.chmod(0o755)

    def there(self, name: str, text: str = "") -> None:
        """Tell the pretending programs what is the case."""
        (self.home / name).write_text(text, encoding="utf-8")

    def set_up(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run setup.sh from another folder."""
        (self.home / "calls").unlink(missing_ok=True)
        return subprocess.run(
            ["sh", self.project / "setup.sh"],
            cwd=self.home,
            env={
                "PATH": str(self.programs),
                "HOME": str(self.home),
                "REAL_PYTHON": sys.executable,
                **environment,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=20,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return how the pretending programs were called, but for what only asks."""
        file = self.home / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [line for line in lines if " -c import " not in line and not line.endswith(" -V")]

    @property
    def is_ready(self) -> bool:
        return (self.project / ".venv/ready").exists()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_makes_an_environment_and_shows_that_it_is_alive(machine: Machine) -> None:
    ended = machine.set_up()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert machine.calls() == [MAKE, INSTALL]
    assert ended.stdout == SETTING_UP


def test_the_second_time_it_does_nothing_and_needs_no_python(machine: Machine) -> None:
    machine.set_up()
    (machine.programs / "python3").unlink()
    ended = machine.set_up()
    assert (ended.returncode, ended.stdout, ended.stderr, machine.calls()) == (0, "", "", [])


def test_a_failed_install_is_not_ready_and_is_tried_again(machine: Machine) -> None:
    machine.there("pip fails")
    ended = machine.set_up()
    assert ended.returncode == 1
    assert ended.stderr == (
        "ERROR: no network\n"
        "The packages could not be installed: the lines above say why. Mend that, and try again.\n"
    )
    assert not machine.is_ready
    (machine.home / "pip fails").unlink()
    assert machine.set_up().returncode == 0
    assert machine.is_ready


def test_without_a_new_environment_nothing_is_installed_into_the_old_one(machine: Machine) -> None:
    machine.set_up()
    with (machine.project / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    machine.there("venv fails")
    for _ in range(2):  # it is not taken for ready the next time either
        assert machine.set_up().returncode == 1
        assert machine.calls() == [MAKE]


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt", "pyproject.toml"])
def test_an_environment_of_other_requirements_is_made_anew(machine: Machine, name: str) -> None:
    machine.set_up()
    with (machine.project / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert machine.set_up().returncode == 0
    assert machine.calls() == [MAKE, INSTALL]


def test_an_environment_that_was_moved_is_made_anew(machine: Machine) -> None:
    machine.set_up()
    machine.project = machine.project.rename(machine.project.with_name("moved"))
    machine.set_up()
    assert machine.calls() == [MAKE, INSTALL]


def test_an_environment_whose_python_has_gone_is_made_anew(machine: Machine) -> None:
    machine.set_up()
    (machine.project / ".venv/bin/python").unlink()
    machine.set_up()
    assert machine.calls() == [MAKE, INSTALL]


def test_another_python_that_is_asked_for_makes_the_environment_anew(machine: Machine) -> None:
    machine.set_up()
    machine.write("python3.12", PYTHON.replace('$(cat "$HOME/version")', "3, 12, 1"))
    assert machine.set_up(PYTHON="python3").returncode == 0
    assert machine.calls() == []  # it is the one that is there
    machine.set_up(PYTHON="python3.12")
    assert machine.calls() == ["python3.12 -m venv --clear .venv", INSTALL]
    machine.set_up()
    assert machine.calls() == []  # the reader who names none has no wish


def test_a_python_may_be_named_by_a_path_with_a_space_and_python3_is_then_not_needed(
    machine: Machine,
) -> None:
    named = machine.programs / "my python"
    (machine.programs / "python3").rename(named)
    ended = machine.set_up(PYTHON=str(named))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, SETTING_UP, "")
    assert machine.calls() == ["my python -m venv --clear .venv", INSTALL]
    assert machine.set_up(PYTHON=str(named)).returncode == 0
    assert machine.calls() == []


@pytest.mark.parametrize("case", ["too old", "not there"])
def test_without_a_python_of_3_11_or_newer_it_says_so_and_makes_nothing(machine: Machine, case: str) -> None:
    if case == "too old":
        machine.there("version", "3, 10, 99")
    else:
        (machine.programs / "python3").unlink()
    ended = machine.set_up()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1] == (
        "Python 3.11 or newer is needed: install it and name it, as in PYTHON=python3.12 sh setup.sh"
    )
    assert machine.calls() == []
    assert not (machine.project / ".venv").exists()


def test_on_debian_it_installs_venv_and_asks_nothing(machine: Machine) -> None:
    machine.there("no venv")
    machine.write("apt-get", APT_GET)
    ended = machine.set_up()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{INSTALLING_VENV}{SETTING_UP}", "")
    assert machine.calls() == [
        "apt-get update -q ()",
        "apt-get install -qy --no-install-recommends python3-venv (noninteractive)",
        MAKE,
        INSTALL,
    ]


def test_an_install_of_venv_that_fails_ends_it(machine: Machine) -> None:
    machine.there("no venv")
    machine.there("apt fails")
    machine.write("apt-get", APT_GET)
    assert machine.set_up().returncode == 100
    assert machine.calls() == ["apt-get update -q ()"]
    assert not machine.is_ready


@pytest.mark.parametrize("case", ["no apt-get", "neither root nor sudo"])
def test_where_venv_cannot_be_installed_it_says_what_to_do(machine: Machine, case: str) -> None:
    machine.there("no venv")
    if case == "neither root nor sudo":
        machine.write("apt-get", APT_GET)
        machine.write("id", "#!/bin/sh\necho 1000\n")
    ended = machine.set_up()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "This Python lacks venv: as root, install your system's package for it (Debian: python3-venv), "
        "then try again.\n"
    )
    assert machine.calls() == []


def test_an_ordinary_user_installs_venv_with_sudo(machine: Machine) -> None:
    machine.there("no venv")
    machine.write("apt-get", APT_GET)
    machine.write("id", "#!/bin/sh\necho 1000\n")
    machine.write("sudo", '#!/bin/sh\necho "sudo $*" >>"$HOME/calls"\n"$@"\n')
    ended = machine.set_up()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{INSTALLING_VENV}{SETTING_UP}", "")
    asked = [call for call in machine.calls() if call.startswith("sudo")]
    assert asked == [
        "sudo apt-get update -q",
        "sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv",
    ]
