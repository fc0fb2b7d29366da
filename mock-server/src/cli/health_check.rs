//! Asks a mock whether it runs, for images that contain no other program that could.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);

/// What a server with https answers to plain HTTP begins with: the TLS record of an alert.
const TLS_ALERT: &[u8] = &[21, 3];

/// Sends `GET /health` to the host and port. A mock that listens on all addresses is reachable on
/// loopback. One with https shows that it runs by an alert: its certificate is unknown here.
pub(crate) fn check(host: &str, port: u16, is_https: bool) -> Result<(), String> {
    let expected = match is_https {
        true => TLS_ALERT,
        false => b"HTTP/1.1 200",
    };
    ask(host, port, expected.len())
        .map_err(|error| format!("cannot reach a mock on {host}, port {port}: {error}"))
        .and_then(|answer| match answer == expected {
            true => Ok(()),
            false => Err(format!("what runs on {host}, port {port}, is not healthy")),
        })
}

fn ask(host: &str, port: u16, length: usize) -> io::Result<Vec<u8>> {
    let mut problem = io::ErrorKind::NotFound.into();
    for mut address in (host, port).to_socket_addrs()? {
        if address.ip().is_unspecified() {
            let loopback = match address.is_ipv6() {
                true => std::net::Ipv6Addr::LOCALHOST.into(),
                false => std::net::Ipv4Addr::LOCALHOST.into(),
            };
            address.set_ip(loopback);
        }
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(connection) => return exchange(connection, length),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// Returns the beginning of the answer.
fn exchange(mut connection: TcpStream, length: usize) -> io::Result<Vec<u8>> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    connection
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = vec![0; length];
    connection.read_exact(&mut answer)?;
    Ok(answer)
}
