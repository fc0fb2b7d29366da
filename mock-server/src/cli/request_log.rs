//! The log of requests, one line per request.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use orionos_mock_server::RecordedRequest;
use tokio::sync::oneshot;

use crate::cli::options::LogFormat;

/// How many lines may wait for a slow reader. Further lines are dropped, because a log that nobody reads
/// must not stop the mock.
const WAITING: usize = 4096;

enum Entry {
    Line(String),
    /// Reports that all earlier lines were written.
    Flush(oneshot::Sender<()>),
}

/// Standard output, written by a separate thread because it may block.
pub(crate) struct RequestLog {
    entries: SyncSender<Entry>,
    /// The number of lines that were written.
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

    /// Returns a closure that writes each request: colored on a terminal, or as one JSON object per line.
    /// `verbose` adds headers and bodies.
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

    /// Waits until all lines are written, or until no line was written for `grace`, because nobody may be
    /// reading.
    pub(crate) async fn flush(self, grace: Duration) {
        let (done, mut flushed) = oneshot::channel();
        let entries = self.entries;
        // Sending may block because the queue may be full.
        std::thread::spawn(move || entries.send(Entry::Flush(done)));
        loop {
            let before = self.written.load(Ordering::Relaxed);
            let waited = tokio::time::timeout(grace, &mut flushed).await;
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
    let color = match request.status {
        Some(200..=299) => AnsiColor::Green,
        Some(300..=499) => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(color.into()));
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
                // A body must not control the terminal.
                match character.is_control() {
                    true => line.extend(character.escape_default()),
                    false => line.push(character),
                }
            }
        }
    }
    line
}
