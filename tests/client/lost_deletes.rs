//! A delete whose response is lost: the agent is gone, so the call is a success.

use orionos::{ErrorCode, OrionError, Outcome, RetryPolicy, StatusCode};
use orionos_mock_server::{Fault, Operation};

use crate::support::{AGENT, answering, client, failure, mock, over};

fn lost() -> Fault {
    Fault::reset().after_acting().on(Operation::Delete)
}

#[tokio::test(start_paused = true)]
async fn the_404_of_the_retry_is_a_success_with_the_id_only() {
    for fault in [lost(), Fault::close().after_acting(), Fault::cut_body()] {
        let mock = mock();
        mock.fault(fault.times(1));
        let deleted = client(&mock)
            .agents()
            .delete(AGENT)
            .send_with_meta()
            .await
            .unwrap();
        assert_eq!(deleted.data.id, AGENT);
        assert_eq!((deleted.data.name, deleted.data.deleted_at), (None, None));
        assert_eq!(deleted.meta.status, StatusCode::NOT_FOUND);
        assert_eq!(deleted.meta.attempts, 2);
        assert!(deleted.meta.request_id().is_some());
        assert!(deleted.meta.rate_limit().is_some());
        assert!(!deleted.meta.waited().is_zero());
        mock.assert_requests(Operation::Delete, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_a_success_among_many_too() {
    let mock = mock();
    mock.fault(lost().times(1));
    let outcomes = client(&mock).agents().delete_many([AGENT]).send().await;
    assert!(outcomes[0].1.is_ok(), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_404_on_the_first_attempt_or_after_a_rejection_is_an_error() {
    for fault in [None, Some(Fault::rate_limit(0.1).times(1))] {
        let mock = mock();
        let agents = client(&mock).agents();
        agents.delete(AGENT).send().await.unwrap();
        if let Some(fault) = fault {
            mock.fault(fault);
        }
        let error = agents.delete(AGENT).send().await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::AgentNotFound));
        assert_eq!(error.outcome(), Outcome::Rejected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_404_that_does_not_say_that_the_agent_is_gone_stays_an_error() {
    for body in [failure("NOT_FOUND"), "<html>not here</html>".to_owned()] {
        let service = answering(404, &[], body);
        let orion = over(service).retry(RetryPolicy::default()).build().unwrap();
        let error: OrionError = orion.agents().delete(AGENT).send().await.unwrap_err();
        assert!(error.is_not_found());
    }
}
