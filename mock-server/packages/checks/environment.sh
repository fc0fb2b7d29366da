# Sourced by the checks of the packages. It builds the program, the wheel and the npm packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

packages=$PWD/mock-server/packages
target=$(.ci/target_directory)
# Versions of tools that only tests use.
python_tools=(pytest==9.2.0 pytest-xdist==3.8.0 httpx==0.28.1 httpx-sse==0.4.3 requests==2.34.2)
node_tools=(typescript@5.9.3 @types/node@20.19.25 vitest@3.2.4 jsdom@26.1.0 jest@30.5.2 axios@1.21.1 eventsource@3.0.7)

cargo build --quiet -p orionos-mock-server
# Not the program of the target folder: a build that runs at the same time would replace it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/program"
cp "$target/debug/orionos-mock-server" "$work/program"
program=$work/program/orionos-mock-server
host=$(rustc -vV | sed -n 's/^host: //p')

# Debug information is most of a debug build, and only costs time to pack.
strip "$program" 2>/dev/null || true

# Users of the packages have no Rust.
PATH=$(python3 - <<'END'
import os
print(":".join(p for p in os.environ["PATH"].split(":") if not os.path.exists(os.path.join(p, "cargo"))))
END
)

# build_wheel: sets $wheel.
build_wheel() {
    wheel=$(python3 "$packages/tools/build_wheel.py" "$program" "$host" "$work")
}

# python_project FOLDER PACKAGE …: an environment with packages in a new folder, or leaves the check out.
python_project() {
    mkdir -p "$1"
    if ! python3 -m venv "$1/.venv" || ! "$1/.venv/bin/pip" install --quiet --disable-pip-version-check "${@:2}"; then
        echo "left out: ${*:2} cannot be installed" >&2
        exit 0
    fi
}

# node_project FOLDER PACKAGE …: the same with npm.
node_project() {
    mkdir -p "$1"
    echo '{"private": true}' >"$1/package.json"
    if ! command -v npm >/dev/null ||
        ! (cd "$1" && npm install --no-package-lock --no-audit --no-fund --loglevel=error "${@:2}" >&2); then
        echo "left out: ${*:2} cannot be installed" >&2
        exit 0
    fi
}

# build_npm: sets $npm_packages.
build_npm() {
    mkdir -p "$work/npm"
    (
        cd "$work/npm"
        python3 "$packages/tools/build_npm.py" . >/dev/null
        python3 "$packages/tools/build_npm.py" . "$program" "$host" >/dev/null
        npm pack --silent ./orionos-mock-server ./orionos-mock-server-* >/dev/null
    )
    npm_packages=("$work"/npm/*.tgz)
}

# readme_files README FOLDER: writes the examples that begin with the name of a file.
readme_files() {
    python3 - "$1" "$2" <<'END'
import pathlib, re, sys
text = pathlib.Path(sys.argv[1]).read_text()
for block in re.findall(r"```\w+\n(.*?)```", text, re.S):
    if name := re.match(r"(?:#|//) ([\w.]+\.\w+)\n", block):
        pathlib.Path(sys.argv[2], name[1]).write_text(block)
END
}
