//! `rediss://`, with a certificate that is trusted and one that is not.

use std::process::{Command, Stdio};
use std::time::Duration;

use orionos::RedisWindowStore;

use super::calls::{calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::processes::{output, worker};
use super::server::{Folder, Server, free_port, has};

/// A certificate authority, and a certificate for `localhost` that it has signed.
fn certificates(folder: &Folder) {
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&folder.0);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let new = |name: &str, subject: &str, more: &[&str]| {
        let (key_file, file) = (format!("{name}.key"), format!("{name}.pem"));
        let request = ["req", "-x509", "-nodes", "-days", "2", "-subj", subject];
        let files = ["-keyout", &key_file, "-out", &file];
        openssl(&[&request[..], &key, &files, more].concat());
    };
    new("ca", "/CN=Test authority", &[]);
    let signed = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    new("server", "/CN=localhost", &signed);
}

/// A Redis that speaks only TLS, on the returned port.
async fn redis_with_tls(folder: &Folder) -> Option<(Server, u16)> {
    if !has("openssl") || !has("redis-server") {
        return None;
    }
    certificates(folder);
    let port = free_port();
    let (certificate, key) = (folder.path("server.pem"), folder.path("server.key"));
    let arguments = [
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "tls-password",
    ];
    Some((Server::start(&arguments).await?, port))
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_stops_no_call_and_is_named() {
    let folder = Folder::new();
    let Some((_redis, port)) = redis_with_tls(&folder).await else {
        return;
    };
    let (log, _guard) = Log::start();
    let url = format!("rediss://:tls-password@localhost:{port}");
    let store = RedisWindowStore::connect(url).await.unwrap();
    let error = log.text_of(&store.ping().await.unwrap_err());
    assert!(error.to_lowercase().contains("certificate"), "{error}");
    assert!(!error.contains("tls-password"), "{error}");
    let mock = roomy().await;
    let orion = client(mock.base_url(), store, &log);
    let time = Duration::from_millis(1_500);
    let what = "a certificate that is not trusted";
    let done = calls_go_on(&orion, time, what).await.done;
    nothing_is_lost_or_doubled(&mock, done);
    let lines = log.warnings();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains("tls-password"), "{lines:?}");
}

#[tokio::test]
async fn a_certificate_that_the_platform_trusts_is_accepted() {
    let folder = Folder::new();
    let Some((redis, port)) = redis_with_tls(&folder).await else {
        return;
    };
    let mock = roomy().await;
    let url = format!("rediss://:tls-password@localhost:{port}");
    let mut process = worker(&mock, &url);
    // The trusted certificates of a process are those of its start.
    process.env("SSL_CERT_FILE", folder.path("ca.pem"));
    let text = output(process.spawn().unwrap()).await;
    assert!(text.contains("store: ok"), "{text}");
    assert_eq!(text.matches("call: ok").count(), 30, "{text}");
    assert!(redis.scripts().await > 0);
}
