//! Proxies: what one may read, when one is used, and what is said of one that does not work.
//!
//! The environment's cases run this test program again with its own environment.

use std::io::Write;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orionos::{OrionBuilder, OrionError, OrionOS, Outcome, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::virtual_mock;

const KEY: &str = "key-canary-81c2";
/// The password and user name of a proxy.
const PASSWORD: &str = "password-canary-77fd";
const USER: &str = "user-canary-03ab";
/// A server that exists nowhere.
const SERVER: &str = "https://api.example.invalid/v1";
const VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Records what it reads, and answers everything in the same way.
struct Recorder {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let recorded = Arc::clone(&recorded);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match socket.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => break,
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    recorded.lock().unwrap().push(head);
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, heads }
    }

    /// A proxy that connects to nothing.
    async fn proxy() -> Self {
        Self::answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await
    }

    /// A server of one empty list.
    async fn server() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 38\r\n\r\n\
             {\"success\":true,\"data\":{\"agents\":[ ]}}",
        )
        .await
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn url_with_password(&self) -> String {
        format!("http://{USER}:{PASSWORD}@{}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Asserts that it was asked only for a tunnel to the server, and read no key.
    fn assert_tunnel(&self) {
        let heads = self.heads();
        assert!(!heads.is_empty(), "the proxy was not used");
        for head in heads {
            assert!(
                head.starts_with("CONNECT api.example.invalid:443 HTTP/1.1\r\n"),
                "{head}"
            );
            assert!(
                !head.contains(KEY) && !head.to_lowercase().contains("\r\nauthorization"),
                "{head}"
            );
        }
    }

    fn assert_unused(&self, what: &str) {
        assert_eq!(self.heads(), [""; 0], "{what}");
    }
}

fn to(base_url: &str) -> OrionBuilder {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(base_url)
        .retry(RetryPolicy::none())
        .timeout(Duration::from_secs(10))
}

/// Returns how one call ends, as a line.
async fn one_call(orion: &OrionOS) -> String {
    match orion.agents().list().send().await {
        Ok(_) => "success".to_owned(),
        Err(error) => format!("{:?}: {error}", error.outcome()),
    }
}

async fn fails(orion: &OrionOS) -> OrionError {
    orion.agents().list().send().await.unwrap_err()
}

fn config_error(builder: OrionBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert!(matches!(error, OrionError::Config(_)), "{error:?}");
    has_no_credentials(&format!("{error} {error:?}"));
    error.to_string()
}

fn has_no_credentials(text: &str) {
    for secret in [USER, PASSWORD, KEY] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Makes one call in a process with these variables, and returns everything that it printed.
async fn in_environment(base_url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "proxies::in_a_separate_process", "--nocapture"])
        .env("ORIONOS_TEST_PROXIES", base_url);
    for name in VARIABLES.iter().chain(&["NO_PROXY", "no_proxy"]) {
        child.env_remove(name);
    }
    child
        .env_remove("REQUEST_METHOD")
        .envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && printed.contains("result: "),
        "{printed}"
    );
    has_no_credentials(&printed);
    has_no_credentials(&String::from_utf8_lossy(&output.stderr));
    printed
}

#[tokio::test]
async fn in_a_separate_process() {
    let Ok(base_url) = std::env::var("ORIONOS_TEST_PROXIES") else {
        return;
    };
    let mut builder = to(&base_url).allow_http(true);
    if std::env::var_os("ORIONOS_TEST_NO_PROXY").is_some() {
        builder = builder.no_proxy();
    }
    println!("{builder:?}");
    let orion = builder.build().unwrap();
    println!("{orion:?}");
    println!("result: {}", one_call(&orion).await);
    if let Err(error) = orion.agents().list().send().await {
        println!("{error:#?}");
    }
    std::io::stdout().flush().unwrap();
}

#[tokio::test]
async fn plain_http_goes_through_no_proxy_of_the_environment() {
    let proxy = Recorder::proxy().await;
    let server = Recorder::server().await;
    let url = proxy.url();
    let variables = VARIABLES.map(|name| (name, url.as_str()));
    let printed = in_environment(&format!("http://{}/v1", server.address), &variables).await;
    assert!(printed.contains("result: success"), "{printed}");
    // Another host: nothing listens, but a proxy would be asked.
    let printed = in_environment("http://api.example.invalid/v1", &variables).await;
    assert!(printed.contains("result: NotSent"), "{printed}");
    assert!(!printed.contains("the proxy"), "{printed}");
    proxy.assert_unused("plain http");
    assert!(server.heads()[0].contains(KEY));
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_each_variable_for_https() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Recorder::proxy().await;
        let printed = in_environment(SERVER, &[(variable, &proxy.url_with_password())]).await;
        proxy.assert_tunnel();
        let named = format!(
            "result: NotSent: agents.list failed: could not reach the server through the proxy {}:",
            proxy.address
        );
        assert!(printed.contains(&named), "{variable}: {printed}");
        assert!(
            proxy.heads()[0]
                .to_lowercase()
                .contains("\r\nproxy-authorization: basic "),
            "{:?}",
            proxy.heads()
        );
    }
}

#[tokio::test]
async fn a_proxy_for_http_is_not_used_for_https() {
    let proxy = Recorder::proxy().await;
    let url = proxy.url();
    let printed = in_environment(SERVER, &[("HTTP_PROXY", &url), ("http_proxy", &url)]).await;
    proxy.assert_unused("https");
    assert!(!printed.contains("the proxy"), "{printed}");
}

#[tokio::test]
async fn no_proxy_lists_servers_that_are_reached_directly() {
    for (variable, list, is_used) in [
        ("NO_PROXY", "api.example.invalid", false),
        ("no_proxy", "example.invalid", false),
        ("NO_PROXY", "10.0.0.0/8, .example.invalid", false),
        ("NO_PROXY", "*", false),
        ("NO_PROXY", "other.example.invalid,ample.invalid", true),
        ("NO_PROXY", "", true),
    ] {
        let proxy = Recorder::proxy().await;
        let variables = [("HTTPS_PROXY", proxy.url()), (variable, list.to_owned())];
        let variables = variables
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let printed = in_environment(SERVER, &variables).await;
        if is_used {
            proxy.assert_tunnel();
        } else {
            proxy.assert_unused(list);
        }
        assert_eq!(
            printed.contains("through the proxy"),
            is_used,
            "{list}: {printed}"
        );
    }
}

/// Nothing listens at port 1. So a direct attempt fails, and a proxy would be asked otherwise.
#[tokio::test]
async fn loopback_goes_through_no_proxy_however_it_is_spelled() {
    let proxy = Recorder::proxy().await;
    let url = proxy.url();
    let variables = VARIABLES.map(|name| (name, url.as_str()));
    for host in [
        "localhost",
        "LocalHost",
        "localhost.",
        "a.localhost",
        "a.b.localhost.",
        "127.0.0.1",
        "127.0.0.1.",
        "127.255.255.254",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ] {
        for scheme in ["http", "https"] {
            let base_url = format!("{scheme}://{host}:1/v1");
            let printed = in_environment(&base_url, &variables).await;
            assert!(!printed.contains("the proxy"), "{base_url}: {printed}");
            let error = config_error(to(&base_url).proxy(&url));
            assert!(error.contains("proxy() needs an https base URL"), "{error}");
        }
    }
    proxy.assert_unused("loopback");
}

#[tokio::test]
async fn no_proxy_ignores_the_environment_and_an_earlier_proxy() {
    let proxy = Recorder::proxy().await;
    let url = proxy.url();
    let variables = [
        ("HTTPS_PROXY", url.as_str()),
        ("ORIONOS_TEST_NO_PROXY", "1"),
    ];
    in_environment(SERVER, &variables).await;
    let orion = to(SERVER).proxy(&url).no_proxy().build().unwrap();
    assert!(!fails(&orion).await.to_string().contains("proxy"));
    proxy.assert_unused("no_proxy()");

    let orion = to(SERVER).no_proxy().proxy(&url).build().unwrap();
    fails(&orion).await;
    proxy.assert_tunnel();
}

#[tokio::test]
async fn a_proxy_that_was_set_gets_its_password_and_not_the_key() {
    let proxy = Recorder::proxy().await;
    let builder = to(SERVER).proxy(proxy.url_with_password());
    has_no_credentials(&format!("{builder:?} {builder:#?}"));
    let orion = builder.build().unwrap();
    has_no_credentials(&format!("{orion:?}"));
    let error = fails(&orion).await;
    has_no_credentials(&format!("{error} {error:?} {error:#?}"));
    proxy.assert_tunnel();
    assert!(
        proxy.heads()[0]
            .to_lowercase()
            .contains("\r\nproxy-authorization: basic ")
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    for (answer, reason) in [
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "tunnel error: unsuccessful",
        ),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
            "proxy authorization required",
        ),
        ("", "tunnel error: unexpected end of file"),
    ] {
        let proxy = Recorder::answering(answer).await;
        let orion = to(SERVER).proxy(proxy.url_with_password()).build().unwrap();
        let error = fails(&orion).await;
        assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotSent);
        let named = format!(
            "could not reach the server through the proxy {}: ",
            proxy.address
        );
        let text = error.to_string();
        assert!(text.contains(&named) && text.contains(reason), "{text}");
        has_no_credentials(&format!("{error:?}"));
    }
}

#[tokio::test]
async fn a_proxy_that_is_down_or_silent_is_named() {
    // The port was free a moment ago, so nothing listens.
    let address = StdListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{USER}:{PASSWORD}@{address}");
    let error = fails(&to(SERVER).proxy(url).build().unwrap()).await;
    assert!(matches!(error, OrionError::Connection(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    let named = format!("could not reach the server through the proxy {address}: ");
    assert!(error.to_string().contains(&named), "{error}");
    has_no_credentials(&format!("{error} {error:?}"));

    // It accepts connections and never answers.
    let silent = StdListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let orion = to(SERVER)
        .proxy(format!("http://{USER}:{PASSWORD}@{address}"))
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = fails(&orion).await;
    assert_eq!(error.outcome(), Outcome::NotSent);
    let named = format!("no connection through the proxy {address} within 100 ms");
    assert!(error.to_string().contains(&named), "{error}");
    has_no_credentials(&format!("{error} {error:?}"));
}

#[test]
fn an_invalid_proxy_is_an_error_that_shows_no_credentials() {
    for url in [
        "",
        "nonsense",
        "proxy.example:3128",
        "http://",
        &format!("{USER}:{PASSWORD}@proxy.example"),
        &format!("http://{USER}:{PASSWORD}@"),
        &format!("http://{USER}:{PASSWORD}@proxy.example:99999"),
        &format!("socks5://{USER}:{PASSWORD}@proxy.example"),
        &format!("ftp://{USER}:{PASSWORD}@proxy.example"),
    ] {
        let error = config_error(to(SERVER).proxy(url));
        assert!(error.contains("invalid proxy URL"), "{url}: {error}");
    }
}

#[test]
fn a_proxy_is_rejected_for_plain_http() {
    let plain = to("http://api.example.invalid/v1").allow_http(true);
    let error = config_error(plain.proxy(format!("http://{USER}:{PASSWORD}@proxy.example")));
    assert!(
        error.contains("plain http would show the API key"),
        "{error}"
    );
}

#[test]
fn only_one_http_stack_can_be_set() {
    let client = reqwest_client();
    let service = virtual_mock().service();
    let error = config_error(
        to(SERVER)
            .http_client(client.clone())
            .http_service(service.clone()),
    );
    assert!(
        error.contains("http_client() and http_service()"),
        "{error}"
    );
    let error = config_error(
        to(SERVER)
            .http_service(service.clone())
            .http_client(client.clone()),
    );
    assert!(
        error.contains("http_client() and http_service()"),
        "{error}"
    );
    for builder in [
        to(SERVER)
            .http_client(client.clone())
            .proxy("http://proxy.example"),
        to(SERVER).no_proxy().http_client(client.clone()),
        to(SERVER)
            .proxy("http://proxy.example")
            .http_service(service.clone()),
        to(SERVER).http_service(service.clone()).no_proxy(),
    ] {
        let error = config_error(builder);
        assert!(error.contains("proxy() and no_proxy()"), "{error}");
    }
    assert!(to(SERVER).http_client(client).build().is_ok());
    assert!(to(SERVER).http_service(service).build().is_ok());
}

fn reqwest_client() -> reqwest::Client {
    reqwest::Client::new()
}
