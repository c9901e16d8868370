//! One HTTP/1.1 connection that stays open, as cheap as it gets: the machine is there for the server.
//!
//! In: a whole request. Out: status, cookies and body. Never: chunked bodies, redirects, TLS.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use crate::Failure;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The cookies that are set, as a `Cookie` header sends them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.head.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            let pair = value.split(';').next()?.trim();
            name.eq_ignore_ascii_case("set-cookie").then_some(pair)
        });
        set.collect::<Vec<_>>().join("; ")
    }

    /// Whether a header of this name (in small letters) is there.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.any(|(header, _)| header.eq_ignore_ascii_case(name))
    }

    /// A text member of a JSON body, found without reading all of it.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let after = self.body.split_once(&format!("\"{name}\":\""))?.1;
        after.split('"').next()
    }

    /// This answer, if it is a 200.
    pub(crate) fn ok(self) -> Result<Self, Failure> {
        if self.status == 200 {
            return Ok(self);
        }
        Err(format!("status {}: {}", self.status, self.body).into())
    }
}

impl Connection {
    pub(crate) fn open(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8192),
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) fn send(&mut self, request: &str) -> Result<Answer, Failure> {
        self.stream.write_all(request.as_bytes())?;
        self.buffer.clear();
        let mut chunk = [0_u8; 8192];
        let end = loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
            let head = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = head {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let body = loop {
            if let Some(body) = whole(&head, &self.buffer[end..]) {
                break body;
            }
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
        };
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        Ok(Answer {
            status: status.ok_or("no status")?,
            body: String::from_utf8_lossy(&body).into_owned(),
            head,
        })
    }
}

/// The body, once all of it is there: by its length, or in chunks (RFC 9112 §7.1).
fn whole(head: &str, mut bytes: &[u8]) -> Option<Vec<u8>> {
    if !head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked")
    {
        return bytes.get(..content_length(head)).map(<[u8]>::to_vec);
    }
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..line]).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let chunk = bytes.get(line + 2..line + 2 + size)?;
        bytes = bytes.get(line + 2 + size + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}

fn content_length(head: &str) -> usize {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    value.unwrap_or(0)
}

/// A form, with more header lines (each ending in CRLF).
pub(crate) fn post(path: &str, headers: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

/// A page or document.
pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_chunks_is_there_when_its_last_chunk_is() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let all = b"4\r\nWiki\r\nA\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(whole(head, all).unwrap(), b"Wiki0123456789");
        for cut in 0..all.len() {
            assert_eq!(whole(head, &all[..cut]), None, "{cut}");
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(whole(head, b"ok").unwrap(), b"ok");
        assert_eq!(whole(head, b"o"), None);
    }
}
