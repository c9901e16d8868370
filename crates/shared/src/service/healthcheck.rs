//! `<service> healthcheck`: asks the running service whether it is ready, for images without curl.
//!
//! In: the address that the service listens on. Out: yes, or [`Unhealthy`]. Never: TLS, redirects; it speaks to
//! this machine only.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long the whole answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of the answer that are looked at.
const MOST: u64 = 4096;

/// Why the running service is not ready.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// Nobody answers in time.
    #[error("{address} does not answer: {error}")]
    Silent {
        /// Who was asked.
        address: SocketAddr,
        /// What went wrong.
        error: io::Error,
    },
    /// Something else listens there.
    #[error("{0} does not speak HTTP")]
    NotHttp(SocketAddr),
    /// It answers anything but 200; the body says why.
    #[error("not ready: {0}")]
    NotReady(String),
}

/// Asks `GET /readyz` of the service that listens on `bind_address`.
///
/// # Errors
/// [`Unhealthy`] when nobody answers in three seconds, or the answer is not 200.
pub async fn ask(bind_address: IpAddr, port: u16) -> Result<(), Unhealthy> {
    let address = SocketAddr::new(reachable(bind_address), port);
    let answer = tokio::time::timeout(TIMEOUT, exchange(address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| Unhealthy::Silent { address, error })?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    if !answer.starts_with("HTTP/") {
        return Err(Unhealthy::NotHttp(address));
    }
    let body = answer
        .split_once("\r\n\r\n")
        .map_or(answer.as_str(), |(_, body)| body);
    Err(Unhealthy::NotReady(body.trim().to_owned()))
}

async fn exchange(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
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
    use tokio::net::TcpListener;

    const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    async fn answering(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut sent = [0; 512];
            let read = stream.read(&mut sent).await.unwrap();
            assert!(sent[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn only_a_200_is_ready() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n{}", None),
            (
                "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"reason\":\"keys\"}",
                Some("not ready: {\"reason\":\"keys\"}"),
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Some("not ready: ")),
            ("SSH-2.0-OpenSSH_9.9\r\n", Some("does not speak HTTP")),
            ("", Some("does not speak HTTP")),
        ] {
            let got = ask(ANY, answering(answer).await).await;
            match (got, expected) {
                (Ok(()), None) => (),
                (Err(error), Some(text)) if error.to_string().contains(text) => (),
                (got, _) => panic!("{answer:?}: {got:?}"),
            }
        }
    }

    #[tokio::test]
    async fn nobody_there_is_not_ready() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let error = ask(ANY, port).await.unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error}");
    }

    #[test]
    fn every_address_is_asked_at_home() {
        for (bound, asked) in [
            ("0.0.0.0", "127.0.0.1"),
            ("::", "::1"),
            ("10.0.0.7", "10.0.0.7"),
        ] {
            let got = reachable(bound.parse().unwrap());
            assert_eq!(got, asked.parse::<IpAddr>().unwrap(), "{bound}");
        }
    }
}
