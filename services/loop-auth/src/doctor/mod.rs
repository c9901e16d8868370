//! `loop-auth doctor`: looks at a deployment from inside and from outside and says what to do.
//!
//! In: the settings of the server. Out: [`Finding`]s. Never: changes anything, prints a secret, decides what a rule
//! decides.

mod apis;
mod database;
mod files;
mod keys;
mod outside;
mod tls;

use std::fmt;

use chrono::{DateTime, Utc};
use loop_oauth::maintenance::Maintenance;
use loop_shared::service::healthcheck;

use crate::{
    boot::Opening,
    config::{Config, Database, ServeArgs},
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Fine,
    /// Works, and may not for long.
    Warning,
    /// Does not work, or is open to others.
    Problem,
}

/// Something that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at, in a word or two.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing is to be done.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Fine => "ok     ",
            Level::Warning => "warning",
            Level::Problem => "PROBLEM",
        };
        write!(out, "{level}  {}: {}", self.what, self.found)?;
        if !self.advice.is_empty() {
            write!(out, "\n         do: {}", self.advice)?;
        }
        Ok(())
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    fn fine(&mut self, what: &'static str, found: impl Into<String>) {
        self.add(Level::Fine, what, found, "");
    }

    fn warning(&mut self, what: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Warning, what, found, advice);
    }

    fn problem(&mut self, what: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Problem, what, found, advice);
    }

    fn add(
        &mut self,
        level: Level,
        what: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.0.push(Finding {
            level,
            what,
            found: found.into(),
            advice: advice.into(),
        });
    }
}

/// The keys that are published, as far as they are known.
pub(crate) type Published = Option<Vec<String>>;

/// Looks at everything; from outside as well unless `inside_only`.
pub(crate) async fn examine(
    args: &ServeArgs,
    config: &Config,
    (maintenance, open): (&dyn Maintenance, &(dyn Fn(Database) -> Opening + Sync)),
    inside_only: bool,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    settings(config, &mut findings);
    files::secrets(args, &mut findings);
    let ready = database::look(&config.store.database, maintenance, &mut findings).await;
    let published = if ready {
        keys::look(config, open, now, &mut findings).await
    } else {
        None
    };
    let service = &config.service;
    match healthcheck::ask(service.bind_address, service.port).await {
        Ok(()) => findings.fine("server", format!("ready on port {}", service.port)),
        Err(unhealthy) => findings.problem(
            "server",
            unhealthy.to_string(),
            "Start it (loop-auth serve) and read its log; if it listens elsewhere, give doctor the same PORT and BIND_ADDRESS.",
        ),
    }
    if !inside_only {
        outside::look(config, published.as_deref(), now, &mut findings).await;
    }
    findings.0
}

/// What is allowed but unwise.
fn settings(config: &Config, findings: &mut Findings) {
    if config.warnings.is_empty() {
        findings.fine("settings", "all of them can be used");
    }
    for warning in &config.warnings {
        let found = format!("{}: {}", warning.variable, warning.wrong);
        findings.warning("settings", found, &warning.fix);
    }
    let behind_tls = config.service.external_url.is_https();
    if behind_tls
        && !config.service.bind_address.is_loopback()
        && config.proxies == crate::proxy_config::TrustedProxies::default()
    {
        findings.warning(
            "proxy",
            "EXTERNAL_URL is https, so a proxy stands in front, but TRUSTED_PROXIES names none: all callers share its address, and its limits",
            "Set TRUSTED_PROXIES to the proxy's network, and let it set X-Forwarded-For.",
        );
    }
}
