//! `exec-api healthcheck`: asks the running service whether it is ready, for images without curl.
//!
//! In: the service's address. Out: yes, or why not. Never: TLS, redirects; it speaks to this machine only.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of the answer that are looked at.
const MOST: u64 = 4096;

/// Asks `GET /readyz` on the address that the service listens on.
///
/// # Errors
/// When nobody answers in three seconds, or the answer is not 200; the text says which.
pub(crate) fn ask(bind_address: IpAddr, port: u16) -> Result<(), String> {
    let address = SocketAddr::new(reachable(bind_address), port);
    let answer =
        exchange(address).map_err(|error| format!("{address} does not answer: {error}"))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let body = answer
        .split_once("\r\n\r\n")
        .map_or(answer.as_str(), |(_, body)| body);
    Err(format!("not ready: {}", body.trim()))
}

fn exchange(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// "Every address" is not an address to call.
const fn reachable(bind_address: IpAddr) -> IpAddr {
    match bind_address {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        given => given,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answering(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sent = [0; 512];
            let read = stream.read(&mut sent).unwrap();
            assert!(sent[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn only_a_200_is_ready() {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        assert_eq!(ask(any, answering("HTTP/1.1 200 OK\r\n\r\n{}")), Ok(()));
        let refused = ask(
            any,
            answering("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"reason\":\"keys\"}"),
        );
        assert_eq!(refused, Err("not ready: {\"reason\":\"keys\"}".to_owned()));
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert!(ask(any, closed).unwrap_err().contains("does not answer"));
    }
}
