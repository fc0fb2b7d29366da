# Sourced by the checks. It has functions for packages of Python and Node.js, and for a running mock.
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

# install_node PACKAGE …: installs exact versions from npm into $node, which each check has for itself, or
# leaves the check out and says so.
node=$environment/node-$(basename "$0")
install_node() {
    if [ "$(cat "$node/installed" 2>/dev/null)" = "$*" ]; then return; fi
    mkdir -p "$node"
    if ! command -v npm >/dev/null ||
        ! npm install --prefix "$node" --no-save --no-audit --no-fund --loglevel=error "$@" >&2; then
        echo "left out: $* cannot be installed" >&2
        exit 0
    fi
    echo "$*" >"$node/installed"
}

# start_mock OPTION …: starts a mock and sets $url (without /v1). The mock ends with the script.
start_mock() {
    cargo build --quiet -p orionos-mock-server
    work=$(mktemp -d)
    "$target/debug/orionos-mock-server" --port 0 --quiet --ready-file "$work/url" "$@" >"$work/log" 2>&1 &
    mock=$!
    trap 'kill $mock; rm -rf "$work"' EXIT
    until [ -s "$work/url" ]; do kill -0 $mock || { cat "$work/log"; exit 1; }; sleep 0.05; done
    url=$(cat "$work/url")
    url=${url%/v1}
}
