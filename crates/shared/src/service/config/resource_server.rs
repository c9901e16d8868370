//! The settings of a service that verifies tokens but never issues them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::{
    DpopArgs, DpopConfig, Problems, RevocationArgs, ServiceConfig, given, http_url, seconds,
};
use crate::auth::revocation::RevocationSettings;
use crate::auth::{RoleBypass, Roles};

/// Flags and variables of every resource server.
#[expect(clippy::doc_markdown, reason = "clap prints these texts as they are")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Tokens")]
pub struct ResourceServerArgs {
    /// Issuer whose tokens are accepted, to the letter [default: EXTERNAL_URL]
    #[arg(long, env = "ISSUER", value_name = "URL")]
    pub issuer: Option<String>,
    /// Where the issuer publishes its keys [default: <ISSUER>/.well-known/jwks.json]
    #[arg(long, env = "JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<String>,
    /// File with the issuer's public keys, instead of JWKS_URL; watched, no restart needed
    #[arg(long, env = "JWKS_FILE", value_name = "PATH")]
    pub jwks_file: Option<String>,
    /// Seconds after which fetched keys are refreshed [default: 3600]
    #[arg(long, env = "JWKS_CACHE_SECONDS", value_name = "SECONDS")]
    pub jwks_cache_seconds: Option<String>,
    /// Seconds that fetching the keys or the revocation list may take [default: 5]
    #[arg(long, env = "JWKS_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub jwks_timeout_seconds: Option<String>,
    /// Seconds that the last good keys are used while the issuer is down [default: 86400]
    #[arg(long, env = "JWKS_MAX_STALE_SECONDS", value_name = "SECONDS")]
    pub jwks_max_stale_seconds: Option<String>,
    /// Identifier of this resource, which tokens must name in aud [default: the service's MCP URL]
    #[arg(long, env = "RESOURCE", value_name = "URL")]
    pub resource: Option<String>,
    /// Roles that pass every scope check, comma-separated [default: none]
    #[arg(long, env = "ROLE_BYPASS", value_name = "ROLES")]
    pub role_bypass: Option<String>,
    /// The list of revoked grants.
    #[command(flatten)]
    pub revocation: RevocationArgs,
    /// Proof of possession.
    #[command(flatten)]
    pub dpop: DpopArgs,
}

/// Where the issuer's keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksLocation {
    /// Fetched over HTTP.
    Url(Url),
    /// Read from a watched file.
    File(PathBuf),
}

/// The checked settings of [`ResourceServerArgs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceServerConfig {
    /// Issuer whose tokens are accepted, to the letter.
    pub issuer: String,
    /// Identifier of this resource.
    pub resource: String,
    /// Where the keys come from.
    pub jwks: JwksLocation,
    /// Age at which keys are refreshed.
    pub jwks_cache: Duration,
    /// How long one fetch may take.
    pub jwks_timeout: Duration,
    /// How old the last good keys may get.
    pub jwks_max_stale: Duration,
    /// Roles that pass every scope check.
    pub bypass: RoleBypass,
    /// Where revoked grants are listed; `None`: nowhere.
    pub revocation: Option<RevocationSettings>,
    /// How callers prove their keys.
    pub dpop: DpopConfig,
}

impl ResourceServerArgs {
    /// Checks the settings; `resource_path` (`/mcp`) under `EXTERNAL_URL` is the default resource.
    ///
    /// Wrong ones are noted in `problems` and stand at their default: use the result only after [`Problems::finish`].
    pub fn resolve(
        &self,
        service: &ServiceConfig,
        resource_path: &str,
        problems: &mut Problems,
    ) -> ResourceServerConfig {
        let external = &service.external_url;
        let issuer = read_url("ISSUER", self.issuer.as_deref(), problems)
            .map_or_else(|| external.as_str().to_owned(), |url| trimmed(&url));
        let resource = read_url("RESOURCE", self.resource.as_deref(), problems)
            .map_or_else(|| external.join(resource_path), |url| trimmed(&url));
        let cache = self.jwks_cache_seconds.as_deref();
        let timeout = self.jwks_timeout_seconds.as_deref();
        let max_stale = self.jwks_max_stale_seconds.as_deref();
        let jwks = self.jwks(&issuer, problems);
        let timeout = seconds("JWKS_TIMEOUT_SECONDS", timeout, 1..=60, 5, problems);
        ResourceServerConfig {
            revocation: self.revocation.resolve(&issuer, &jwks, timeout, problems),
            jwks,
            jwks_cache: seconds("JWKS_CACHE_SECONDS", cache, 1..=86_400, 3600, problems),
            jwks_timeout: timeout,
            jwks_max_stale: seconds(
                "JWKS_MAX_STALE_SECONDS",
                max_stale,
                0..=2_592_000,
                86_400,
                problems,
            ),
            bypass: self.bypass(problems),
            dpop: self.dpop.resolve(problems),
            issuer,
            resource,
        }
    }

    fn jwks(&self, issuer: &str, problems: &mut Problems) -> JwksLocation {
        let (url, file) = (
            given(self.jwks_url.as_deref()),
            given(self.jwks_file.as_deref()),
        );
        if url.is_some() && file.is_some() {
            problems.add(
                "JWKS_FILE",
                "it and JWKS_URL are both set",
                "Keep one of the two.",
            );
        }
        if let Some(path) = file {
            return JwksLocation::File(path.into());
        }
        let default = format!("{issuer}/.well-known/jwks.json");
        let text = url.unwrap_or(&default);
        let url = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        if let Some(url) = url {
            return JwksLocation::Url(url);
        }
        let fix =
            "Use the address of the keys, such as http://loop-auth:8083/.well-known/jwks.json.";
        problems.add("JWKS_URL", format!("{text:?} is not an http address"), fix);
        JwksLocation::File(PathBuf::new())
    }

    fn bypass(&self, problems: &mut Problems) -> RoleBypass {
        let text = self.role_bypass.as_deref().unwrap_or_default();
        let roles = Roles::parse(text).unwrap_or_else(|error| {
            problems.add(
                "ROLE_BYPASS",
                error.to_string(),
                "List roles: member, analyst, exec, admin.",
            );
            Roles::NONE
        });
        RoleBypass(roles)
    }
}

fn read_url(variable: &str, value: Option<&str>, problems: &mut Problems) -> Option<Url> {
    let text = given(value)?;
    match http_url(text) {
        Ok(url) => Some(url),
        Err(fault) => {
            let fix = "Use an address such as https://loop.example.com, without ? and #.";
            problems.add(variable, format!("{text:?} {fault}"), fix);
            None
        }
    }
}

fn trimmed(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{ServiceArgs, ServiceIdentity};
    use super::*;

    fn resolve(args: &ResourceServerArgs) -> (ResourceServerConfig, Problems) {
        let identity = ServiceIdentity {
            name: "exec-api",
            version: "1",
            default_port: 8084,
        };
        let mut problems = Problems::new();
        let service = ServiceArgs::default().resolve(identity, &mut problems);
        let config = args.resolve(&service, "/exec/mcp", &mut problems);
        (config, problems)
    }

    #[test]
    fn defaults_follow_the_external_url() {
        let (config, problems) = resolve(&ResourceServerArgs::default());
        assert!(problems.is_empty());
        assert_eq!(config.issuer, "http://localhost:8082");
        assert_eq!(config.resource, "http://localhost:8082/exec/mcp");
        let keys = Url::parse("http://localhost:8082/.well-known/jwks.json").unwrap();
        assert_eq!(config.jwks, JwksLocation::Url(keys));
        assert_eq!(config.jwks_cache.as_secs(), 3600);
        assert_eq!(config.jwks_timeout.as_secs(), 5);
        assert_eq!(config.jwks_max_stale.as_secs(), 86_400);
        assert_eq!(config.bypass, RoleBypass::default());
    }

    #[test]
    fn an_issuer_of_its_own_moves_the_keys_along() {
        let args = ResourceServerArgs {
            issuer: Some("https://id.example/".into()),
            ..Default::default()
        };
        let (config, _) = resolve(&args);
        assert_eq!(config.issuer, "https://id.example");
        assert_eq!(
            config.jwks,
            JwksLocation::Url(Url::parse("https://id.example/.well-known/jwks.json").unwrap())
        );
        assert_eq!(config.resource, "http://localhost:8082/exec/mcp");
    }

    #[test]
    fn keys_come_from_one_place_and_roles_must_exist() {
        let args = ResourceServerArgs {
            jwks_url: Some("http://a/keys".into()),
            jwks_file: Some("/keys.json".into()),
            role_bypass: Some("admin,boss".into()),
            jwks_timeout_seconds: Some("0".into()),
            ..Default::default()
        };
        let named: Vec<_> = resolve(&args)
            .1
            .as_slice()
            .iter()
            .map(|problem| problem.variable.clone())
            .collect();
        assert_eq!(named, ["JWKS_FILE", "JWKS_TIMEOUT_SECONDS", "ROLE_BYPASS"]);
    }
}
