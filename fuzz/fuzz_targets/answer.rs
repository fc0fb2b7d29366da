//! Any body with any status is a typed result or an error, without a panic.
#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use orionos::{Agent, Method, Value};
use orionos_fuzz::{Fixed, run};

fuzz_target!(|input: &[u8]| {
    let (Some(first), body) = (input.first(), input.get(1..).unwrap_or_default()) else {
        return;
    };
    let statuses = [
        200, 201, 204, 301, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504,
    ];
    let status = statuses[usize::from(*first) % statuses.len()];
    let service = Fixed {
        status: StatusCode::from_u16(status).unwrap(),
        headers: Default::default(),
        pieces: Arc::new(vec![Bytes::copy_from_slice(body)]),
    };
    let orion = service.client();
    let agents = orion.agents();
    run(async {
        let printed = [
            agents.get("a").send().await.err(),
            agents.list().send().await.err(),
            agents.update("a").model("m").send().await.err(),
            agents.delete("a").send().await.err(),
            agents.create("a").send().await.err(),
            agents.send_message("a", "Hi").send().await.err(),
            agents.stream_message("a", "Hi").send().await.err(),
            orion
                .request(Method::GET, ["x"])
                .send::<Value>()
                .await
                .err(),
        ];
        for error in printed.into_iter().flatten() {
            let line = error.to_string();
            assert!(
                !line.contains('\n') && !line.contains("fuzz-canary-key"),
                "{line}"
            );
            let _ = (
                error.code(),
                error.details(),
                error.retry_after(),
                error.outcome(),
            );
        }
        if let Ok(agent) = agents.get("a").send().await {
            // A decoded value encodes to JSON that decodes to the same value.
            let text = serde_json::to_string(&agent).expect("it was JSON before");
            let again: Agent = serde_json::from_str(&text).expect("it was an agent before");
            assert_eq!(again, agent);
        }
    });
});
