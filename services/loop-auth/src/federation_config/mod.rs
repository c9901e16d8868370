//! The settings of providers: who vouches for people, and for whom.
//!
//! In: clap arguments as text, and a file that lists further providers. Out: [`FederationConfig`], or every mistake noted. Never:
//! prints a secret.

mod listed;
mod parts;

use std::path::PathBuf;

use clap::Args;
use loop_oauth::federation::{FederationRules, allow::AllowRules, provider::ProviderKind};
use loop_shared::service::config::{Problems, given, secret_or_file};
use secrecy::SecretString;
use url::Url;

use self::parts::{SCOPES, base, both, host_of, provider, scopes};
use crate::outbound::providers::ProviderSettings;

/// Flags and variables of providers.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Sign-in by Google, GitHub and OpenID Connect providers")]
pub struct FederationArgs {
    /// Client id at Google: offers "Continue with Google"
    #[arg(long, env = "GOOGLE_CLIENT_ID", value_name = "ID")]
    pub google_client_id: Option<String>,
    /// Client secret at Google; better set as a variable or file
    #[arg(
        long,
        env = "GOOGLE_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub google_client_secret: Option<SecretString>,
    /// File that holds GOOGLE_CLIENT_SECRET
    #[arg(long, env = "GOOGLE_CLIENT_SECRET_FILE", value_name = "PATH")]
    pub google_client_secret_file: Option<PathBuf>,
    /// Google's issuer [default: https://accounts.google.com]
    #[arg(long, env = "GOOGLE_ISSUER", value_name = "URL")]
    pub google_issuer: Option<String>,
    /// Client id at GitHub: offers "Continue with GitHub"
    #[arg(long, env = "GITHUB_CLIENT_ID", value_name = "ID")]
    pub github_client_id: Option<String>,
    /// Client secret at GitHub; better set as a variable or file
    #[arg(
        long,
        env = "GITHUB_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub github_client_secret: Option<SecretString>,
    /// File that holds GITHUB_CLIENT_SECRET
    #[arg(long, env = "GITHUB_CLIENT_SECRET_FILE", value_name = "PATH")]
    pub github_client_secret_file: Option<PathBuf>,
    /// GitHub, or an own GitHub server [default: https://github.com]
    #[arg(long, env = "GITHUB_URL", value_name = "URL")]
    pub github_url: Option<String>,
    /// Its REST API [default: https://api.github.com, or <GITHUB_URL>/api/v3]
    #[arg(long, env = "GITHUB_API_URL", value_name = "URL")]
    pub github_api_url: Option<String>,
    /// Issuer of an OpenID Connect provider, which is discovered; needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET
    #[arg(long, env = "OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// Client id there
    #[arg(long, env = "OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// Client secret there; better set as a variable or file
    #[arg(
        long,
        env = "OIDC_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub oidc_client_secret: Option<SecretString>,
    /// File that holds OIDC_CLIENT_SECRET
    #[arg(long, env = "OIDC_CLIENT_SECRET_FILE", value_name = "PATH")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// What is asked for there [default: openid email profile]
    #[arg(long, env = "OIDC_SCOPES", value_name = "SCOPES")]
    pub oidc_scopes: Option<String>,
    /// What its button says [default: the issuer's host]
    #[arg(long, env = "OIDC_NAME", value_name = "TEXT")]
    pub oidc_name: Option<String>,
    /// The claim that lists groups [default: groups]
    #[arg(long, env = "OIDC_GROUPS_CLAIM", value_name = "CLAIM")]
    pub oidc_groups_claim: Option<String>,
    /// Whether its addresses count as verified when it does not say: true or false [default: false]
    #[arg(long, env = "OIDC_TRUST_EMAIL", value_name = "BOOL")]
    pub oidc_trust_email: Option<String>,
    /// JSON file that lists further OpenID Connect providers (docs/federated-login.md) [default: none]
    #[arg(long, env = "OIDC_PROVIDERS_FILE", value_name = "PATH")]
    pub oidc_providers_file: Option<PathBuf>,
    /// Who becomes a member by a first login there, and stays one: a@x.com, *@x.com, an account name, group:engineers,
    /// each also as github:…; * is everybody [default: nobody]
    #[arg(long, env = "ALLOWED_USERS", value_name = "LIST")]
    pub allowed_users: Option<String>,
    /// Domains whose addresses are allowed, as in ALLOWED_USERS=*@x.com [default: none]
    #[arg(long, env = "ALLOWED_DOMAINS", value_name = "LIST")]
    pub allowed_domains: Option<String>,
}

/// The checked settings of [`FederationArgs`].
#[derive(Clone, Debug, Default)]
pub struct FederationConfig {
    /// For the rules.
    pub rules: FederationRules,
    /// For the HTTP client.
    pub providers: Vec<ProviderSettings>,
}

impl FederationArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> FederationConfig {
        let allow = self.allow(problems);
        let mut providers = Vec::new();
        providers.extend(self.google(problems));
        providers.extend(self.github(&allow, problems));
        providers.extend(self.oidc(problems));
        if let Some(path) = self
            .oidc_providers_file
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
        {
            listed::add(path, &mut providers, problems);
        }
        if !allow.is_empty() && providers.is_empty() {
            problems.warn(
                "ALLOWED_USERS",
                "nobody can sign in by a provider, since there is none",
                "Set GOOGLE_CLIENT_ID, GITHUB_CLIENT_ID or OIDC_ISSUER, or leave the rules out.",
            );
        }
        let known = providers.iter().map(|it| it.provider.clone()).collect();
        FederationConfig {
            rules: FederationRules::new(known, allow),
            providers,
        }
    }

    fn allow(&self, problems: &mut Problems) -> AllowRules {
        let users = given(self.allowed_users.as_deref()).unwrap_or_default();
        let domains = given(self.allowed_domains.as_deref()).unwrap_or_default();
        AllowRules::parse(users, domains).unwrap_or_else(|wrong| {
            let wrong = format!("{} can be no rule", wrong.join(" and "));
            let fix = "Write a@x.com, *@x.com, alice, group:engineers or github:alice, and domains as x.com.";
            problems.add("ALLOWED_USERS", wrong, fix);
            AllowRules::default()
        })
    }

    fn google(&self, problems: &mut Problems) -> Option<ProviderSettings> {
        let secret = secret_or_file(
            "GOOGLE_CLIENT_SECRET",
            self.google_client_secret.as_ref(),
            self.google_client_secret_file.as_deref(),
            problems,
        );
        let id = given(self.google_client_id.as_deref());
        let (client_id, client_secret) = both("GOOGLE", id, secret, problems)?;
        let issuer = given(self.google_issuer.as_deref()).unwrap_or("https://accounts.google.com");
        let issuer = base("GOOGLE_ISSUER", issuer, problems)?;
        Some(ProviderSettings {
            provider: provider("google", ProviderKind::Google, "Google", issuer)?,
            client_id,
            client_secret,
            scopes: SCOPES.to_owned(),
            groups_claim: "groups".to_owned(),
            trust_email: false,
            api: None,
        })
    }

    fn github(&self, allow: &AllowRules, problems: &mut Problems) -> Option<ProviderSettings> {
        let secret = secret_or_file(
            "GITHUB_CLIENT_SECRET",
            self.github_client_secret.as_ref(),
            self.github_client_secret_file.as_deref(),
            problems,
        );
        let id = given(self.github_client_id.as_deref());
        let (client_id, client_secret) = both("GITHUB", id, secret, problems)?;
        let issuer = given(self.github_url.as_deref()).unwrap_or("https://github.com");
        let issuer = base("GITHUB_URL", issuer, problems)?;
        let usual = if issuer == "https://github.com" {
            "https://api.github.com".to_owned()
        } else {
            format!("{issuer}/api/v3")
        };
        let api = given(self.github_api_url.as_deref()).unwrap_or(&usual);
        let api = base("GITHUB_API_URL", api, problems)?;
        let scopes = if allow.names_groups() {
            "read:user user:email read:org"
        } else {
            "read:user user:email"
        };
        Some(ProviderSettings {
            provider: provider("github", ProviderKind::GitHub, "GitHub", issuer)?,
            client_id,
            client_secret,
            scopes: scopes.to_owned(),
            groups_claim: String::new(),
            trust_email: false,
            api: Url::parse(&api).ok(),
        })
    }

    fn oidc(&self, problems: &mut Problems) -> Option<ProviderSettings> {
        let secret = secret_or_file(
            "OIDC_CLIENT_SECRET",
            self.oidc_client_secret.as_ref(),
            self.oidc_client_secret_file.as_deref(),
            problems,
        );
        let id = given(self.oidc_client_id.as_deref());
        let issuer = given(self.oidc_issuer.as_deref());
        let Some(issuer) = issuer else {
            if id.is_some() || secret.is_some() {
                let fix = "Set OIDC_ISSUER, or leave OIDC_CLIENT_ID and OIDC_CLIENT_SECRET out.";
                problems.add("OIDC_ISSUER", "it is missing", fix);
            }
            return None;
        };
        let (client_id, client_secret) =
            both("OIDC", Some(id.unwrap_or_default()), secret, problems)?;
        let issuer = base("OIDC_ISSUER", issuer, problems)?;
        let trust = given(self.oidc_trust_email.as_deref()).unwrap_or("false");
        if !matches!(trust, "true" | "false") {
            let wrong = format!("{trust:?} is neither true nor false");
            problems.add("OIDC_TRUST_EMAIL", wrong, "Use true or false.");
        }
        let name = given(self.oidc_name.as_deref()).map(str::to_owned);
        let name = name.unwrap_or_else(|| host_of(&issuer));
        Some(ProviderSettings {
            provider: provider("oidc", ProviderKind::Oidc, &name, issuer)?,
            client_id,
            client_secret,
            scopes: scopes("OIDC_SCOPES", self.oidc_scopes.as_deref(), problems),
            groups_claim: given(self.oidc_groups_claim.as_deref())
                .unwrap_or("groups")
                .to_owned(),
            trust_email: trust == "true",
            api: None,
        })
    }
}

#[cfg(test)]
mod tests;
