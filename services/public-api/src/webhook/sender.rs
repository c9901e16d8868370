//! One attempt: a `POST`, and what became of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::SecretSlice;
use url::Url;

use super::message::Message;
use super::settings::WebhookConfig;

/// How long an attempt may take, and of that the connection.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// Attempts, by `outcome`.
const DELIVERIES: &str = "loop_webhook_deliveries_total";

/// What became of an attempt.
pub(super) enum Outcome {
    /// Any 2xx.
    Taken,
    /// 410: the receiver is not there any more.
    Gone,
    /// Anything else.
    Failed {
        /// Without anything that the receiver wrote.
        why: String,
        /// `Retry-After` in seconds.
        wait: Option<Duration>,
    },
}

/// Sends to one address.
pub(super) struct Sender {
    client: Client,
    url: Url,
    key: SecretSlice<u8>,
}

impl Sender {
    pub(super) fn new(settings: &WebhookConfig) -> Result<Self, reqwest::Error> {
        metrics::describe_counter!(
            DELIVERIES,
            "Attempts to tell the webhook's receiver, by outcome."
        );
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .connect_timeout(CONNECT)
            .user_agent(concat!("loop-public-api/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            url: settings.url.clone(),
            key: settings.key.clone(),
        })
    }

    /// Sends once, signed for this moment.
    pub(super) async fn send(&self, message: &Message, now: DateTime<Utc>) -> Outcome {
        let outcome = self.attempt(message, now).await;
        let name = match &outcome {
            Outcome::Taken => "taken",
            Outcome::Gone => "gone",
            Outcome::Failed { .. } => "failed",
        };
        metrics::counter!(DELIVERIES, "outcome" => name).increment(1);
        outcome
    }

    async fn attempt(&self, message: &Message, now: DateTime<Utc>) -> Outcome {
        let signed = message.sign(&self.key, now);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", signed.id)
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", signed.signature)
            .body(message.body().to_owned());
        match request.send().await {
            // The answer's text is not read.
            Ok(answer) if answer.status().is_success() => Outcome::Taken,
            Ok(answer) if answer.status() == StatusCode::GONE => Outcome::Gone,
            Ok(answer) => {
                let seconds = answer.headers().get(RETRY_AFTER);
                let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
                Outcome::Failed {
                    why: format!("status {}", answer.status().as_u16()),
                    wait: seconds.map(Duration::from_secs),
                }
            }
            Err(error) => Outcome::Failed {
                why: error.without_url().to_string(),
                wait: None,
            },
        }
    }
}
