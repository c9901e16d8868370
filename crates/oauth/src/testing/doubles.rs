//! Doubles: entropy that counts, a signer that only writes the claims down, a small world.
#![expect(
    clippy::expect_used,
    reason = "a double that cannot be built is a broken test"
)]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::{
    algorithm::SigningAlgorithm,
    claims::AccessClaims,
    scope::{Role, Roles},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::MemoryStore;
use crate::{
    account::AccountRules,
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin, GrantType},
    client_metadata_document::{ClientDocuments, DocumentRules, NoDocuments},
    config::{Context, Issuer, Rules},
    demands::Demands,
    device::DeviceRules,
    dpop::DpopRules,
    entropy::{Entropy, NoEntropy},
    federation::FederationRules,
    grants::{SignError, TokenSigner},
    par::ParRules,
    pkce_phase::PkceRules,
    register::RegistrationRules,
    resource::Resources,
    session::Session,
    sign_in::limits::SignInLimits,
    user::{Email, PasswordHash, User, UserId},
};

/// Different bytes at each call, the same in each run.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn bytes32(&self) -> Result<[u8; 32], NoEntropy> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Sha256::digest(count.to_be_bytes()).into())
    }
}

/// "Signs" by writing the claims as JSON; [`claims`] reads them back.
#[derive(Clone, Copy, Debug)]
pub struct JsonSigner;

impl TokenSigner for JsonSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError> {
        serde_json::to_string(claims)
            .map(SecretString::from)
            .map_err(|error| SignError(error.to_string()))
    }

    fn sign_typed(
        &self,
        _: &'static str,
        _: DateTime<Utc>,
        claims: &dyn Fn(SigningAlgorithm) -> Value,
    ) -> Result<SecretString, SignError> {
        Ok(SecretString::from(
            claims(SigningAlgorithm::Rs256).to_string(),
        ))
    }
}

/// Never signs.
#[derive(Clone, Copy, Debug)]
pub struct NoSigner;

impl TokenSigner for NoSigner {
    fn sign(&self, _: &AccessClaims) -> Result<SecretString, SignError> {
        Err(SignError("no key".to_owned()))
    }

    fn sign_typed(
        &self,
        _: &'static str,
        _: DateTime<Utc>,
        _: &dyn Fn(SigningAlgorithm) -> Value,
    ) -> Result<SecretString, SignError> {
        Err(SignError("no key".to_owned()))
    }
}

/// The claims that [`JsonSigner`] wrote down.
///
/// # Panics
/// When the token is of another signer.
#[must_use]
pub fn claims(token: &SecretString) -> AccessClaims {
    serde_json::from_str(token.expose_secret()).expect("claims")
}

/// The S256 challenge of a verifier.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// A public dynamic client with one redirect.
#[must_use]
pub fn client(id: &str, redirect: &str) -> Client {
    Client {
        id: ClientId(id.to_owned()),
        name: "Test client".to_owned(),
        auth_method: ClientAuthMethod::None,
        secret_hash: None,
        redirect_uris: vec![redirect.to_owned()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: None,
        client_uri: None,
        origin: ClientOrigin::Dynamic,
        metadata_hash: None,
        created_at: DateTime::UNIX_EPOCH,
        first_login_at: None,
        pkce: None,
        logout: crate::oidc::ClientLogout::default(),
        keys: None,
        demands: Demands::default(),
    }
}

/// An active user with one role.
///
/// # Panics
/// When `address` is no e-mail address.
#[must_use]
pub fn user(address: &str, role: Role) -> User {
    User {
        id: UserId(uuid_of(address)),
        email: Email::parse(address).expect("an address"),
        name: address.to_owned(),
        password: PasswordHash(SecretString::from("$2b$04$double")),
        roles: Roles::from(role),
        created_at: DateTime::UNIX_EPOCH,
        disabled_at: None,
    }
}

/// One text, one UUID.
fn uuid_of(text: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let half = digest.first_chunk::<16>().expect("32 bytes have 16");
    uuid::Builder::from_random_bytes(*half).into_uuid()
}

/// A memory store, the usual rules and a moment.
pub struct World {
    /// Where things are kept.
    pub store: MemoryStore,
    /// The operator's decisions: two resources, an hour, ninety days, a minute, two weeks.
    pub rules: Rules,
    /// Counted randomness.
    pub entropy: CountingEntropy,
    /// The documents of clients: none.
    pub documents: Arc<dyn ClientDocuments>,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            store: MemoryStore::default(),
            rules: rules(),
            entropy: CountingEntropy::default(),
            documents: Arc::new(NoDocuments),
            now: DateTime::from_timestamp(1_800_000_000, 0).expect("a moment"),
        }
    }
}

impl World {
    /// What the rules are handed.
    #[must_use]
    pub fn cx(&self) -> Context<'_> {
        Context {
            rules: &self.rules,
            store: &self.store,
            entropy: &self.entropy,
            documents: &*self.documents,
            now: self.now,
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: TimeDelta) {
        self.now += time;
    }

    /// A session of this user that began now.
    #[must_use]
    pub fn session(&self, user: &User) -> Session {
        Session {
            hash: crate::secret::SecretHash::of(user.email.as_str()),
            sid: crate::oidc::Sid(uuid_of(&format!("sid of {}", user.email.as_str()))),
            user: user.id,
            authenticated_at: self.now,
            how: crate::session::Method::Password.into(),
            expires_at: self.now + self.rules.session_ttl,
        }
    }
}

/// The usual rules.
fn rules() -> Rules {
    Rules {
        issuer: Issuer::parse("http://localhost:8082").expect("an issuer"),
        resources: Resources::parse(
            "http://localhost:8082/mcp=mcp:read,http://localhost:8082/exec/mcp=mcp:exec kpi:read",
        )
        .expect("resources"),
        access_ttl: TimeDelta::hours(1),
        refresh_ttl: TimeDelta::days(90),
        code_ttl: TimeDelta::seconds(60),
        session_ttl: TimeDelta::days(14),
        pkce: PkceRules::default(),
        documents: DocumentRules::default(),
        par: ParRules::default(),
        dpop: DpopRules::default(),
        registration: RegistrationRules::default(),
        device: DeviceRules::default(),
        account: AccountRules::default(),
        second_step: crate::second_step::StepLimits::default(),
        passkey: crate::passkey::PasskeyRules::default(),
        sign_in: SignInLimits::default(),
        federation: FederationRules::default(),
    }
}
