//! The log of requests, a line each.

use std::io::Write;
use std::sync::mpsc::{SyncSender, sync_channel};

use anstyle::{AnsiColor, Style};
use orionos_mock_server::RecordedRequest;

use crate::cli::LogFormat;

/// Lines that may wait for a slow reader; more are left out, so that a runner that reads nothing
/// does not stop the mock.
const WAITING: usize = 4096;

/// What writes each request to standard output: coloured on a terminal, one JSON object a line if
/// asked. `verbose` adds headers and bodies.
pub(crate) fn request_log(
    format: LogFormat,
    verbose: bool,
) -> impl Fn(&RecordedRequest) + Send + Sync + 'static {
    let lines = writer();
    move |request| {
        let line = match format {
            LogFormat::Json => json_line(request, verbose),
            LogFormat::Human => human_line(request, verbose),
        };
        let _ = lines.try_send(line);
    }
}

/// A thread, since standard output may block.
fn writer() -> SyncSender<String> {
    let (lines, waiting) = sync_channel::<String>(WAITING);
    std::thread::spawn(move || {
        for line in waiting {
            let mut stdout = anstream::stdout().lock();
            let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        }
    });
    lines
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
