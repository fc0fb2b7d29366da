//! What stops the program: signals, or the end of standard input.

use std::io::{self, Read, Write};

/// Whether the end of standard input stops the mock.
pub(crate) enum StandardInput {
    Ignored,
    Watched,
    /// Watched, and something was read from it, so its end is that of the program that started the mock.
    KnownToBeOpen,
}

/// The events that stop the mock.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    console: Console,
    stdin_closed: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl Stop {
    pub(crate) fn listen(stdin: StandardInput) -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        let is_watched = match stdin {
            StandardInput::Ignored => false,
            StandardInput::Watched => !warn_if_at_end(),
            StandardInput::KnownToBeOpen => true,
        };
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(windows)]
            console: Console::listen()?,
            stdin_closed: is_watched.then(watch_standard_input),
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
        #[cfg(windows)]
        tokio::select! {
            () = self.console.closes() => {}
            () = stdin_closed => {}
        }
    }
}

/// What Windows has instead of signals. A program in a process group of its own receives Ctrl-Break, but
/// not Ctrl-C.
#[cfg(windows)]
struct Console {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    ctrl_close: tokio::signal::windows::CtrlClose,
    ctrl_shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Console {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            ctrl_close: ctrl_close()?,
            ctrl_shutdown: ctrl_shutdown()?,
        })
    }

    async fn closes(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.ctrl_close.recv() => {}
            _ = self.ctrl_shutdown.recv() => {}
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
