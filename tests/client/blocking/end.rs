//! How the background thread of a client ends, and what a panic does.

use std::cell::RefCell;
use std::io;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

use http::Request;
use orionos::{AgentConfig, OrionError, OrionOS, RequestBody};
use orionos_mock_server::MockService;
use tower_service::Service;

use super::{FOREVER, InnerService, current_thread, every_kind, get, in_process, multi_thread};
use crate::support::AGENT;

/// A service that spawns a task that never ends, and so ends with its runtime.
#[derive(Clone)]
struct Spawning {
    inner: MockService,
    until_the_end: mpsc::Sender<()>,
}

impl Service<Request<RequestBody>> for Spawning {
    type Response = InnerService;
    type Error = io::Error;
    type Future = <MockService as Service<Request<RequestBody>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let held = self.until_the_end.clone();
        tokio::spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        self.inner.call(request)
    }
}

/// Asserts that the background thread of a client ends when the last handle is dropped like this.
fn assert_ends(drop_it: impl FnOnce(OrionOS)) {
    let (mock, _) = in_process();
    let (until_the_end, ended) = mpsc::channel();
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(Spawning {
            inner: mock.service(),
            until_the_end,
        });
    let orion = orion.build().unwrap();
    get(&orion.agents()).unwrap();
    assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop_it(orion);
    let end = ended.recv_timeout(FOREVER);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn the_background_thread_ends_when_the_last_handle_is_dropped() {
    assert_ends(drop);
    assert_ends(|orion| {
        let agents = orion.agents();
        drop(orion);
        get(&agents).unwrap();
        let list = agents.list();
        drop(agents);
        let mut items = list.items_blocking();
        items.next().unwrap().unwrap();
    });
    assert_ends(|orion| {
        let stream = orion.agents().stream_message(AGENT, "Hi").send_blocking();
        drop(orion);
        stream.unwrap().next().unwrap().unwrap();
    });
    assert_ends(|orion| current_thread().block_on(async { drop(orion) }));
    assert_ends(|orion| {
        let runtime = multi_thread();
        runtime
            .block_on(runtime.spawn(async { drop(orion) }))
            .unwrap();
    });
    assert_ends(|orion| thread::spawn(|| drop(orion)).join().unwrap());
}

#[test]
fn a_panic_ends_the_background_thread_after_a_last_call_in_drop() {
    struct Guard(OrionOS);
    impl Drop for Guard {
        fn drop(&mut self) {
            get(&self.0.agents()).unwrap();
        }
    }
    assert_ends(|orion| {
        let panicking = thread::spawn(|| {
            let _guard = Guard(orion);
            std::panic::resume_unwind(Box::new("the panic of the test"));
        });
        assert_eq!(
            panicking.join().unwrap_err().downcast_ref(),
            Some(&"the panic of the test")
        );
    });
}

#[test]
fn a_panic_in_a_users_function_reaches_the_caller_and_the_client_goes_on() {
    let (_mock, orion) = in_process();
    let create = orion.agents().create_many([AgentConfig::new("One")]);
    let create = create.on_progress(|_| std::panic::resume_unwind(Box::new("the user's panic")));
    let panic = thread::spawn(move || create.send_blocking())
        .join()
        .unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the user's panic"));
    every_kind(&orion, 1);
}

#[test]
fn a_thread_that_ends_can_drop_its_client_and_a_call_is_no_panic() {
    struct Last(OrionOS, mpsc::Sender<Result<(), OrionError>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.send(get(&self.0.agents())).unwrap();
        }
    }
    thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });

    // The thread's values are destroyed in an order that depends on which one was used first.
    for call_first in [false, true] {
        assert_ends(|orion| {
            let (result, results) = mpsc::channel();
            let thread = thread::spawn(move || {
                if call_first {
                    get(&orion.agents()).unwrap();
                }
                LAST.set(Some(Last(orion, result)));
            });
            thread.join().unwrap();
            if let Err(error) = results.recv().unwrap() {
                assert!(error.to_string().contains("thread-local"), "{error}");
            }
        });
    }
}
