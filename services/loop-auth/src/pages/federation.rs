//! The pages around providers: why a login there came to nothing, and which accounts there are connected.

use actix_web::http::StatusCode;
use serde::Serialize;

use super::{EVIL, Page, login::ProviderButton};

/// Why a login at a provider came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FederationProblem {
    /// The person said no there.
    Cancelled,
    /// The answer is too late, came twice, or belongs to another browser.
    Stale,
    /// The provider has verified no address.
    Unverified,
    /// No rule allows the person.
    NotAllowed,
    /// An account has the address and is not connected.
    AddressTaken,
    /// The account with the address belongs to another subject there.
    SubjectChanged,
    /// The account there is connected to another account here.
    LinkedElsewhere,
    /// The account is disabled.
    Disabled,
    /// The provider does not answer.
    Unavailable,
    /// What the provider said is not believed.
    Refused,
    /// Too many logins began from this address.
    TooMany,
}

impl FederationProblem {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Cancelled,
        Self::Stale,
        Self::Unverified,
        Self::NotAllowed,
        Self::AddressTaken,
        Self::SubjectChanged,
        Self::LinkedElsewhere,
        Self::Disabled,
        Self::Unavailable,
        Self::Refused,
        Self::TooMany,
    ];

    /// The status the page is sent with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Cancelled | Self::Stale => StatusCode::BAD_REQUEST,
            Self::Unverified
            | Self::NotAllowed
            | Self::AddressTaken
            | Self::SubjectChanged
            | Self::LinkedElsewhere
            | Self::Disabled => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused => StatusCode::BAD_GATEWAY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

/// Says why a login at a provider came to nothing.
#[derive(Clone, Debug, Serialize)]
pub struct FederationPage {
    /// Why.
    pub problem: FederationProblem,
    /// At which provider.
    pub provider: String,
    /// The local address that begins anew.
    pub again: String,
    /// Finds the cause in the log.
    pub request_id: Option<String>,
}

impl Page for FederationPage {
    const TEMPLATE: &'static str = "federation.html";

    fn samples() -> Vec<Self> {
        let every = FederationProblem::ALL.map(|problem| Self {
            problem,
            provider: "Google".to_owned(),
            again: "/oauth/login?return_to=%2Fauthorize%3Fx%3D1".to_owned(),
            request_id: Some("018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f".to_owned()),
        });
        let hostile = Self {
            problem: FederationProblem::NotAllowed,
            provider: EVIL.to_owned(),
            again: EVIL.to_owned(),
            request_id: None,
        };
        every.into_iter().chain([hostile]).collect()
    }
}

/// An account at a provider that is connected.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectedAccount {
    /// Names it in the form.
    pub id: String,
    /// At which provider.
    pub provider: String,
    /// Its address or name there.
    pub account: String,
    /// The day of its last login; year, month, day.
    pub used: Option<String>,
}

/// Lists the accounts at providers that are connected with the one that is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct IdentitiesPage {
    /// Ties the forms to the session.
    pub csrf: String,
    /// Who is signed in.
    pub account: String,
    /// What is connected.
    pub connected: Vec<ConnectedAccount>,
    /// What can be connected.
    pub providers: Vec<ProviderButton>,
    /// Whether removing is offered: not when a login there is how the account came to be.
    pub removable: bool,
}

impl Page for IdentitiesPage {
    const TEMPLATE: &'static str = "identities.html";

    fn samples() -> Vec<Self> {
        let button = |id: &str, name: &str| ProviderButton {
            id: id.to_owned(),
            name: name.to_owned(),
        };
        let empty = Self {
            csrf: "c".repeat(43),
            account: "kim@example.com".to_owned(),
            connected: Vec::new(),
            providers: vec![button("google", "Google"), button("corp", EVIL)],
            removable: true,
        };
        let account = |provider: &str, account: &str, used: Option<&str>| ConnectedAccount {
            id: "018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f".to_owned(),
            provider: provider.to_owned(),
            account: account.to_owned(),
            used: used.map(str::to_owned),
        };
        let some = Self {
            connected: vec![
                account("Google", "kim@example.com", Some("2026-11-28")),
                account("GitHub", &"long-name-".repeat(25), None),
                account(EVIL, EVIL, Some(EVIL)),
            ],
            ..empty.clone()
        };
        let fixed = Self {
            removable: false,
            providers: Vec::new(),
            ..some.clone()
        };
        vec![empty, some, fixed]
    }
}
