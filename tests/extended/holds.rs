//! Runs a test for many generated inputs.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

/// Runs a test in virtual time for 300 inputs, or for as many as `PROPTEST_CASES` says.
pub(crate) fn holds<S: Strategy>(strategy: S, test: impl Fn(&tokio::runtime::Runtime, S::Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 300;
    }
    TestRunner::new(config)
        .run(&strategy, |input| {
            test(&runtime, input);
            Ok(())
        })
        .unwrap();
}
