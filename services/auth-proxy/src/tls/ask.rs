//! Asks the running proxy over TLS whether it is ready, for `auth-proxy healthcheck`.
//!
//! In: the address it listens on. Out: yes, or why not. Never: a question to another machine; who answers is not proven,
//! and nothing secret is said.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of the answer that are looked at.
const MOST: u64 = 4096;

/// Asks `GET /readyz` at this port.
///
/// # Errors
/// A text for the person who asks.
pub(crate) fn ask(bound: IpAddr, port: u16) -> Result<(), String> {
    let ip = match bound {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        given => given,
    };
    let address = SocketAddr::new(ip, port);
    let answer =
        exchange(address).map_err(|error| format!("{address} does not answer: {error}"))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(format!("not ready: {}", body.trim()))
}

fn exchange(address: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    connector.set_verify(SslVerifyMode::NONE);
    let connecting = connector.build().configure()?.verify_hostname(false);
    let mut stream = connecting
        .connect("localhost", stream)
        .map_err(io::Error::other)?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
