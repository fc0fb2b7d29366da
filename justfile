# The same steps as .ci/run.

default:
    @just --list

# Everything that CI does
ci:
    .ci/run

fmt:
    cargo fmt --all

lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

test:
    cargo test --workspace

# The client's tests with a socket between it and the mock
test-socket:
    ORION_TEST_OVER=socket cargo test -p orionos --tests

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --document-private-items

bench:
    cargo bench --bench calls
    cargo bench -p orionos-mock-server --bench endurance

# One of features, versions, spelling, packaging, openapi
promise name:
    .ci/promises/{{name}}

# Licences, bans, sources, unused dependencies
policy:
    .ci/dependencies

# A chaos seed again
chaos seed:
    CHAOS_SEED={{seed}} cargo test -p orionos --test chaos -- --nocapture
