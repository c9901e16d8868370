//! Bounded requests to one provider.

use std::time::Duration;

use loop_shared::auth::jwks::is_nearby;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::ProviderError;

/// One request, waiting for a turn included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests to one provider at once.
const AT_ONCE: usize = 16;
/// Longest answer, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Why there are no providers.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// The HTTP client cannot be made.
    #[error("no HTTP client for providers: {0}")]
    Client(#[from] reqwest::Error),
}

/// An HTTP client for one provider.
pub struct Http {
    client: Client,
    turns: Semaphore,
    timeout: Duration,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub bytes: Vec<u8>,
    /// Whether a limit of the provider is used up.
    pub limited: bool,
}

impl Http {
    /// For the provider at `base`. A proxy of the environment is used unless the provider is nearby.
    ///
    /// # Errors
    /// [`ProvidersError`].
    pub fn new(base: &str) -> Result<Self, ProvidersError> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(TIMEOUT)
            .user_agent(concat!("loop-auth/", env!("CARGO_PKG_VERSION")));
        if Url::parse(base).is_ok_and(|url| is_nearby(&url)) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            turns: Semaphore::new(AT_ONCE),
            timeout: TIMEOUT,
        })
    }

    #[cfg(test)]
    pub(super) fn impatient(mut self) -> Self {
        self.timeout = Duration::from_millis(300);
        self
    }

    /// A GET for JSON.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.client
            .get(url)
            .header(header::ACCEPT, "application/json")
    }

    /// A DELETE.
    pub fn delete(&self, url: Url) -> RequestBuilder {
        self.client
            .delete(url)
            .header(header::ACCEPT, "application/json")
    }

    /// A POST that expects JSON.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.client
            .post(url)
            .header(header::ACCEPT, "application/json")
    }

    /// Sends it. Any status that says "not now" is an error here.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Answered, ProviderError> {
        let sending = async {
            let _turn = self.turns.acquire().await;
            // Not the URL: a proxy's credentials, or a code, could stand in it.
            let unreachable = |error: reqwest::Error| unavailable(&error.without_url());
            let response = request.send().await.map_err(unreachable)?;
            let (status, limited) = (response.status(), is_limited(&response));
            let bytes = read(response).await?;
            Ok(Answered {
                status,
                bytes,
                limited,
            })
        };
        let sent = tokio::time::timeout(self.timeout, sending).await;
        let answered: Answered =
            sent.unwrap_or_else(|_| Err(ProviderError::Unavailable("it is too slow".to_owned())))?;
        if answered.limited || answered.status.is_server_error() {
            let status = answered.status;
            return Err(ProviderError::Unavailable(format!("it answered {status}")));
        }
        Ok(answered)
    }
}

impl Answered {
    /// The JSON of an answer with status 200.
    ///
    /// # Errors
    /// [`ProviderError::Refused`].
    pub fn json<T: DeserializeOwned>(self, what: &str) -> Result<T, ProviderError> {
        if self.status != StatusCode::OK {
            return Err(self.refusal(what));
        }
        serde_json::from_slice(&self.bytes)
            .map_err(|_| ProviderError::Refused(format!("{what} is not the JSON it should be")))
    }

    /// The refusal of `what`, with the OAuth error in it when there is a plain one.
    #[must_use]
    pub fn refusal(&self, what: &str) -> ProviderError {
        let status = self.status;
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        let code = error_code(&body).unwrap_or("no error code");
        ProviderError::Refused(format!("{what} answered {status}: {code}"))
    }
}

/// The `error` member, when it looks like one: a provider's text is not copied into the log.
#[must_use]
pub fn error_code(body: &Value) -> Option<&str> {
    let code = body.get("error")?.as_str()?;
    let plain = code.len() <= 64
        && code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'));
    plain.then_some(code)
}

pub(super) fn unavailable(error: &dyn std::error::Error) -> ProviderError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    ProviderError::Unavailable(text)
}

/// 429, or GitHub's 403 with nothing left ("Rate limits for the REST API").
fn is_limited(response: &Response) -> bool {
    let used_up = response
        .headers()
        .get("x-ratelimit-remaining")
        .is_some_and(|left| left.as_bytes() == b"0");
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => used_up || response.headers().contains_key(header::RETRY_AFTER),
        _ => false,
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut bytes = Vec::new();
    let broken = |error: reqwest::Error| unavailable(&error.without_url());
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            let wrong = format!("its answer is longer than {MAX_BYTES} bytes");
            return Err(ProviderError::Unavailable(wrong));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use loop_testkit::provider::{Kind, Provider};

    use super::*;

    #[actix_web::test]
    async fn a_slow_provider_is_given_up_after_a_while() {
        let provider = Provider::start(Kind::Oidc);
        provider.fail(|faults| faults.delay = Duration::from_secs(5));
        let http = Http::new(provider.url()).unwrap().impatient();
        let url = Url::parse(&format!("{}/keys", provider.url())).unwrap();
        let begun = std::time::Instant::now();
        let got = http.send(http.get(url.clone())).await;
        assert!(
            matches!(&got, Err(ProviderError::Unavailable(why)) if why.contains("slow")),
            "{got:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(4));
        provider.recover();
        assert!(http.send(http.get(url)).await.is_ok());
    }

    #[actix_web::test]
    async fn an_answer_without_end_is_not_read_and_a_redirect_not_followed() {
        let provider = Provider::start(Kind::Oidc);
        provider.fail(|faults| faults.token_body = Some("x".repeat(MAX_BYTES + 1)));
        let http = Http::new(provider.url()).unwrap();
        let url = |path: &str| Url::parse(&format!("{}{path}", provider.url())).unwrap();
        let form = [("grant_type", "authorization_code")];
        let long = http.send(http.post(url("/token")).form(&form)).await;
        assert!(
            matches!(long, Err(ProviderError::Unavailable(_))),
            "{long:?}"
        );
        let there = format!(
            "/authorize?client_id={}&redirect_uri={}/keys",
            Provider::CLIENT_ID,
            provider.url()
        );
        let moved = http.send(http.get(url(&there))).await.unwrap();
        assert_eq!(moved.status, StatusCode::FOUND);
        assert_eq!(provider.count("/keys"), 0);
    }

    #[test]
    fn only_a_plain_error_code_is_copied() {
        for (body, expected) in [
            (r#"{"error":"invalid_grant"}"#, Some("invalid_grant")),
            (r#"{"error":"<script>"}"#, None),
            (r#"{"error":"a token: abc123"}"#, None),
            (r#"{"error":7}"#, None),
            ("[]", None),
        ] {
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(error_code(&body), expected, "{body}");
        }
    }
}
