//! The Web Authentication ceremonies, by webauthn-rs.
//!
//! In: challenges as they were kept, answers as browsers sent them. Out: credentials, or a refusal. The relying party is the host of
//! `EXTERNAL_URL`, the only origin that origin. User verification is demanded at both ceremonies.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_oauth::{
    passkey::{Begun, Ceremonies, CeremonyFailed, Passkey as Stored},
    user::User,
};
use loop_shared::service::config::ExternalUrl;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

/// Ceremonies of one relying party; none where the address has no name, as browsers demand one (§5.1.2).
#[derive(Debug)]
pub struct WebauthnCeremonies(Option<Webauthn>);

impl WebauthnCeremonies {
    /// The relying party at this address.
    #[must_use]
    pub fn new(external: &ExternalUrl) -> Self {
        Self(relying_party(external).ok())
    }

    fn party(&self) -> Result<&Webauthn, CeremonyFailed> {
        let nameless = "EXTERNAL_URL has no name, only a number";
        let party = self.0.as_ref();
        party.ok_or_else(|| CeremonyFailed(nameless.to_owned()))
    }
}

fn relying_party(external: &ExternalUrl) -> Result<Webauthn, CeremonyFailed> {
    let url = Url::parse(external.as_str()).map_err(failed)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let origin = Url::parse(&url.origin().ascii_serialization()).map_err(failed)?;
    let builder = WebauthnBuilder::new(&host, &origin).map_err(refused)?;
    builder.rp_name(&host).build().map_err(refused)
}

impl Ceremonies for WebauthnCeremonies {
    fn possible(&self) -> bool {
        self.0.is_some()
    }

    fn begin_adding(&self, user: &User, known: &[Stored]) -> Result<Begun, CeremonyFailed> {
        let known: Result<Vec<Passkey>, _> =
            known.iter().map(|key| read(&key.credential)).collect();
        let known = known?;
        let known = known.iter().map(|key| key.cred_id().clone());
        let (options, state) = self
            .party()?
            .start_passkey_registration(
                user.id.0,
                user.email.as_str(),
                &user.name,
                Some(known.collect()),
            )
            .map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(failed)?;
        // It signs in without a name, so the device must keep it.
        let demand = &mut options["publicKey"]["authenticatorSelection"];
        demand["residentKey"] = Value::from("required");
        demand["requireResidentKey"] = Value::from(true);
        begun(&options, &state)
    }

    fn finish_adding(&self, state: &str, answer: &str) -> Result<(String, String), CeremonyFailed> {
        let state: PasskeyRegistration = read(state)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let key = self.party()?.finish_passkey_registration(&answer, &state);
        let key = key.map_err(refused)?;
        Ok((URL_SAFE_NO_PAD.encode(key.cred_id()), write(&key)?))
    }

    fn begin_login(&self) -> Result<Begun, CeremonyFailed> {
        let (options, state) = self
            .party()?
            .start_discoverable_authentication()
            .map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(failed)?;
        // A button was pressed: the browser asks at once.
        if let Some(members) = options.as_object_mut() {
            members.remove("mediation");
        }
        begun(&options, &state)
    }

    fn claimed(&self, answer: &str) -> Result<(Uuid, String), CeremonyFailed> {
        let answer: PublicKeyCredential = read(answer)?;
        let (user, id) = self
            .party()?
            .identify_discoverable_authentication(&answer)
            .map_err(refused)?;
        Ok((user, URL_SAFE_NO_PAD.encode(id)))
    }

    fn finish_login(
        &self,
        state: &str,
        answer: &str,
        credential: &str,
    ) -> Result<String, CeremonyFailed> {
        let state: DiscoverableAuthentication = read(state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let mut key: Passkey = read(credential)?;
        let known = [DiscoverableKey::from(&key)];
        let checked = self
            .party()?
            .finish_discoverable_authentication(&answer, state, &known)
            .map_err(refused)?;
        key.update_credential(&checked);
        write(&key)
    }
}

fn begun(options: &Value, state: &impl Serialize) -> Result<Begun, CeremonyFailed> {
    Ok(Begun {
        options: options.to_string(),
        state: write(state)?,
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, CeremonyFailed> {
    serde_json::from_str(text).map_err(failed)
}

fn write(value: &impl Serialize) -> Result<String, CeremonyFailed> {
    serde_json::to_string(value).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> CeremonyFailed {
    CeremonyFailed(error.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands the error over"
)]
fn refused(error: WebauthnError) -> CeremonyFailed {
    CeremonyFailed(format!("{error:?}"))
}
