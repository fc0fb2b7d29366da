//! What stops the program: signals, or the end of standard input.

use std::io::{self, Read, Write};

/// The events that stop the mock.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    stdin_closed: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl Stop {
    pub(crate) fn listen(watch_stdin: bool) -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            stdin_closed: (watch_stdin && !warn_if_at_end()).then(watch_standard_input),
        })
    }

    pub(crate) async fn wait(mut self) {
        let stdin_closed = async {
            match self.stdin_closed.take() {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = stdin_closed => {}
        }
        #[cfg(not(unix))]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = stdin_closed => {}
        }
    }
}

/// Warns if standard input is already at its end. Nobody will close it then, because a shell or a CI
/// system has replaced it by an empty input.
fn warn_if_at_end() -> bool {
    let is_at_end = is_at_end();
    if is_at_end {
        let _ = writeln!(
            io::stderr(),
            "orionos-mock-server: warning: standard input is empty, so --exit-on-stdin-close has no \
             effect; stop the mock with a signal"
        );
    }
    is_at_end
}

#[cfg(unix)]
fn is_at_end() -> bool {
    use std::io::{BufRead, IsTerminal};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let stdin = io::stdin();
    if stdin.is_terminal() {
        return false;
    }
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Reading an input that has neither data nor an end would block.
    let is_readable = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&now));
    is_readable.is_ok_and(|count| count > 0) && stdin.lock().fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// Only shells of Unix replace the input of a program in the background.
#[cfg(not(unix))]
fn is_at_end() -> bool {
    false
}

/// Reads in a thread, because a blocking read cannot be canceled. The thread ends with the process.
fn watch_standard_input() -> tokio::sync::oneshot::Receiver<()> {
    let (closed, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while matches!(io::stdin().read(&mut buffer), Ok(length) if length > 0) {}
        let _ = closed.send(());
    });
    receiver
}
