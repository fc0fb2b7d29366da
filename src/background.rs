//! The background thread of blocking calls: a runtime for their connections and timers.
//!
//! The calls themselves run on the threads that make them. So the functions that a user gives to the
//! client run there too, they may make blocking calls of their own, and a slow one holds up nobody
//! else.

use std::cell::Cell;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::oneshot;
use tokio::task::unconstrained;

use crate::error::OrionError;

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Elsewhere) };
}

/// Where a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    /// In this many blocking calls, each of which was made by the one before.
    InCalls(u32),
    /// It is a background thread, which runs what a service or a store has spawned.
    OnBackgroundThread,
}

/// Returns whether the runtime of the current code is that of a background thread.
pub(crate) fn is_current() -> bool {
    PLACE.get() != Place::Elsewhere
}

/// Returns whether the current thread is in a blocking call that was made by another one.
pub(crate) fn is_nested() -> bool {
    matches!(PLACE.get(), Place::InCalls(2..))
}

/// The background thread of a client. It is started by the first blocking call, and it ends when this
/// is dropped. Dropping does not wait for it, so it can happen anywhere.
#[derive(Default)]
pub(crate) struct Background {
    /// The process of the first blocking call, or 0 before it.
    process: AtomicU32,
    starting: Mutex<()>,
    thread: OnceLock<BackgroundThread>,
}

struct BackgroundThread {
    runtime: Handle,
    /// Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

/// Why a blocking call is impossible.
#[derive(Debug, Clone)]
pub(crate) enum Unavailable {
    Forked { process: u32 },
    OnBackgroundThread,
    ThreadEnds,
    NotStarted(Arc<std::io::Error>),
}

impl From<Unavailable> for OrionError {
    fn from(why: Unavailable) -> Self {
        match why {
            Unavailable::Forked { process } => Self::config(format!(
                "this client made blocking calls in process {process}, from which this process was \
                 forked; create a new client after a fork"
            )),
            Unavailable::OnBackgroundThread => Self::config(
                "a blocking call cannot be made on the background thread of blocking calls, where \
                 spawned tasks of your service or store run; await send(), or use another thread",
            ),
            Unavailable::ThreadEnds => Self::config(
                "a blocking call cannot be made while the thread destroys its thread-local values",
            ),
            Unavailable::NotStarted(error) => Self::config_with(
                "cannot start the background thread of blocking calls",
                error,
            ),
        }
    }
}

impl Background {
    /// Starts the background thread if it does not run yet.
    pub(crate) fn start(&self) -> Result<Entry<'_>, Unavailable> {
        self.check()?;
        if let Some(thread) = self.thread.get() {
            return Ok(Entry { thread });
        }
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = self.thread.get() {
            return Ok(Entry { thread });
        }
        let started = BackgroundThread::start();
        let started = started.map_err(|error| Unavailable::NotStarted(error.into()))?;
        Ok(Entry {
            thread: self.thread.get_or_init(|| started),
        })
    }

    /// Returns the background thread if it runs and can be used.
    pub(crate) fn started(&self) -> Option<Entry<'_>> {
        let thread = self.thread.get()?;
        self.check().ok()?;
        Some(Entry { thread })
    }

    fn check(&self) -> Result<(), Unavailable> {
        if PLACE.get() == Place::OnBackgroundThread {
            return Err(Unavailable::OnBackgroundThread);
        }
        if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
            return Err(Unavailable::ThreadEnds);
        }
        // A forked process has no other thread than the one that forked. This is checked before any
        // lock, which one of the others may have held.
        let own = process::id();
        let order = Ordering::SeqCst;
        match self.process.compare_exchange(0, own, order, order) {
            Err(process) if process != own => Err(Unavailable::Forked { process }),
            _ => Ok(()),
        }
    }
}

impl BackgroundThread {
    fn start() -> std::io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, started) = mpsc::channel();
        thread::Builder::new()
            .name("orionos-blocking".to_owned())
            .spawn(move || {
                PLACE.set(Place::OnBackgroundThread);
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                if tell.send(Ok(runtime.handle().clone())).is_ok() {
                    let _ = runtime.block_on(stopped);
                }
                // A name that is still being resolved does not keep the thread.
                runtime.shutdown_background();
            })?;
        let runtime = started
            .recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the thread has ended")))?;
        Ok(Self {
            runtime,
            _stop: stop,
        })
    }
}

/// The permission to make blocking calls.
pub(crate) struct Entry<'a> {
    thread: &'a BackgroundThread,
}

impl Entry<'_> {
    /// Runs a future on this thread, which blocks until it has ended. Its connections and timers are
    /// those of the background thread.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _inside = self.enter();
        let parker = Arc::new(Parker {
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        });
        let waker = Waker::from(parker.clone());
        let mut cx = Context::from_waker(&waker);
        // In a task of another runtime, its budget would never be renewed.
        let mut future = pin!(unconstrained(future));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            while !parker.is_woken.swap(false, Ordering::Acquire) {
                thread::park();
            }
        }
    }

    /// Makes the background thread's runtime the current one, for what is dropped.
    pub(crate) fn enter(&self) -> Inside<'_> {
        let before = PLACE.get();
        let depth = match before {
            Place::InCalls(depth) => depth,
            _ => 0,
        };
        PLACE.set(Place::InCalls(depth.saturating_add(1)));
        Inside {
            before,
            _runtime: self.thread.runtime.enter(),
        }
    }
}

pub(crate) struct Inside<'a> {
    before: Place,
    _runtime: EnterGuard<'a>,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        PLACE.set(self.before);
    }
}

struct Parker {
    thread: Thread,
    /// Nested calls park the same thread, so waking it does not say which call goes on.
    is_woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
