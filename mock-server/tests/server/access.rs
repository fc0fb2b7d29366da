//! Who may use the mock: control API, keys, tokens and web pages of other origins.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use orionos_mock_server::{Fault, MockServer, MockServerBuilder};

use crate::support::{Answer, send_request};

async fn request(
    mock: &MockServer,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::new())).unwrap();
    send_request(mock, request).await.unwrap()
}

fn mock() -> MockServer {
    MockServer::builder().in_process().unwrap()
}

/// Paths of the control API, also in spellings that mean the same.
const CONTROL: [(Method, &str); 6] = [
    (Method::POST, "/__mock/reset"),
    (Method::GET, "/__mock/requests"),
    (Method::GET, "/__mock/openapi.json"),
    (Method::GET, "/__mock/%72equests"),
    (Method::GET, "/__mock"),
    (Method::GET, "/__mock/nothing"),
];

#[tokio::test]
async fn web_pages_from_elsewhere_cannot_use_the_control_api() {
    let mock = mock();
    mock.fault(Fault::close());
    for (method, path) in CONTROL {
        for headers in [
            &[("host", "127.0.0.1:3000"), ("sec-fetch-site", "cross-site")][..],
            &[("host", "127.0.0.1:3000"), ("sec-fetch-site", "same-site")],
            &[
                ("host", "127.0.0.1:3000"),
                ("origin", "http://evil.example"),
            ],
            &[
                ("host", "127.0.0.1:3000"),
                ("origin", "http://127.0.0.1:4000"),
            ],
            &[("host", "127.0.0.1:3000"), ("origin", "null")],
            &[("host", "localhost:3000"), ("origin", "localhost:3000")],
            &[("origin", "http://localhost:3000")],
        ] {
            let answer = request(&mock, method.clone(), path, headers).await;
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
        }
    }
    assert_eq!(mock.faults().len(), 1, "nothing was reset");
}

#[tokio::test]
async fn names_that_could_be_rebound_cannot_use_the_control_api() {
    let mock = mock();
    for (method, path) in CONTROL {
        for headers in [
            &[("host", "evil.example:3000")][..],
            &[("host", "127.0.0.1.evil.example")],
            &[("host", "localhost"), ("host", "evil.example")],
            // A browser sends these for a page of the rebound name itself.
            &[
                ("host", "evil.example:3000"),
                ("origin", "http://evil.example:3000"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            let answer = request(&mock, method.clone(), path, headers).await;
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
        }
    }
    let absolute = request(&mock, Method::GET, "http://evil.example/__mock/state", &[]).await;
    assert_eq!(absolute.status, 403);
    let garbage = request(&mock, Method::GET, "/__mock/state", &[("host", "a b")]).await;
    assert_eq!(garbage.status, 400);
}

#[tokio::test]
async fn programs_and_the_mocks_own_page_can_use_the_control_api() {
    let mock = MockServer::builder()
        .allow_host("mock")
        .in_process()
        .unwrap();
    for headers in [
        &[][..],
        &[("host", "localhost:3000")],
        &[("host", "127.0.0.1:3000")],
        &[("host", "[::1]:3000")],
        &[("host", "mock:3000")],
        &[("host", "localhost:3000"), ("sec-fetch-site", "none")],
        &[
            ("host", "localhost:3000"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost:3000"),
        ],
        &[("host", "localhost"), ("origin", "http://localhost")],
        &[("host", "localhost:80"), ("origin", "http://localhost")],
    ] {
        let answer = request(&mock, Method::GET, "/__mock/state", headers).await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn the_api_itself_accepts_every_host() {
    let answer = request(
        &mock(),
        Method::GET,
        "/v1/agents",
        &[
            ("host", "evil.example"),
            ("authorization", "Bearer test-key"),
        ],
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_token_replaces_the_check_of_the_host_but_not_of_the_origin() {
    let mock = MockServer::builder()
        .control_token("s3cret")
        .in_process()
        .unwrap();
    let token = ("x-mock-token", "s3cret");
    for (headers, status) in [
        (&[("host", "mock.internal"), token][..], 200),
        (&[("host", "mock.internal")], 403),
        (&[("host", "localhost")], 401),
        (&[("host", "localhost"), ("x-mock-token", "")], 401),
        (&[("host", "localhost"), ("x-mock-token", "s3cret2")], 401),
        (
            &[
                ("host", "localhost"),
                ("origin", "http://evil.example"),
                token,
            ],
            403,
        ),
    ] {
        let answer = request(&mock, Method::GET, "/__mock/state", headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn the_health_check_needs_no_token() {
    let mock = MockServer::builder()
        .control_token("s3cret")
        .in_process()
        .unwrap();
    let health = request(&mock, Method::GET, "/__mock/health", &[]).await;
    assert_eq!(health.status, 200);
}

#[tokio::test]
async fn the_control_token_is_not_kept_in_the_journal() {
    let mock = mock();
    let headers = [("x-mock-token", "s3cret"), ("authorization", "Bearer k3y")];
    request(&mock, Method::GET, "/v1/agents", &headers).await;
    let recorded = format!("{:?}", mock.requests());
    assert!(
        !recorded.contains("s3cret") && !recorded.contains("k3y"),
        "{recorded}"
    );
}

/// Returns the text of the error with which a mock does not start.
fn problem(builder: MockServerBuilder) -> String {
    builder.in_process().unwrap_err().to_string()
}

#[test]
fn secrets_that_can_never_be_sent_are_rejected_at_the_start() {
    for unusable in ["", " ", "a ", "\ta", "a\n", "schlüssel", "\u{7f}"] {
        let start = MockServer::builder;
        for text in [
            problem(start().control_token(unusable)),
            problem(start().api_key(unusable)),
            problem(start().read_only_key(unusable)),
        ] {
            assert!(
                text.starts_with("invalid ") && text.contains("must"),
                "{text}"
            );
        }
    }
}

#[test]
fn contradictions_are_rejected_at_the_start() {
    let start = MockServer::builder;
    for (builder, text) in [
        (
            start().api_key("a").read_only_key("a"),
            "invalid read-only key",
        ),
        (start().read_only_key("test-key"), "invalid read-only key"),
        (
            start().isolate_keys(true).state_file("/tmp/never"),
            "invalid state file",
        ),
        (start().public_url("mock:3000"), "invalid public URL"),
        (start().public_url("ftp://mock"), "invalid public URL"),
        (start().public_url("http://mock/?a"), "invalid public URL"),
        (start().cors_origin("localhost"), "invalid CORS origin"),
        (start().allow_host("mock:3000"), "invalid allowed host"),
        (start().provider(" "), "invalid provider"),
    ] {
        let problem = problem(builder);
        assert!(problem.starts_with(text), "{problem}");
    }
}

#[tokio::test]
async fn the_public_url_is_the_base_of_all_urls_and_its_host_is_allowed() {
    for url in [
        "http://mock:3000",
        "http://mock:3000/",
        "http://mock:3000/v1",
    ] {
        let mock = MockServer::builder().public_url(url).in_process().unwrap();
        assert_eq!(mock.base_url(), "http://mock:3000/v1");
        let created = crate::support::send(&mock, "POST", "/v1/agents", r#"{"name":"a"}"#).await;
        let endpoint = created.json()["data"]["apiEndpoint"].to_string();
        assert!(
            endpoint.contains("http://mock:3000/v1/agents/agent_"),
            "{endpoint}"
        );
        let headers = [("host", "mock:3000")];
        let state = request(&mock, Method::GET, "/__mock/state", &headers).await;
        assert_eq!(state.status, 200);
    }
}

#[tokio::test]
async fn allowed_origins_can_call_the_api_and_read_its_headers() {
    let mock = MockServer::builder()
        .cors_origin("http://localhost:5173")
        .fault(Fault::status(503).times(1))
        .in_process()
        .unwrap();
    let origin = ("origin", "http://localhost:5173");
    let preflight = request(
        &mock,
        Method::OPTIONS,
        "/v1/agents",
        &[
            origin,
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ],
    )
    .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), origin.1);
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        "authorization,content-type"
    );
    assert!(
        mock.requests().is_empty(),
        "a preflight is not in the journal"
    );

    for (key, status) in [
        ("Bearer test-key", 503),
        ("Bearer test-key", 200),
        ("Bearer wrong", 401),
    ] {
        let headers = [origin, ("authorization", key)];
        let answer = request(&mock, Method::GET, "/v1/agents", &headers).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), origin.1);
        let exposed = answer.header("access-control-expose-headers").to_owned();
        for name in ["x-ratelimit-remaining", "retry-after", "x-request-id"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
    let description = request(&mock, Method::GET, "/openapi.json", &[origin]).await;
    assert_eq!(description.header("access-control-allow-origin"), origin.1);
}

#[tokio::test]
async fn other_origins_and_the_control_api_get_no_cors_headers() {
    let without = mock();
    let with = MockServer::builder()
        .cors_origin("http://localhost:5173")
        .in_process()
        .unwrap();
    for (mock, path, origin) in [
        (&without, "/v1/agents", "http://localhost:5173"),
        (&with, "/v1/agents", "http://evil.example"),
        (&with, "/v1/agents", "http://localhost:5173.evil.example"),
        (&with, "/__mock/state", "http://localhost:5173"),
        (&with, "/health", "http://localhost:5173"),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
            ];
            let answer = request(mock, method, path, &headers).await;
            let mut names = answer.headers.keys();
            assert!(
                names.all(|name| !name.as_str().starts_with("access-control")),
                "{path} {origin}"
            );
        }
    }
    let all = MockServer::builder().cors_origin("*").in_process().unwrap();
    let answer = request(
        &all,
        Method::GET,
        "/v1/agents",
        &[("origin", "https://any.example")],
    )
    .await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}
