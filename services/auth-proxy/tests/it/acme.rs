//! Certificates of Pebble, the directory that Let's Encrypt tests clients with.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use loop_testkit::pebble::Pebble;
use loop_testkit::{Service, ServiceBuilder, free_port};
use openssl::x509::X509;
use tempfile::TempDir;

use crate::harness::{PASSWORD, fake, program};

const HOST: &str = "mcp.example.test";

/// A proxy that gets its certificate from Pebble.
struct Setting {
    pebble: Pebble,
    service: Service,
    data: TempDir,
    metrics: String,
}

fn setting(lifetime: u64) -> Option<Setting> {
    let data = tempfile::tempdir().unwrap();
    let (http, port) = (free_port(), free_port());
    let pebble = Pebble::start(data.path(), http, lifetime)?;
    let metrics = format!("127.0.0.1:{}", free_port());
    let service = ServiceBuilder::new(program())
        .port(port)
        .env("DATA_DIR", data.path())
        .env("PASSWORD", PASSWORD)
        .env("BCRYPT_COST", "4")
        .env("EXTERNAL_URL", format!("https://{HOST}:{port}"))
        .env("TLS", "acme")
        .env("TLS_ACCEPT_TOS", "true")
        .env("TLS_EMAIL", "me@example.com")
        .env("HTTP_LISTEN", format!("127.0.0.1:{http}"))
        .env("ACME_DIRECTORY", pebble.url())
        .env("ACME_CA", pebble.ca())
        .env("METRICS_LISTEN", &metrics)
        .ready_by_itself();
    let service = service.arg("--").arg(fake()).start();
    Some(Setting {
        pebble,
        service,
        data,
        metrics,
    })
}

impl Setting {
    /// What a client that believes Pebble sees; it is refused when it does not fit.
    async fn ask(&self) -> reqwest::Response {
        let root = reqwest::Certificate::from_pem(&self.pebble.root().await).unwrap();
        let address = ([127, 0, 0, 1], self.service.port()).into();
        let client = reqwest::Client::builder()
            .no_proxy()
            .resolve(HOST, address)
            .tls_certs_only([root]);
        let url = format!("https://{HOST}:{}/readyz", self.service.port());
        client.build().unwrap().get(url).send().await.unwrap()
    }

    fn file(&self) -> PathBuf {
        let folders = std::fs::read_dir(self.data.path().join("tls")).unwrap();
        folders
            .map(|it| it.unwrap().path().join("certificate.pem"))
            .next()
            .unwrap()
    }

    fn serial(&self) -> Vec<u8> {
        let pem = std::fs::read(self.file()).unwrap();
        let chain = X509::stack_from_pem(&pem).unwrap();
        chain[0].serial_number().to_bn().unwrap().to_vec()
    }
}

#[tokio::test]
async fn a_certificate_of_pebble_is_gotten_by_itself_and_survives_a_kill() {
    let Some(mut setting) = setting(90 * 86_400) else {
        return;
    };
    let answered = setting.ask().await;
    assert_eq!(answered.status(), 200);
    assert_eq!(
        answered.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let first = setting.serial();
    setting.service.restart();
    assert_eq!(setting.ask().await.status(), 200);
    assert_eq!(setting.serial(), first);
    let place = format!("http://{}/metrics", setting.metrics);
    let started = Instant::now();
    loop {
        let page = reqwest::get(&place).await.unwrap().text().await.unwrap();
        if page.contains("loop_proxy_certificate_expires_timestamp_seconds 1") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(15), "{page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let logs = setting.service.logs();
    let key = std::fs::read_to_string(setting.file()).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!logs.contains(secret));
}

#[tokio::test]
async fn a_certificate_of_pebble_is_renewed_in_time_and_shown_without_a_restart() {
    // Renewed sixteen seconds after it was given.
    let Some(setting) = setting(24) else {
        return;
    };
    let first = setting.serial();
    let started = Instant::now();
    while setting.serial() == first {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "{}",
            setting.service.logs()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let shown = async || {
        let stream = crate::tls::shake(
            setting.service.port(),
            b"",
            openssl::ssl::SslVersion::TLS1_3,
        );
        let stream = stream.await.unwrap();
        let certificate = stream.ssl().peer_certificate().unwrap();
        certificate.serial_number().to_bn().unwrap().to_vec()
    };
    while shown().await == first {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "{}",
            setting.service.logs()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(setting.ask().await.status(), 200);
    let page = reqwest::get(format!("http://{}/metrics", setting.metrics))
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    let issued = "loop_proxy_certificate_orders_total{outcome=\"issued\"}";
    assert!(page.contains(issued), "{page}");
}
