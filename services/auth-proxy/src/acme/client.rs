//! Speaks with a directory: nonces, signed requests, answers of bounded size (RFC 8555 §6).
//!
//! In: a URL of the directory and a payload. Out: its answer. Never: a request to another origin than the directory's,
//! a redirect, a nonce twice.

use std::time::Duration;

use chrono::DateTime;
use loop_shared::service::{Clock as _, SystemClock};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::error::AcmeError;
use super::jws::{AccountKey, Signer};
use super::settings::AcmeConfig;
use super::wire::{Directory, Problem};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer, in bytes.
const MOST: usize = 256 * 1024;
/// How often a nonce that is not taken is replaced.
const TRIES: usize = 6;
/// Longest nonce, in bytes.
const LONGEST_NONCE: usize = 512;
/// A directory that says to come back later is not believed further than this.
const LATEST: Duration = Duration::from_hours(7 * 24);
const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");
/// The certificate, then those that vouch for it (§9.1).
const CHAIN: &str = "application/pem-certificate-chain";

/// What a directory answered.
pub(crate) struct Answer {
    /// Where what was made is.
    pub(crate) location: Option<Url>,
    /// When to ask again.
    pub(crate) retry_after: Option<Duration>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// `Nonsense`, with `what` it should be.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, AcmeError> {
        serde_json::from_slice(&self.body).map_err(|_| AcmeError::Nonsense(what))
    }
}

/// Somebody who has an account at a directory.
pub(crate) struct Client {
    http: reqwest::Client,
    start: Url,
    directory: Directory,
    pub(crate) key: AccountKey,
    account: Option<String>,
    nonce: Option<String>,
}

impl Client {
    /// Reads the directory, and makes or finds the account of `key`.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub(crate) async fn open(config: &AcmeConfig, key: AccountKey) -> Result<Self, AcmeError> {
        let http = reqwest::Client::builder()
            .tls_certs_merge(config.roots.iter().cloned())
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .timeout(TIMEOUT)
            .user_agent(concat!("auth-proxy/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(AcmeError::own)?;
        let start = config.directory.clone();
        let answered = http
            .get(start.clone())
            .send()
            .await
            .map_err(|it| away(&it))?;
        let (answer, _) = read(answered, &start).await?;
        let mut client = Self {
            directory: answer.json("the directory")?,
            key,
            http,
            start,
            account: None,
            nonce: None,
        };
        client.sign_up(config.email.as_deref()).await?;
        Ok(client)
    }

    /// The account of the key: made, or found (§7.3).
    async fn sign_up(&mut self, email: Option<&str>) -> Result<(), AcmeError> {
        let mut account = json!({ "termsOfServiceAgreed": true });
        if let Some(email) = email {
            account["contact"] = json!([format!("mailto:{email}")]);
        }
        let url = self.directory.accounts.clone();
        let answer = self.post(&url, Some(&account)).await?;
        let at = answer.location.ok_or(AcmeError::Nonsense("an account"))?;
        self.account = Some(at.into());
        Ok(())
    }

    /// Where orders go.
    pub(crate) fn orders(&self) -> Url {
        self.directory.orders.clone()
    }

    /// Reads what is at `url` (§6.3).
    ///
    /// # Errors
    /// [`AcmeError`].
    pub(crate) async fn get(&mut self, url: &Url) -> Result<Answer, AcmeError> {
        self.post(url, None).await
    }

    /// Sends a signed `payload` to `url`; again with another nonce when that was not taken (§6.5).
    ///
    /// # Errors
    /// [`AcmeError`].
    pub(crate) async fn post(
        &mut self,
        url: &Url,
        payload: Option<&Value>,
    ) -> Result<Answer, AcmeError> {
        let mut tries = TRIES;
        loop {
            let nonce = self.nonce().await?;
            let signer = self.account.as_deref().map_or(Signer::Key, Signer::Account);
            let sealed = self.key.sign(signer, url, &nonce, payload)?;
            let sent = self.send(Method::POST, url, sealed).await;
            tries -= 1;
            match sent {
                Err(AcmeError::Refused { problem, .. }) if tries > 0 && problem.is("badNonce") => {}
                done => return done,
            }
        }
    }

    /// A nonce that was not used (§7.2).
    async fn nonce(&mut self) -> Result<String, AcmeError> {
        if let Some(nonce) = self.nonce.take() {
            return Ok(nonce);
        }
        let url = self.directory.nonces.clone();
        self.send(Method::HEAD, &url, Vec::new()).await?;
        self.nonce.take().ok_or(AcmeError::Nonsense("a nonce"))
    }

    async fn send(
        &mut self,
        method: Method,
        url: &Url,
        body: Vec<u8>,
    ) -> Result<Answer, AcmeError> {
        if url.origin() != self.start.origin() {
            return Err(AcmeError::Elsewhere(
                url.as_str().chars().take(200).collect(),
            ));
        }
        let mut request = self.http.request(method, url.clone());
        if !body.is_empty() {
            request = request
                .header(CONTENT_TYPE, "application/jose+json")
                .header(ACCEPT, format!("{CHAIN}, application/json"))
                .body(body);
        }
        let answered = request.send().await.map_err(|it| away(&it))?;
        // Also a refusal brings the next one (§6.5).
        self.nonce = fresh(answered.headers());
        let (answer, status) = read(answered, url).await?;
        if status < 400 {
            return Ok(answer);
        }
        let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
        Err(AcmeError::Refused {
            status,
            problem,
            retry_after: answer.retry_after,
        })
    }
}

/// An answer and its status.
async fn read(mut answered: Response, url: &Url) -> Result<(Answer, u16), AcmeError> {
    let status = answered.status();
    if status.is_redirection() {
        return Err(AcmeError::Nonsense("a redirect"));
    }
    let header = |name: HeaderName| answered.headers().get(name)?.to_str().ok();
    let location = header(LOCATION).and_then(|it| url.join(it).ok());
    let retry_after = header(RETRY_AFTER).and_then(later);
    let mut body = Vec::new();
    while let Some(chunk) = answered.chunk().await.map_err(|it| away(&it))? {
        if body.len() + chunk.len() > MOST {
            return Err(AcmeError::Nonsense("an answer without end"));
        }
        body.extend_from_slice(&chunk);
    }
    let answer = Answer {
        location,
        retry_after,
        body,
    };
    Ok((answer, status.as_u16()))
}

/// A nonce that is one (§6.5.1).
fn fresh(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get(REPLAY_NONCE)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fine = (1..=LONGEST_NONCE).contains(&nonce.len()) && nonce.bytes().all(plain);
    fine.then(|| nonce.to_owned())
}

/// Seconds, or a time (RFC 9110 §10.2.3).
pub(super) fn later(text: &str) -> Option<Duration> {
    let seconds = if let Ok(seconds) = text.trim().parse::<u64>() {
        seconds
    } else {
        let at = DateTime::parse_from_rfc2822(text.trim()).ok()?;
        let left = at.timestamp().saturating_sub(SystemClock.now().timestamp());
        u64::try_from(left).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds).min(LATEST))
}

/// What a failure to reach the directory says, without its address.
fn away(error: &reqwest::Error) -> AcmeError {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if error.is_timeout() {
        causes.push("it is too slow".to_owned());
    }
    AcmeError::Unreachable(causes.join(": "))
}
