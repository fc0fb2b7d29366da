//! `--state` under `kill -9`: no acknowledged write is lost, and the file is never partial.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

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
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\nauthorization: Bearer test-key\r\n\
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
        let spins = random.u32(0..400_000);
        (0..spins).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        let answered = writer.join().unwrap();

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
        next = kept + 1;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(next > 1, "nothing was written at all");
    println!("{} writes survived 200 kills", next - 1);
}
