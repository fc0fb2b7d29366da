# Sourced by the checks. It has functions for a Python environment and a running mock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
environment=$target/mock-checks

# install PACKAGE …: installs packages into a virtual environment. If that is not possible, the check is
# left out and says so.
install() {
    if ! { [ -x "$environment/bin/pip" ] || python3 -m venv "$environment"; } ||
        ! "$environment/bin/pip" install --quiet --disable-pip-version-check "$@"; then
        echo "left out: $* cannot be installed" >&2
        exit 0
    fi
}

# start_mock OPTION …: starts a mock and sets $url (without /v1). The mock ends with the script.
start_mock() {
    cargo build --quiet -p orionos-mock-server
    work=$(mktemp -d)
    "$target/debug/orionos-mock-server" --port 0 --quiet --ready-file "$work/url" "$@" >"$work/log" &
    mock=$!
    trap 'kill $mock; rm -rf "$work"' EXIT
    until [ -s "$work/url" ]; do kill -0 $mock; sleep 0.05; done
    url=$(cat "$work/url")
    url=${url%/v1}
}
