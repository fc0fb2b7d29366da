//! The environment variables. Each case runs this test program again with its own environment.

use std::process::Command;

use orionos::OrionOS;

/// Returns what `from_env()` says in a process with these variables.
fn from_env(variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "environment::in_a_separate_process",
            "--nocapture",
        ])
        .env_remove("ORION_API_KEY")
        .env_remove("ORION_BASE_URL")
        .env_remove("ORION_ALLOW_HTTP")
        .env("ORIONOS_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn in_a_separate_process() {
    if std::env::var_os("ORIONOS_TEST_CHILD").is_some() {
        match OrionOS::from_env() {
            Ok(orion) => println!("client of {}", orion.base_url()),
            Err(error) => println!("error: {error}"),
        }
    }
}

#[test]
fn a_missing_or_blank_key_is_an_error_that_names_the_variable() {
    for variables in [
        &[][..],
        &[("ORION_API_KEY", "")],
        &[("ORION_API_KEY", " \n")],
    ] {
        let said = from_env(variables);
        assert!(
            said.contains("error:") && said.contains("ORION_API_KEY"),
            "{said}"
        );
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn the_key_alone_is_enough() {
    let said = from_env(&[("ORION_API_KEY", " key\n")]);
    assert!(
        said.contains("client of https://api.orionos.dev/v1"),
        "{said}"
    );
}

#[test]
fn the_base_url_can_be_set() {
    let variables = [
        ("ORION_API_KEY", "key"),
        ("ORION_BASE_URL", "http://localhost:3000/v1/"),
    ];
    let said = from_env(&variables);
    assert!(
        said.contains("client of http://localhost:3000/v1\n"),
        "{said}"
    );
}

#[test]
fn a_bad_base_url_is_an_error() {
    let said = from_env(&[("ORION_API_KEY", "key"), ("ORION_BASE_URL", "nonsense")]);
    assert!(said.contains("error: invalid base URL"), "{said}");
}

#[test]
fn plain_http_to_another_host_can_be_allowed() {
    for (value, is_allowed) in [
        ("1", true),
        (" true\n", true),
        ("0", false),
        ("false", false),
        ("", false),
    ] {
        let said = from_env(&[
            ("ORION_API_KEY", "key"),
            ("ORION_BASE_URL", "http://h.example/v1"),
            ("ORION_ALLOW_HTTP", value),
        ]);
        let expected = if is_allowed {
            "client of http://h.example/v1"
        } else {
            "error: plain http to h.example"
        };
        assert!(said.contains(expected), "{value:?}: {said}");
    }
    for value in ["yes", "TRUE", "2"] {
        let said = from_env(&[("ORION_API_KEY", "key"), ("ORION_ALLOW_HTTP", value)]);
        assert!(
            said.contains("error:") && said.contains("ORION_ALLOW_HTTP must be"),
            "{value}: {said}"
        );
    }
}
