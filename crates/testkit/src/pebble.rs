//! Pebble, Let's Encrypt's own directory for tests, with a DNS that knows every name as this machine.
//!
//! It refuses a good share of good nonces, as it should be able to at any time.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::acme::certificate_of_this_machine;
use crate::{free_port, tools};

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A running Pebble; gone with the value.
pub struct Pebble {
    port: u16,
    management: u16,
    folder: PathBuf,
    programs: Vec<Child>,
}

impl Pebble {
    /// One that looks for names at this port of this machine, and whose certificates live so many seconds. `None`: it is
    /// not installed, and a line has said so.
    ///
    /// # Panics
    /// When `LOOP_E2E` is set: then everything must be there.
    pub fn start(folder: &Path, http_port: u16, lifetime: u64) -> Option<Self> {
        let pebble = tools::find_or_skip("pebble", "LOOP_PEBBLE")?;
        let dns = tools::find_or_skip("pebble-challtestsrv", "LOOP_PEBBLE_DNS")?;
        let (port, management, names) = (free_port(), free_port(), free_port());
        let (cert, key) = certificate_of_this_machine();
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": folder.join("pebble.crt"), "privateKey": folder.join("pebble.key"),
            "httpPort": http_port, "tlsPort": free_port(), "ocspResponderURL": "",
            "externalAccountBindingRequired": false, "certificateValidityPeriod": lifetime,
        }});
        for (name, bytes) in [
            ("pebble.crt", cert),
            ("pebble.key", key),
            ("pebble.json", config.to_string().into_bytes()),
        ] {
            fs::write(folder.join(name), bytes).expect("a file for Pebble");
        }
        let mut answering = Command::new(dns);
        answering
            .args([
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-defaultIPv6",
                "",
            ])
            .args(["-dns01", &format!("127.0.0.1:{names}")])
            .args(["-management", &format!("127.0.0.1:{}", free_port())]);
        let mut giving = Command::new(pebble);
        giving
            .args(["-strict", "-dnsserver", &format!("127.0.0.1:{names}")])
            .arg("-config")
            .arg(folder.join("pebble.json"))
            .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "20")]);
        let programs = [answering, giving].map(|mut command| {
            let quiet = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            quiet.spawn().expect("Pebble starts")
        });
        let pebble = Self {
            port,
            management,
            folder: folder.to_owned(),
            programs: programs.into(),
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < START, "Pebble does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pebble)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// The file with the certificate that it is believed by.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("pebble.crt")
    }

    /// By whom its certificates are vouched for, in PEM.
    pub async fn root(&self) -> Vec<u8> {
        let own = fs::read(self.ca()).expect("a certificate");
        let own = reqwest::Certificate::from_pem(&own).expect("a certificate");
        let client = reqwest::Client::builder().no_proxy().tls_certs_merge([own]);
        let client = client.build().expect("a client");
        let url = format!("https://localhost:{}/roots/0", self.management);
        let answered = client.get(url).send().await.expect("Pebble's root");
        answered.bytes().await.expect("Pebble's root").to_vec()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}
