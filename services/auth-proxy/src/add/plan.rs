//! What is to be written of one server.

use serde_json::{Value, json};

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// A program with its arguments.
    Command(Vec<String>),
    /// An address.
    Url(String),
}

/// The account that its users need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The provider's name in settings.
    pub(super) provider: &'static str,
    /// What is asked for.
    pub(super) scopes: Vec<String>,
    /// The variable of a command.
    variable: &'static str,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Its name.
    pub(super) name: String,
    /// How it is reached.
    pub(super) reached: Reached,
    /// Whose accounts it works with.
    pub(super) account: Option<Account>,
}

impl Reached {
    /// The server of a folder.
    pub(super) fn files(folder: &str) -> Self {
        let line = [
            "npx",
            "-y",
            "@modelcontextprotocol/server-filesystem",
            folder,
        ];
        Self::Command(line.map(str::to_owned).to_vec())
    }

    /// An address, or a command with spaces between its parts.
    pub(super) fn parse(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Url(text.to_owned());
        }
        Self::Command(text.split_whitespace().map(str::to_owned).collect())
    }
}

impl Account {
    pub(super) fn google(scope: &str) -> Self {
        Self {
            provider: "google",
            scopes: vec![format!("https://www.googleapis.com/auth/{scope}")],
            variable: "ACCESS_TOKEN",
        }
    }

    pub(super) fn github() -> Self {
        Self {
            provider: "github",
            scopes: ["repo", "read:user"].map(str::to_owned).to_vec(),
            variable: "GITHUB_PERSONAL_ACCESS_TOKEN",
        }
    }

    pub(super) fn oidc() -> Self {
        Self {
            provider: "oidc",
            scopes: ["openid", "offline_access"].map(str::to_owned).to_vec(),
            variable: "ACCESS_TOKEN",
        }
    }

    /// Where a client is registered.
    pub(super) fn console(&self) -> &'static str {
        match self.provider {
            "google" => "https://console.cloud.google.com/apis/credentials",
            "github" => "https://github.com/settings/developers",
            _ => "your provider",
        }
    }

    /// What must be set for the provider.
    pub(super) const fn variables(&self) -> &'static [&'static str] {
        match self.provider.as_bytes() {
            b"google" => &["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"],
            b"github" => &["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"],
            _ => &["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"],
        }
    }
}

impl Plan {
    /// The entry.
    pub(super) fn entry(&self) -> Value {
        let mut entry = json!({ "name": self.name });
        match &self.reached {
            Reached::Url(url) => entry["url"] = json!(url),
            Reached::Command(line) => {
                let (command, args) = line
                    .split_first()
                    .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
                entry["command"] = json!(command);
                if !args.is_empty() {
                    entry["args"] = json!(args);
                }
            }
        }
        if let Some(account) = &self.account {
            entry["tier"] = json!(2);
            entry["oauth_provider"] = json!(account.provider);
            entry["scopes"] = json!(account.scopes);
            if matches!(self.reached, Reached::Command(_)) {
                entry["token_env"] = json!(account.variable);
            }
        }
        entry
    }
}
