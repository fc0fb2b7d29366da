# The same steps as .ci/run.

default:
    @just --list

# Everything that CI runs
ci:
    .ci/run

fmt:
    cargo fmt --all

lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

test:
    cargo test --workspace

# Tests that need heavy dependencies
test-extended:
    cargo test -p orionos-extended-tests --all-features

# The client's tests through a socket
test-socket:
    ORION_TEST_OVER=socket cargo test -p orionos --tests

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --document-private-items

bench:
    benches/all

# One of dependencies, features, links, openapi, packages, packaging, public_api, recipes, semver, spelling, versions, workflows
check name:
    .ci/checks/{{name}}

# Rewrites the file of the public API, after an intended change
public-api:
    UPDATE=1 .ci/checks/public_api

# Repeats a seed of the chaos suite
chaos seed:
    CHAOS_SEED={{seed}} cargo test -p orionos --test client chaos -- --nocapture
