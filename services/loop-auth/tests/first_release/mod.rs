//! A database of the first release and how the program of today is started on it.

use std::path::{Path, PathBuf};

use loop_testkit::{Service, ServiceBuilder};
use serde_json::Value;

/// A refresh token that it knows.
pub(crate) const LIVING: &str = "first-release-refresh-token-of-the-living-43";
/// Encrypts its signing key.
pub(crate) const SECRET: &str = "the-secret-of-the-first-release-32";
/// Its public client.
const CLIENT: &str = "3f0f8c1a-58a5-4f0e-9a77-2d8f4a1d7c11";

/// A file of it.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/first-release");
    folder.join(name)
}

/// The settings that go with it.
pub(crate) fn settings(builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .env("EXTERNAL_URL", "http://localhost:8083")
        .env("BCRYPT_COST", "10")
        .env("AUTH_ENCRYPTION_SECRET", SECRET)
}

/// Refreshes: status and answer.
pub(crate) async fn refresh(service: &Service, token: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT),
        ("refresh_token", token),
    ];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = http
        .post(format!("{}/token", service.base_url()))
        .form(&form)
        .send();
    let answer = sent.await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
