#!/bin/sh
# Makes .venv and installs what requirements.txt names; does nothing, and needs no network, while that is up to date.
# Needs Python 3.11 or newer (PYTHON=python3.12 sh setup.sh names another than python3).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

wanted="$(pwd) $(cat requirements.txt constraints.txt pyproject.toml | cksum)"

is_ready() {
    [ -x .venv/bin/python ] && [ "$(cat .venv/ready 2>/dev/null)" = "$wanted" ]
}

is_of_that_python() {
    [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -V)" = "$(.venv/bin/python -V)" ]
}

if is_ready && is_of_that_python; then
    exit 0
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer is needed: install it and name it, as in PYTHON=python3.12 sh setup.sh" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    if ! command -v apt-get >/dev/null || { [ "$sudo" ] && ! command -v sudo >/dev/null; }; then
        echo "This Python lacks venv: as root, install your system's package for it (Debian: python3-venv), then try again." >&2
        exit 1
    fi
    echo "Debian and Ubuntu pack venv apart from Python: installing python3-venv"
    $sudo apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv
fi

echo "Setting up .venv, once: some 120 MB are fetched, which may take some minutes"
"$python" -m venv --clear .venv
# Each package is named as it is fetched. A pipe hides whether pip has failed; the file says it.
{
    .venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt && echo "$wanted" >.venv/ready
} | sed -n -e 's/^Collecting \([A-Za-z0-9_.-]*\).*/    \1/p' -e 's/^Installing.*/    installing them/p'
if ! is_ready; then
    echo "The packages could not be installed: the lines above say why. Mend that, and try again." >&2
    exit 1
fi
