//! Requests that the page of the mock exported as tests. `UPDATE=1 .ci/checks/browser page` writes them.

mod request_1 {
    use orionos::{AgentConfig, OrionOS, RetryPolicy};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_1_create() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder().start().await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let config: AgentConfig = serde_json::from_str(
            r#"{"name":"It's $HOME `id` \"q\" %s \\ \ud83c\udf0a","bio":["-d @/etc/passwd"],"score":1.50}"#,
        )?;
        let result = orion.agents().create_from(config).send().await;
        result?;
        let expected = RequestPattern::of(Operation::Create)
        .body(serde_json::from_str(r#"{"name":"It's $HOME `id` \"q\" %s \\ \ud83c\udf0a","bio":["-d @/etc/passwd"],"score":1.50}"#)?);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_2 {
    use orionos::{AgentConfig, OrionOS, RetryPolicy};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_2_create() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder().start().await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let config: AgentConfig = serde_json::from_str(r#"{"name":"Pilot"}"#)?;
        let result = orion.agents().create_from(config).send().await;
        result?;
        let expected = RequestPattern::of(Operation::Create)
            .body(serde_json::from_str(r#"{"name":"Pilot"}"#)?);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_3 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{Fault, MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_3_list() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder().start().await?;
        mock.fault(Fault::rate_limit(2.500));
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion.agents().list().send().await;
        let error = result.expect_err("the mock responds with a failure");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(429));
        let expected = RequestPattern::of(Operation::List);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_4 {
    use orionos::{Method, OrionOS, RetryPolicy, Value};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_4_list() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder().start().await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion
            .request(Method::GET, ["agents"])
            .query([("page", "2"), ("limit", "5")])
            .send::<Value>()
            .await;
        result?;
        let expected = RequestPattern::of(Operation::List);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_5 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_5_get() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_nmuveunoqm7c", "name": "Agent"})])
            .start()
            .await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion.agents().get("agent_nmuveunoqm7c").send().await;
        result?;
        let expected = RequestPattern::of(Operation::Get);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_6 {
    use orionos::{Method, OrionOS, RetryPolicy, Value};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_6_update() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_nmuveunoqm7c", "name": "Agent"})])
            .start()
            .await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion
            .request(Method::PATCH, ["agents", "agent_nmuveunoqm7c"])
            .json(serde_json::from_str::<Value>(
                r#"{"name":"Ledger \u202e", "bio":["a"]}"#,
            )?)
            .send::<Value>()
            .await;
        result?;
        let expected = RequestPattern::of(Operation::Update).body(serde_json::from_str(
            r#"{"name":"Ledger \u202e", "bio":["a"]}"#,
        )?);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_7 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_7_send_message() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_nmuveunoqm7c", "name": "Agent"})])
            .start()
            .await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion
            .agents()
            .conversation("agent_nmuveunoqm7c")
            .user_id("user_77")
            .room_id("pier")
            .say("Say \"hi\"")
            .send()
            .await;
        result?;
        let expected = RequestPattern::of(Operation::SendMessage).body(serde_json::from_str(
            r#"{"text":"Say \"hi\"","userId":"user_77","roomId":"pier"}"#,
        )?);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_8 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_8_stream_message() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_nmuveunoqm7c", "name": "Agent"})])
            .start()
            .await?;
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = async {
            let mut stream = orion
                .agents()
                .conversation("agent_nmuveunoqm7c")
                .stream("When does the tide turn?")
                .send()
                .await?;
            while let Some(event) = stream.next().await {
                event?;
            }
            Ok::<(), orionos::OrionError>(())
        }
        .await;
        result?;
        let expected = RequestPattern::of(Operation::StreamMessage).body(serde_json::from_str(
            r#"{"text":"When does the tide turn?"}"#,
        )?);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_9 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{Fault, MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_9_delete() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_nmuveunoqm7c", "name": "Agent"})])
            .start()
            .await?;
        mock.fault(Fault::close());
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion.agents().delete("agent_nmuveunoqm7c").send().await;
        let error = result.expect_err("the mock responds with a failure");
        assert_eq!(error.status().map(|status| status.as_u16()), None);
        let expected = RequestPattern::of(Operation::Delete);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_10 {
    use orionos::{OrionOS, RetryPolicy};
    use orionos_mock_server::{Fault, MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_10_get() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": "agent_gone", "name": "Agent"})])
            .start()
            .await?;
        mock.fault(Fault::status(404));
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion.agents().get("agent_gone").send().await;
        let error = result.expect_err("the mock responds with a failure");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
        let expected = RequestPattern::of(Operation::Get);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}

mod request_11 {
    use orionos::{Method, OrionOS, RetryPolicy, Value};
    use orionos_mock_server::{Fault, MockServer, Operation, RequestPattern};

    #[tokio::test]
    async fn request_11_unknown() -> Result<(), Box<dyn std::error::Error>> {
        let mock = MockServer::builder().start().await?;
        mock.fault(Fault::status(404));
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .retry(RetryPolicy::none())
            .build()?;

        let result = orion
            .request(Method::GET, ["nothing", "here"])
            .send::<Value>()
            .await;
        let error = result.expect_err("the mock responds with a failure");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
        let expected = RequestPattern::of(Operation::Unknown);
        mock.assert_received(&expected, 1);
        Ok(())
    }
}
