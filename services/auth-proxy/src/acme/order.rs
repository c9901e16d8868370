//! One order, from the first question to the certificate (RFC 8555 §7.4).
//!
//! In: an account and a name. Out: a certificate with its key, in PEM, that is for this name and valid now. Never: the
//! key to anybody.

use std::path::Path;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::service::{Clock as _, SystemClock};
use openssl::pkey::{PKey, Private};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::Challenges;
use super::client::Client;
use super::error::AcmeError;
use super::request::request;
use super::wire::{Authorization, Challenge, Order, Problem, Status};
use crate::tls::Material;

/// The only way that is gone: a file at port 80 (§8.3).
const HTTP: &str = "http-01";
/// Authorizations of one name, at most.
const MOST: usize = 8;

/// How long a directory is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Between two looks, unless it says otherwise.
    pub(crate) look: Duration,
    /// For one thing, all looks together.
    pub(crate) patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(2),
            patience: Duration::from_mins(5),
        }
    }
}

/// What an order needs.
pub(crate) struct Buyer<'a> {
    /// The account.
    pub(crate) client: &'a mut Client,
    /// The name.
    pub(crate) host: &'a str,
    /// Where the directory's questions are answered.
    pub(crate) challenges: &'a Challenges,
    /// How long it is waited for.
    pub(crate) pace: Pace,
}

impl Buyer<'_> {
    /// Key, certificate and those that vouch for it, in one text.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub(crate) async fn buy(mut self) -> Result<Vec<u8>, AcmeError> {
        let wanted = json!({ "identifiers": [{ "type": "dns", "value": self.host }] });
        let orders = self.client.orders();
        let answer = self.client.post(&orders, Some(&wanted)).await?;
        let order: Order = answer.json("an order")?;
        let at = answer
            .location
            .ok_or(AcmeError::Nonsense("an order's address"))?;
        if order.authorizations.len() > MOST {
            return Err(AcmeError::Nonsense("more to prove than there are names"));
        }
        for authorization in &order.authorizations {
            self.prove(authorization).await?;
        }
        let proven = |order: &Order| matches!(order.status, Status::Ready | Status::Valid);
        let order = self.wait(&at, "an order", proven, order_over).await?;
        let (csr, key) = request(self.host).map_err(AcmeError::own)?;
        let csr = json!({ "csr": URL_SAFE_NO_PAD.encode(csr) });
        self.client.post(&order.finalize, Some(&csr)).await?;
        let done = |order: &Order| order.status == Status::Valid;
        let order = self.wait(&at, "a certificate", done, order_over).await?;
        let certificate = order
            .certificate
            .ok_or(AcmeError::Nonsense("a valid order"))?;
        let chain = self.client.get(&certificate).await?.body;
        self.whole(&chain, &key)
    }

    /// Shows that the name is ours (§7.5.1).
    async fn prove(&mut self, url: &Url) -> Result<(), AcmeError> {
        let found: Authorization = self.client.get(url).await?.json("an authorization")?;
        if found.status == Status::Valid {
            return Ok(());
        }
        let http = found.challenges.into_iter().find(|it| it.kind == HTTP);
        let none = AcmeError::Nonsense("an authorization without http-01");
        let Challenge {
            url: ready, token, ..
        } = http.ok_or(none)?;
        let token = token.ok_or(AcmeError::Nonsense("a challenge without a token"))?;
        let authorization = self.client.key.authorization(&token);
        let under_way = self.challenges.begin(&token, &authorization);
        let _under_way = under_way.map_err(AcmeError::own)?;
        self.client.post(&ready, Some(&json!({}))).await?;
        let valid = |it: &Authorization| it.status == Status::Valid;
        self.wait(url, "a challenge", valid, authorization_over)
            .await?;
        Ok(())
    }

    /// Looks at `url` until it is `done`, or `over` says why it never will be.
    async fn wait<T: DeserializeOwned>(
        &mut self,
        url: &Url,
        what: &'static str,
        done: impl Fn(&T) -> bool,
        over: impl Fn(&T) -> Option<Problem>,
    ) -> Result<T, AcmeError> {
        let end = Instant::now() + self.pace.patience;
        loop {
            let answer = self.client.get(url).await?;
            let found: T = answer.json(what)?;
            if done(&found) {
                return Ok(found);
            }
            if let Some(problem) = over(&found) {
                return Err(AcmeError::Disbelieved(problem));
            }
            let pause = answer.retry_after.unwrap_or(self.pace.look);
            let next = Instant::now() + pause.max(self.pace.look);
            if next >= end {
                return Err(AcmeError::Slow(what));
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// What was given, when it is what was asked for.
    fn whole(&self, chain: &[u8], key: &PKey<Private>) -> Result<Vec<u8>, AcmeError> {
        let mut pem = key.private_key_to_pem_pkcs8().map_err(AcmeError::own)?;
        let here = Path::new("the directory's answer");
        let material = Material::parse((here, chain), (here, &pem));
        let material = material.map_err(|why| AcmeError::Wrong(why.to_string()))?;
        let now = SystemClock.now().timestamp();
        if !material.is_for(self.host) || material.until <= now {
            let wrong = "it is for another name or time".to_owned();
            return Err(AcmeError::Wrong(wrong));
        }
        for certificate in &material.chain {
            pem.extend(certificate.to_pem().map_err(AcmeError::own)?);
        }
        Ok(pem)
    }
}

fn order_over(order: &Order) -> Option<Problem> {
    let over = order.status == Status::Over;
    over.then(|| order.error.clone().unwrap_or_default())
}

fn authorization_over(authorization: &Authorization) -> Option<Problem> {
    let told = || {
        authorization
            .challenges
            .iter()
            .find_map(|it| it.error.clone())
    };
    let over = authorization.status == Status::Over;
    over.then(|| told().unwrap_or_default())
}
