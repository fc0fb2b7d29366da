//! Asks a mock whether it runs, for images that contain no other program that could.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Sends `GET /health` to the host and port. A mock that listens on all addresses is reachable on loopback.
pub(crate) fn check(host: &str, port: u16) -> Result<(), String> {
    ask(host, port)
        .map_err(|error| format!("cannot reach a mock on {host}, port {port}: {error}"))
        .and_then(|answer| match answer.starts_with(b"HTTP/1.1 200") {
            true => Ok(()),
            false => Err(format!("what runs on {host}, port {port}, is not healthy")),
        })
}

fn ask(host: &str, port: u16) -> io::Result<Vec<u8>> {
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
            Ok(connection) => return exchange(connection),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

fn exchange(mut connection: TcpStream) -> io::Result<Vec<u8>> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    connection
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut status = vec![0; 12];
    connection.read_exact(&mut status)?;
    Ok(status)
}
