# Sourced by the other scripts: creates .venv and installs the locked requirements.
# Usage: . script/prepare.sh LOCK_FILE     (the working directory is the root of the clone)

# Without files of compiled modules each of many processes compiles everything anew, and pytest rewrites all tests.
unset PYTHONDONTWRITEBYTECODE

say_and_stop() { printf '%s\n' "$1" >&2; exit 1; }

find_python() {
  local name
  for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null 2>&1 &&
      "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

prepare() {
  local lock="$1" python stamp wanted log
  if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python="$(find_python)" ||
      say_and_stop "Loggia needs Python 3.11 or newer and found none: install it, or name it with PYTHON=/path/to/python3.11."
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
      say_and_stop "This Python lacks the venv module: install it (Debian, Ubuntu: apt-get install python3-venv) and start again."
    rm -rf .venv
    "$python" -m venv .venv || say_and_stop "The directory .venv could not be created: check free space and permissions here."
  fi
  wanted="$(.venv/bin/python -c '
import hashlib, pathlib, sys
digest = hashlib.sha256(sys.version.encode())
digest.update(pathlib.Path(sys.argv[1]).read_bytes())
print(digest.hexdigest())' "$lock")"
  stamp=".venv/installed-$lock"
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing the requirements of $lock (only when they change) ..."
    log="$(mktemp)"
    if ! .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes -r "$lock" >"$log" 2>&1; then
      cat "$log" >&2
      if grep -q "No space left" "$log"; then
        rm -f "$log"
        say_and_stop "The disk is full: free about 1 GB and start again."
      fi
      rm -f "$log"
      say_and_stop "The requirements could not be installed: check the connection to the package index (pip's message stands above)."
    fi
    rm -f "$log"
    # On all cores, which pip does not; what fails is compiled when it is imported.
    .venv/bin/python -m compileall -q -j 0 -x '/tests?/' .venv/lib >/dev/null 2>&1 || true
    printf '%s\n' "$wanted" >"$stamp"
  fi
}

prepare "$1"
