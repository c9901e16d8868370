//! TLS at the proxy's own port, as clients meet it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use loop_testkit::acme::certificate_of_this_machine;
use loop_testkit::free_port;
use openssl::hash::MessageDigest;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::harness::{EMAIL, Proxy, builder, eventually, fake};

/// Certificate and key for `localhost`, in files.
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new(folder: &Path) -> Self {
        let files = Self {
            cert: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        };
        files.renew();
        files
    }

    /// Others take their place; the SHA-256 of the certificate.
    fn renew(&self) -> Vec<u8> {
        let (cert, key) = certificate_of_this_machine();
        std::fs::write(&self.key, key).unwrap();
        std::fs::write(&self.cert, &cert).unwrap();
        let cert = X509::from_pem(&cert).unwrap();
        cert.digest(MessageDigest::sha256()).unwrap().to_vec()
    }
}

/// The proxy with these files, and what it keeps.
fn proxy(settings: &[(&str, &str)]) -> (Proxy, Files, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let data = tempfile::tempdir().unwrap();
    let mut service = builder(&data)
        .env("TLS_CERT", &files.cert)
        .env("TLS_KEY", &files.key)
        .ready_by_itself();
    for (name, value) in settings {
        service = service.env(name, value);
    }
    let service = service.arg("--").arg(fake());
    let ca = std::fs::read(&files.cert).unwrap();
    (
        Proxy::started(service, data, "/mcp").over_tls(ca),
        files,
        folder,
    )
}

/// A handshake that offers these protocols and goes no higher than this version; who answers is not looked at.
pub(crate) async fn shake(
    port: u16,
    protocols: &[u8],
    most: SslVersion,
) -> Result<SslStream<TcpStream>, openssl::ssl::Error> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
    connector.set_max_proto_version(Some(most)).unwrap();
    if !protocols.is_empty() {
        connector.set_alpn_protos(protocols).unwrap();
    }
    let ssl = connector
        .build()
        .configure()
        .unwrap()
        .into_ssl("localhost")
        .unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = SslStream::new(ssl, stream).unwrap();
    Pin::new(&mut stream).connect().await?;
    Ok(stream)
}

async fn shown(port: u16) -> Vec<u8> {
    let stream = shake(port, b"", SslVersion::TLS1_3).await.unwrap();
    let cert = stream.ssl().peer_certificate().unwrap();
    cert.digest(MessageDigest::sha256()).unwrap().to_vec()
}

#[tokio::test]
async fn people_sign_in_and_call_over_tls_with_a_certificate_of_files() {
    let (proxy, _files, _folder) = proxy(&[]);
    let token = proxy.token(EMAIL).await;
    let (session, hello) = proxy.initialize(&token, json!({})).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "fake");
    assert_eq!(session.text("echo", json!({ "a": 1 })).await, r#"{"a":1}"#);
}

#[tokio::test]
async fn the_listener_inside_gives_the_keys_and_nothing_else() {
    let (proxy, _files, _folder) = proxy(&[]);
    let logs = proxy.service.logs();
    let line = logs
        .lines()
        .find(|line| line.contains("keys are served inside"))
        .unwrap();
    let port = line.split("127.0.0.1:").nth(1).unwrap();
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    for (path, status) in [
        ("/.well-known/jwks.json", 200),
        ("/oauth/revocations", 200),
        ("/authorize", 404),
        ("/token", 404),
        ("/mcp", 404),
        ("/admin", 404),
        ("/.well-known/jwks.json/", 404),
        ("//.well-known/jwks.json", 404),
    ] {
        let answered = proxy.http.get(format!("http://127.0.0.1:{port}{path}"));
        assert_eq!(answered.send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_changed_certificate_is_taken_over_and_open_connections_go_on() {
    let (proxy, files, _folder) = proxy(&[]);
    let port = proxy.service.port();
    let mut open = shake(port, b"\x08http/1.1", SslVersion::TLS1_3)
        .await
        .unwrap();
    let before = shown(port).await;
    // Half of a change is none.
    std::fs::write(&files.cert, certificate_of_this_machine().0).unwrap();
    eventually("the mistake is told", || {
        proxy
            .service
            .logs()
            .contains("the certificate stays as it was")
    });
    assert_eq!(shown(port).await, before);
    let after = files.renew();
    let taken = "a new certificate is taken over";
    eventually("it is taken over", || proxy.service.logs().contains(taken));
    assert_eq!(shown(port).await, after);
    open.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    open.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn old_versions_other_protocols_and_plain_http_are_refused() {
    let (proxy, _files, _folder) = proxy(&[]);
    let port = proxy.service.port();
    for (protocols, most, expected) in [
        (&b""[..], SslVersion::TLS1_1, None),
        (b"", SslVersion::TLS1_2, Some(None)),
        (b"", SslVersion::TLS1_3, Some(None)),
        (b"\x08http/1.1", SslVersion::TLS1_2, Some(Some("http/1.1"))),
        (b"\x02h2\x08http/1.1", SslVersion::TLS1_3, Some(Some("h2"))),
        (b"\x08http/1.1\x02h2", SslVersion::TLS1_3, Some(Some("h2"))),
        (b"\x04imap", SslVersion::TLS1_3, None),
        (b"\x0aacme-tls/1", SslVersion::TLS1_3, None),
    ] {
        let shaken = shake(port, protocols, most).await.ok();
        let got = shaken.map(|stream| {
            let chosen = stream.ssl().selected_alpn_protocol();
            chosen.map(|it| String::from_utf8(it.to_vec()).unwrap())
        });
        let expected = expected.map(|it| it.map(str::to_owned));
        assert_eq!(got, expected, "{protocols:?} {most:?}");
    }
    let plain = proxy
        .http
        .get(format!("http://127.0.0.1:{port}/readyz"))
        .send()
        .await;
    assert!(plain.is_err() || plain.unwrap().status() != 200);
}

#[tokio::test]
async fn http_2_is_served_and_its_authority_is_looked_at_like_a_host() {
    let (proxy, _files, _folder) = proxy(&[]);
    let token = proxy.token(EMAIL).await;
    let stream = shake(proxy.service.port(), b"\x02h2", SslVersion::TLS1_3)
        .await
        .unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
    let own = format!("localhost:{}", proxy.service.port());
    for (authority, host, status) in [
        (own.as_str(), None, 200),
        (own.as_str(), Some(own.as_str()), 200),
        (own.as_str(), Some("evil.example"), 400),
        ("evil.example", None, 403),
        ("evil.example", Some("localhost"), 400),
    ] {
        let mut request = http::Request::post(format!("https://{authority}/mcp"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        client = client.ready().await.unwrap();
        let (answered, mut body) = client
            .send_request(request.body(()).unwrap(), false)
            .unwrap();
        let _ = body.send_data(hello.to_string().into(), true);
        let answered = answered.await.unwrap();
        assert_eq!(answered.status().as_u16(), status, "{authority} {host:?}");
    }
}

#[tokio::test]
async fn plain_http_is_sent_to_the_configured_address_and_takes_nothing() {
    let plain = format!("127.0.0.1:{}", free_port());
    let (proxy, _files, _folder) = proxy(&[("HTTP_LISTEN", &plain)]);
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    for (path, host) in [
        ("/mcp?a=b", "localhost"),
        ("/", "evil.example"),
        ("//evil.example", "evil.example"),
    ] {
        let sent = http
            .get(format!("http://{plain}{path}"))
            .header("host", host)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 308, "{path}");
        assert_eq!(sent.headers()["location"], proxy.url(path), "{path}");
    }
    let brought = http
        .post(format!("http://{plain}/token"))
        .body("code=x")
        .send()
        .await
        .unwrap();
    assert_eq!(brought.status(), 403);
    for token in ["x", "..%2f..%2fauth-proxy.secret", "%252e%252e", "a.b"] {
        let asked = format!("http://{plain}/.well-known/acme-challenge/{token}");
        let asked = http.get(asked).send().await.unwrap();
        assert_eq!(asked.status(), 404, "{token}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_once_and_its_fingerprint_is_shown() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("tls/self-signed.crt");
    let service = builder(&data).env("TLS", "self-signed").ready_by_itself();
    let mut proxy = Proxy::started(service.arg("--").arg(fake()), data, "/mcp");
    let pem = std::fs::read(&file).unwrap();
    let digest = X509::from_pem(&pem)
        .unwrap()
        .digest(MessageDigest::sha256())
        .unwrap();
    let shown: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let logs = proxy.service.logs();
    assert!(
        logs.contains(&format!("SHA-256 {}", shown.join(":"))),
        "{logs}"
    );
    proxy.service.restart();
    assert_eq!(std::fs::read(&file).unwrap(), pem);
    let proxy = proxy.over_tls(pem);
    let token = proxy.token(EMAIL).await;
    proxy.session(&token, json!({})).await;
}

/// A file with one server, in a folder.
fn servers_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mcp_servers.json");
    let servers = json!({ "servers": [{ "name": "a", "command": "true" }] });
    std::fs::write(&file, servers.to_string()).unwrap();
    (folder, file)
}

/// The program with these settings, checking a file of servers or starting.
fn run(
    servers: &Path,
    settings: &[(&str, &Path)],
    check: bool,
) -> (std::process::ExitStatus, String) {
    let data = tempfile::tempdir().unwrap();
    let mut command = builder(&data);
    for (name, value) in settings {
        command = command.env(name, value);
    }
    if check {
        return command
            .arg("check")
            .arg(servers.display().to_string())
            .run();
    }
    command.arg("--").arg("true").run()
}

#[test]
fn mistakes_of_tls_are_told_by_check_and_at_the_start() {
    let (folder, servers) = servers_file();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir(&one).unwrap();
    std::fs::create_dir(&two).unwrap();
    let (one, two) = (Files::new(&one), Files::new(&two));
    let nowhere = folder.path().join("nowhere");
    for (settings, says) in [
        (
            &[("TLS_CERT", one.cert.as_path()), ("TLS_KEY", &two.key)][..],
            "TLS_KEY: the private key",
        ),
        (
            &[("TLS_CERT", &nowhere), ("TLS_KEY", &one.key)],
            "TLS_CERT: ",
        ),
        (&[("TLS_CERT", &one.cert)], "TLS_KEY: it is not set"),
        (
            &[("TLS_KEY", &one.key)],
            "TLS_CERT: there is a TLS_KEY without it",
        ),
        (&[("TLS", Path::new("on"))], "TLS: \"on\" is unknown"),
        (
            &[("TLS", Path::new("self-signed")), ("TLS_CERT", &one.cert)],
            "TLS: TLS_CERT or TLS_KEY is set",
        ),
    ] {
        for check in [true, false] {
            let (status, said) = run(&servers, settings, check);
            assert!(
                !status.success() && said.contains(says),
                "{check} {says}: {said}"
            );
        }
    }
}

#[test]
fn what_is_unwise_about_tls_is_told_and_an_address_without_it_refused() {
    let (folder, servers) = servers_file();
    let one = Files::new(folder.path());
    std::fs::set_permissions(
        &one.key,
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let fine = [("TLS_CERT", one.cert.as_path()), ("TLS_KEY", &one.key)];
    let (status, said) = run(&servers, &fine, true);
    assert!(
        status.success() && said.contains("others on this machine can read"),
        "{said}"
    );
    let http = [
        fine[0],
        fine[1],
        ("EXTERNAL_URL", Path::new("http://mcp.example.com")),
    ];
    let (status, said) = run(&servers, &http, false);
    assert!(
        !status.success() && said.contains("Let it begin with https://"),
        "{said}"
    );
}

#[test]
fn a_port_of_plain_http_that_is_taken_is_told_by_its_name() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let data = tempfile::tempdir().unwrap();
    let (status, said) = builder(&data)
        .env("TLS", "self-signed")
        .env("HTTP_LISTEN", taken.local_addr().unwrap().to_string())
        .arg("--")
        .arg("true")
        .run();
    assert!(
        !status.success() && said.contains("HTTP_LISTEN: nobody can listen at"),
        "{said}"
    );
}
