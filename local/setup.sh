#!/usr/bin/env bash
# Installs a hashed lock into a virtual environment: setup.sh VENV LOCK NAME
set -euo pipefail
venv=$1 lock=$2 name=$3

# A python3.12 on PATH may be a version manager's shim that refuses to run, so each candidate is tried.
find_python() {
    local candidate
    for candidate in "${PYTHON312:-}" python3.12 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python /usr/local/bin/python3.12 /opt/homebrew/bin/python3.12; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python 3.12 that works was found. Install it, or name it: make setup PYTHON312=/path/to/python3.12" >&2
    exit 1
}

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    python=$(find_python)
    echo "making $venv with $("$python" --version)" >&2
    "$python" -m venv "$venv"
fi
echo "installing $lock (a minute or two the first time)" >&2
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$lock"
if [ "$name" = job ]; then
    said=$("$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1) ||
        { echo "$said" >&2; exit 1; } # it warns of every editable installation
fi
touch "$venv/.$name"
