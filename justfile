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
    cargo bench -p orionos-benches --bench calls --bench listing --bench streaming --bench concurrency
    cargo bench -p orionos-mock-server --bench throughput --bench endurance
    benches/weight

# One of dependencies, features, links, openapi, packaging, public_api, semver, spelling, versions
check name:
    .ci/checks/{{name}}

# Writes the public API down anew, after a change that is meant
public-api:
    UPDATE=1 .ci/checks/public_api

# A chaos seed again
chaos seed:
    CHAOS_SEED={{seed}} cargo test -p orionos --test client chaos -- --nocapture
