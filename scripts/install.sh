#!/bin/sh
# Install this project, editable, with one of its extras into a virtual environment: install.sh VENV EXTRA
# The interpreter is $PYTHON, or the first Python 3.11 or later that is found.
set -eu
venv=$1
extra=$2

is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

fail() {
    echo "error: $*" >&2
    exit 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_recent "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or later"
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if is_recent "$name"; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or later is needed; found $(python3 --version 2>&1 || echo none). Choose one with PYTHON=..."
}

make_venv() {
    python=$1
    "$python" -m venv --clear "$venv" && return
    # Debian's Python makes no environment without its package python3-venv.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        "$python" -m venv --clear "$venv" && return
    fi
    fail "$python cannot make a virtual environment; on Debian, install python3-venv"
}

if ! is_recent "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "making $venv with $("$python" --version)"
    make_venv "$python"
fi
echo "installing .[$extra]"
"$venv/bin/python" -m pip install -qq --no-input --disable-pip-version-check -e ".[$extra]"
