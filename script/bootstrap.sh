# Sourced by the commands beside it: from nothing but a Python >= 3.11 or uv to an environment that
# runs the project. Sets `root` to the project and `python` to that environment's interpreter.

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME
# Many images set it; every process would then compile everything anew, which triples its start.
unset PYTHONDONTWRITEBYTECODE

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

# A name on PATH proves nothing: version managers leave stand-ins that only print an error.
runs() {
    "$@" >/dev/null 2>&1
}

is_python() { # is_python PROGRAM MINOR: Python 3.MINOR or newer
    runs "$1" -c "import sys; sys.exit(sys.version_info < (3, $2))"
}

installed_pythons() { # newest first: on PATH, then where version managers and systems put them
    for minor in 14 13 12 11; do
        command -v "python3.$minor"
        for found in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.$minor.*/bin/python3 \
            /usr/bin/python3.$minor /usr/local/bin/python3.$minor /opt/homebrew/bin/python3.$minor; do
            [ -x "$found" ] && printf '%s\n' "$found"
        done
    done
    command -v python3
    command -v python
}

first_python() { # first_python MINOR [exactly]
    installed_pythons 2>/dev/null | while read -r candidate; do
        if is_python "$candidate" "$1"; then
            if [ "${2-}" = exactly ] && is_python "$candidate" "$(($1 + 1))"; then continue; fi
            "$candidate" -c 'import sys; print(sys.executable)'
            break
        fi
    done
}

find_uv() {
    for uv in "$(command -v uv)" "$root/.tools/bin/uv" "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv"; do
        if [ -n "$uv" ] && runs "$uv" --version; then return 0; fi
    done
    return 1
}

install_uv() {
    base=$(first_python 11)
    [ -n "$base" ] || stop "Ledgerport needs Python 3.11 or newer, or uv. Neither was found."
    echo "Installing uv into .tools with $base"
    rm -rf "$root/.tools"
    runs "$base" -m venv "$root/.tools" ||
        stop "$base cannot make a virtual environment. Install its venv package, or uv."
    "$root/.tools/bin/python" -m pip install --quiet --disable-pip-version-check uv ||
        stop "uv could not be installed; the lines above say why."
    uv=$root/.tools/bin/uv
}

choose_python() { # an installed 3.13, else uv may fetch one
    if [ -n "${UV_PYTHON-}" ]; then return; fi
    UV_PYTHON=$(first_python 13 exactly)
    [ -n "$UV_PYTHON" ] || UV_PYTHON=$("$uv" python find 3.13 2>/dev/null) || UV_PYTHON=3.13
    export UV_PYTHON
}

# What the environment was made from. The same again means that there is nothing to do.
fingerprint() {
    (cd "$root" && pwd && cksum uv.lock pyproject.toml .python-version)
}

synchronize() {
    stamp=$root/.venv/.ledgerport
    python=$root/.venv/bin/python
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && runs "$python" -c "import django"; then
        return
    fi
    find_uv || install_uv
    choose_python
    echo "Installing what uv.lock names"
    "$uv" sync --project "$root" --locked --quiet ||
        stop "The packages could not be installed; the lines above say why. Without Python 3.13" \
            "on this machine uv fetches one, for which it needs the network."
    fingerprint >"$stamp"
}

synchronize
