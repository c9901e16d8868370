//! `loop-auth healthcheck`: asks this machine's own server whether it is ready.
//!
//! In: address and port. Out: whether `/readyz` answered 200. For container health checks, so that
//! the image needs no curl.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the server at this address is ready.
///
/// # Errors
/// One sentence that says what is wrong.
pub(crate) async fn check(address: IpAddr, port: u16) -> Result<(), String> {
    let target = SocketAddr::new(reachable(address), port);
    tokio::time::timeout(TIMEOUT, ask(target))
        .await
        .map_err(|_| format!("{target} did not answer within {} s", TIMEOUT.as_secs()))?
}

/// The address a server bound to `bound` is reached at from here.
fn reachable(bound: IpAddr) -> IpAddr {
    match bound {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

async fn ask(target: SocketAddr) -> Result<(), String> {
    let unreachable = |error| format!("{target} is not reachable: {error}");
    let mut stream = TcpStream::connect(target).await.map_err(unreachable)?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(unreachable)?;
    let mut head = [0_u8; 15];
    stream.read_exact(&mut head).await.map_err(unreachable)?;
    let head = String::from_utf8_lossy(&head);
    match head.split_ascii_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some(status) => Err(format!("{target}/readyz answered {status}")),
        None => Err(format!("{target} does not speak HTTP")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_200_is_healthy() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", false),
            ("SSH-2.0-OpenSSH_9.9\r\n", false),
            ("", false),
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0_u8; 11];
                stream.read_exact(&mut request).await.unwrap();
                assert_eq!(&request, b"GET /readyz");
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
            let got = check(Ipv4Addr::UNSPECIFIED.into(), port).await;
            assert_eq!(got.is_ok(), expected, "{answer:?}: {got:?}");
        }
    }
}
