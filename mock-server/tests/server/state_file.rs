//! The state file: `kill -9`, files that cannot be used, and restarts.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
#[cfg(target_os = "linux")]
use std::time::Duration;

use http_body_util::BodyExt;
use orionos_mock_server::{MockServer, Snapshot};
use serde_json::{Value, json};
use tower_service::Service;

use crate::support::{create, request_of, send};

fn start(file: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(["--port", "0", "--quiet", "--state"])
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().rsplit("http://").next().unwrap();
    (child, address.strip_suffix("/v1").unwrap().to_owned())
}

fn request(address: &str, method: &str, path: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer test-key\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// Returns the number in the model of the agent.
fn read_back(address: &str, id: &str) -> Option<u64> {
    let agent = request(address, "GET", &format!("/v1/agents/{id}"), "")?;
    agent["data"]["model"].as_str()?.parse().ok()
}

#[test]
fn two_hundred_kills_during_writes_lose_no_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let (mut child, mut address) = start(&file);
    let created = request(
        &address,
        "POST",
        "/v1/agents",
        r#"{"name":"Pilot","model":"0"}"#,
    )
    .unwrap();
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    let mut random = fastrand::Rng::with_seed(1);
    let mut next = 1;
    for round in 0..200 {
        // Sends one number after the other until the mock is gone.
        let writer = std::thread::spawn({
            let (address, id) = (address.clone(), id.clone());
            move || {
                let mut answered = next - 1;
                for number in next.. {
                    let body = format!(r#"{{"model":"{number}"}}"#);
                    match request(&address, "PATCH", &format!("/v1/agents/{id}"), &body) {
                        Some(answer) if answer["success"] == true => answered = number,
                        _ => break,
                    }
                }
                answered
            }
        });
        // A reader, which must not see a number that the file then does not have.
        let reader = std::thread::spawn({
            let (address, id) = (address.clone(), id.clone());
            move || {
                let mut seen = 0;
                while let Some(number) = read_back(&address, &id) {
                    seen = number;
                }
                seen
            }
        });
        let spins = random.u32(0..400_000);
        (0..spins).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        let answered = writer.join().unwrap();
        let seen = reader.join().unwrap();

        let text = std::fs::read(&file).unwrap();
        serde_json::from_slice::<Value>(&text)
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        (child, address) = start(&file);
        let kept = read_back(&address, &id).unwrap();
        // The last write may or may not be in the file.
        assert!(
            (answered..=answered + 1).contains(&kept),
            "round {round}: {kept} after {answered}"
        );
        assert!(
            seen <= kept,
            "round {round}: {seen} was seen, {kept} is left"
        );
        next = kept + 1;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(next > 1, "nothing was written at all");
    println!("{} writes survived 200 kills", next - 1);
}

/// A pipe takes the place of the file that is written before it replaces the state file. Opening the pipe
/// waits until the mock writes it, and the mock cannot go on until the pipe is read.
#[cfg(target_os = "linux")]
#[test]
fn nobody_sees_a_change_before_it_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let mock = with_state(&file);
    // Each request has a thread, because writing blocks its thread.
    let ask = |method: &'static str, path: &str, body: &str| {
        let (mock, path, body) = (mock.clone(), path.to_owned(), body.to_owned());
        let (sender, answer) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let request = request_of(&mock, method, &path, &body);
                let response = mock.service().call(request).await.unwrap();
                sender.send(response.status().to_string()).unwrap();
                let mut body = response.into_body();
                while let Some(frame) = body.frame().await {
                    let bytes = frame.unwrap().into_data().unwrap();
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    if sender.send(text).is_err() {
                        break;
                    }
                }
            });
        });
        answer
    };
    // More than a pipe takes.
    let agent = json!({"name": "Before", "notes": "x".repeat(500_000)}).to_string();
    let created: String = ask("POST", "/v1/agents", &agent).iter().skip(1).collect();
    let created: Value = serde_json::from_str(&created).unwrap();
    let agent = format!("/v1/agents/{}", created["data"]["id"].as_str().unwrap());
    let viewer = ask("GET", "/__mock/events", "");
    assert!(viewer.iter().any(|event| event.contains("event: requests")));

    let pipe = folder.path().join("state.json.tmp");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let author = ask("PATCH", &agent, r#"{"name":"After"}"#);
    let mut half_written = fs::File::open(&pipe).unwrap();
    let paths = ["/v1/agents", &agent, "/__mock/agents", "/__mock/state"];
    let readers = paths.map(|path| ask("GET", path, ""));
    // Whoever does not wait for the file has seen the change by now.
    let mut seen = String::new();
    let patience = Duration::from_millis(200);
    for answer in readers.iter().chain([&viewer, &author]) {
        while let Ok(text) = answer.recv_timeout(patience) {
            seen += &text;
        }
    }
    assert!(!seen.contains("After"), "{seen}");
    assert!(!seen.contains("event: changed"), "{seen}");
    assert!(!seen.contains("200 OK"), "{seen}");
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.contains("Before") && !saved.contains("After"));

    // Writing fails at its end, because a pipe cannot be synchronized with a disk.
    std::io::copy(&mut half_written, &mut std::io::sink()).unwrap();
    assert_eq!(author.recv().unwrap(), "500 Internal Server Error");
    for reader in readers {
        let read: String = reader.iter().collect();
        assert!(read.contains("Before") && !read.contains("After"), "{read}");
    }

    // The same viewer learns of a change that is in the file.
    let renamed: String = ask("PATCH", &agent, r#"{"name":"Renamed"}"#)
        .iter()
        .collect();
    assert!(renamed.starts_with("200 OK"), "{renamed}");
    assert!(viewer.iter().any(|event| event.contains("event: changed")));
    assert!(fs::read_to_string(&file).unwrap().contains("Renamed"));
}

fn with_state(path: &Path) -> MockServer {
    MockServer::builder().state_file(path).in_process().unwrap()
}

#[tokio::test]
async fn the_most_deeply_nested_body_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let mock = with_state(&file);
    let nested = |levels: usize| {
        format!(
            r#"{{"name":"a","x":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let mut accepted = 0;
    for levels in 1..200 {
        let answer = send(&mock, "POST", "/v1/agents", &nested(levels)).await;
        accepted += usize::from(answer.status == 201);
        assert!(matches!(answer.status, 201 | 400), "{levels}");
    }
    assert_eq!(accepted, 64);
    drop(mock);
    assert_eq!(with_state(&file).snapshot().len(), 64);
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let file = state.join("state.json");
    let mock = with_state(&file);
    let id = create(&mock, "Pilot").await;
    let agent = format!("/v1/agents/{id}");
    // Without its folder the file cannot be written.
    let away = folder.path().join("away");
    fs::rename(&state, &away).unwrap();
    for (method, path, body) in [
        ("POST", "/v1/agents", r#"{"name":"b"}"#),
        ("PATCH", agent.as_str(), r#"{"name":"b"}"#),
        ("DELETE", agent.as_str(), ""),
        (
            "POST",
            &format!("{agent}/messages"),
            r#"{"text":"Hi","stream":true}"#,
        ),
        ("POST", "/__mock/reset", ""),
        ("PUT", "/__mock/state", r#"{"agents":[]}"#),
        (
            "PATCH",
            &format!("/__mock/agents/{id}"),
            r#"{"protected":"x"}"#,
        ),
    ] {
        let answer = send(&mock, method, path, body).await;
        assert_eq!(answer.status, 500, "{method} {path}");
    }
    let agents = send(&mock, "GET", "/v1/agents", "").await.json();
    assert_eq!(agents["data"]["pagination"]["totalItems"], 1);
    let got = send(&mock, "GET", &agent, "").await.json();
    assert_eq!(got["data"]["name"], "Pilot");
    assert_eq!(got["data"]["metrics"]["totalMessages"], 0);

    fs::rename(&away, &state).unwrap();
    assert_eq!(send(&mock, "DELETE", &agent, "").await.status, 200);
    drop(mock);
    assert!(with_state(&file).snapshot().is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let broken = folder.path().join("broken.json");
    fs::write(&broken, "{").unwrap();
    let doubled = folder.path().join("doubled.json");
    let mock = MockServer::builder().agents(["a"]).in_process().unwrap();
    let mut snapshot = serde_json::to_value(mock.snapshot()).unwrap();
    let agent = snapshot["agents"][0].clone();
    snapshot["agents"].as_array_mut().unwrap().push(agent);
    fs::write(&doubled, snapshot.to_string()).unwrap();
    let _other = with_state(&file);
    let mut paths = vec![
        (folder.path().join("none/state.json"), "o such file"),
        (folder.path().to_owned(), "not a regular file"),
        (broken, "not a snapshot"),
        (doubled, "used twice"),
        (file, "another mock uses it"),
    ];
    if cfg!(target_os = "linux") {
        paths.push(("/dev/full".into(), "/dev/full"));
        paths.push(("/dev/zero".into(), "/dev/zero"));
    }
    for (path, text) in paths {
        let problem = MockServer::builder()
            .state_file(&path)
            .in_process()
            .unwrap_err()
            .to_string();
        assert!(
            problem.contains(text) && problem.contains(path.to_str().unwrap()),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_file_is_free_again_when_its_mock_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    for _ in 0..20 {
        let mock = MockServer::builder()
            .state_file(&file)
            .start()
            .await
            .unwrap();
        let (answer, _) = crate::support::exchange(&mock, "GET", "/v1/agents", "").await;
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn ids_are_not_repeated_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let mut ids = std::collections::HashSet::new();
    for _ in 0..5 {
        let mock = with_state(&file);
        for _ in 0..3 {
            let id = create(&mock, "Pilot").await;
            let path = format!("/v1/agents/{id}/messages");
            let sent = send(&mock, "POST", &path, r#"{"text":"Hi"}"#).await;
            let message = sent.json()["data"]["messageId"].to_string();
            assert!(ids.insert(message));
            assert!(ids.insert(sent.header("x-request-id").to_owned()));
            send(&mock, "DELETE", &format!("/v1/agents/{id}"), "").await;
            assert!(ids.insert(id));
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_remains_one_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target.json");
    let link = folder.path().join("link.json");
    symlink("middle.json", &link).unwrap();
    symlink("target.json", folder.path().join("middle.json")).unwrap();
    let mock = with_state(&link);
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    create(&mock, "Pilot").await;
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Snapshot::load(&target).unwrap().len(), 1);
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let problem = MockServer::builder().state_file(&target).in_process();
    assert!(problem.is_err(), "the target of the link is in use");
}

#[tokio::test]
async fn snapshots_of_other_mocks_are_checked() {
    let mock = MockServer::builder().agents(["a"]).in_process().unwrap();
    let good = serde_json::to_value(mock.snapshot()).unwrap();
    for (field, value) in [
        ("id", json!("")),
        ("id", json!("..")),
        ("status", json!("odd")),
    ] {
        let mut bad = good.clone();
        bad["agents"][0][field] = value;
        let answer = send(&mock, "PUT", "/__mock/state", &bad.to_string()).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    assert_eq!(serde_json::to_value(mock.snapshot()).unwrap(), good);
}
