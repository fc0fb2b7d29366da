//! The log of requests, one line per request.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use orionos_mock_server::RecordedRequest;
use tokio::sync::oneshot;

use crate::cli::options::LogFormat;

/// How many bytes may wait for a slow reader. Further lines are dropped and counted, because a log that
/// nobody reads must neither stop the mock nor fill the memory.
const MAX_WAITING: usize = 8 << 20;
/// About how many bytes a line needs in addition to its text.
const OVERHEAD: usize = 64;

enum Entry {
    Line(String),
    /// Reports that all earlier lines were written.
    Flush(oneshot::Sender<()>),
}

/// Standard output, written by a separate thread because it may block.
pub(crate) struct RequestLog {
    queue: Queue,
    /// The number of lines that were written.
    written: Arc<AtomicU64>,
}

/// The lines that wait to be written.
#[derive(Clone)]
struct Queue {
    entries: Sender<Entry>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    fn push(&self, line: String) {
        let size = line.len() + OVERHEAD;
        let waiting = self.waiting.fetch_add(size, Ordering::Relaxed);
        if waiting + size > MAX_WAITING {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            let _ = self.entries.send(Entry::Line(line));
        }
    }
}

impl RequestLog {
    pub(crate) fn start() -> Self {
        let (entries, received) = channel();
        let queue = Queue {
            entries,
            waiting: Arc::default(),
            dropped: Arc::default(),
        };
        let written = Arc::new(AtomicU64::new(0));
        let (waiting, dropped) = (queue.waiting.clone(), queue.dropped.clone());
        let count = written.clone();
        std::thread::spawn(move || {
            for entry in received {
                match entry {
                    Entry::Line(line) => {
                        write_line(&line);
                        waiting.fetch_sub(line.len() + OVERHEAD, Ordering::Relaxed);
                        count.fetch_add(1, Ordering::Relaxed);
                        let missing = dropped.swap(0, Ordering::Relaxed);
                        if missing > 0 {
                            write_line(&format!("({missing} requests were not logged)"));
                        }
                    }
                    Entry::Flush(done) => drop(done.send(())),
                }
            }
        });
        Self { queue, written }
    }

    /// Returns a closure that writes each request: colored on a terminal, or as one JSON object per line.
    /// `verbose` adds headers and bodies.
    pub(crate) fn observer(
        &self,
        format: LogFormat,
        verbose: bool,
    ) -> impl Fn(&RecordedRequest) + Send + Sync + 'static {
        let queue = self.queue.clone();
        move |request| {
            queue.push(match format {
                LogFormat::Json => json_line(request, verbose),
                LogFormat::Human => human_line(request, verbose),
            });
        }
    }

    /// Waits until all lines are written, or until no line was written for `grace`, because nobody may be
    /// reading.
    pub(crate) async fn flush(self, grace: Duration) {
        let (done, mut flushed) = oneshot::channel();
        let _ = self.queue.entries.send(Entry::Flush(done));
        loop {
            let before = self.written.load(Ordering::Relaxed);
            let waited = tokio::time::timeout(grace, &mut flushed).await;
            if waited.is_ok() || self.written.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

fn write_line(line: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn json_line(request: &RecordedRequest, verbose: bool) -> String {
    let mut line = request.to_json();
    if let Some(line) = line.as_object_mut() {
        if !verbose {
            for field in ["headers", "body", "response"] {
                line.remove(field);
            }
        }
        line.insert("event".into(), "request".into());
    }
    // JSON may have characters that control a terminal, but it also has an escape for them.
    let line = line.to_string();
    match line.is_ascii() {
        true => line.replace('\u{7f}', "\\u007f"),
        false => escape_non_ascii(&line),
    }
}

fn escape_non_ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        match character {
            ' '..='~' => escaped.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
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
        for detail in request.details() {
            line.push_str("\n    ");
            line.push_str(&detail);
        }
    }
    line
}
