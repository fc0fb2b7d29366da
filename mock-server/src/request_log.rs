//! The log of requests, a line each.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use orionos_mock_server::RecordedRequest;
use tokio::sync::oneshot;

use crate::cli::LogFormat;

/// Lines that may wait for a slow reader; more are left out, so that a runner that reads nothing
/// does not stop the mock.
const WAITING: usize = 4096;

enum Entry {
    Line(String),
    /// What came before has been written.
    Flush(oneshot::Sender<()>),
}

/// Standard output, written by a thread of its own since it may block.
pub(crate) struct RequestLog {
    entries: SyncSender<Entry>,
    /// How many lines have been written.
    written: Arc<AtomicU64>,
}

impl RequestLog {
    pub(crate) fn start() -> Self {
        let (entries, waiting) = sync_channel(WAITING);
        let written = Arc::new(AtomicU64::new(0));
        let count = written.clone();
        std::thread::spawn(move || {
            for entry in waiting {
                match entry {
                    Entry::Line(line) => {
                        let mut stdout = anstream::stdout().lock();
                        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Entry::Flush(done) => drop(done.send(())),
                }
            }
        });
        Self { entries, written }
    }

    /// What writes each request: coloured on a terminal, one JSON object a line if asked. `verbose`
    /// adds headers and bodies.
    pub(crate) fn observer(
        &self,
        format: LogFormat,
        verbose: bool,
    ) -> impl Fn(&RecordedRequest) + Send + Sync + 'static {
        let entries = self.entries.clone();
        move |request| {
            let line = match format {
                LogFormat::Json => json_line(request, verbose),
                LogFormat::Human => human_line(request, verbose),
            };
            let _ = entries.try_send(Entry::Line(line));
        }
    }

    /// Waits until what was logged is written, or no line of it gets out within `patience`: nobody
    /// may be reading.
    pub(crate) async fn flush(self, patience: Duration) {
        let (done, mut flushed) = oneshot::channel();
        let entries = self.entries;
        // A thread again: the queue may be full.
        std::thread::spawn(move || entries.send(Entry::Flush(done)));
        loop {
            let before = self.written.load(Ordering::Relaxed);
            let waited = tokio::time::timeout(patience, &mut flushed).await;
            if waited.is_ok() || self.written.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

fn json_line(request: &RecordedRequest, verbose: bool) -> String {
    let mut line = request.to_json();
    if let Some(line) = line.as_object_mut() {
        if !verbose {
            line.remove("headers");
            line.remove("body");
        }
        line.insert("event".into(), "request".into());
    }
    line.to_string()
}

fn human_line(request: &RecordedRequest, verbose: bool) -> String {
    let colour = match request.status {
        Some(200..=299) => AnsiColor::Green,
        Some(300..=499) => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let mut line = format!("{style}{}{style:#}", request.line());
    if verbose {
        for (name, value) in &request.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            line.push_str(&format!("\n    {name}: {value}"));
        }
        if !request.body.is_empty() {
            let body = String::from_utf8_lossy(&request.body);
            line.push_str("\n    ");
            for character in body.chars() {
                // A body must not move a terminal's cursor.
                match character.is_control() {
                    true => line.extend(character.escape_default()),
                    false => line.push(character),
                }
            }
        }
    }
    line
}
