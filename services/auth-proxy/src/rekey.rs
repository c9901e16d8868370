//! `auth-proxy rekey`: everything that is kept sealed, sealed with the first of several secrets.
//!
//! In: the settings of a proxy, which may run meanwhile. Out: how many were sealed anew. Never: loses what does not open.

use std::error::Error;
use std::path::{Path, PathBuf};

use actix_web::rt::System;
use chrono::TimeDelta;
use loop_auth::boot::Opening;
use loop_auth::config::Database;
use loop_auth::key_config::KeyArgs;
use loop_auth::rekey::rekey as rekey_login;
use loop_auth::signer::KeySettings;
use loop_shared::service::config::{Problems, given, secret_or_file};
use loop_shared::service::{Clock as _, SystemClock};
use secrecy::SecretString;

use crate::config::ProxyArgs;
use crate::connections::Connections;
use crate::connections_config::ConnectionsConfig;
use crate::secret;

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rekeyed {
    /// Connections that were sealed anew.
    pub(crate) connections: u64,
    /// Keys and second steps of the login inside.
    pub(crate) login: u64,
    /// What opens with none of the secrets.
    pub(crate) shut: u64,
}

/// What is kept, where, and under which secrets.
struct Kept {
    connections: ConnectionsConfig,
    secret: Option<SecretString>,
    data: PathBuf,
    /// The login's, where there is one.
    login: Option<(Database, KeySettings)>,
}

/// Seals everything with the current secret.
///
/// # Errors
/// A text for the person who started the program.
pub(crate) fn rekey(
    args: &ProxyArgs,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<Rekeyed, Box<dyn Error>> {
    let kept = args.kept()?;
    let seals = secret::seals(kept.secret.as_ref(), &kept.data)?;
    System::new().block_on(async {
        let store = kept.connections.store.open().await?;
        let now = SystemClock.now().timestamp();
        let (connections, shut) = Connections::rekey(&*store, &seals, now).await?;
        let mut done = Rekeyed {
            connections,
            shut,
            ..Rekeyed::default()
        };
        if let Some((database, settings)) = kept.login {
            let opened = open(database).await?;
            let login = rekey_login(opened.store(), &settings).await?;
            done.login = login.anew;
            done.shut += login.shut;
        }
        Ok(done)
    })
}

impl ProxyArgs {
    fn kept(&self) -> Result<Kept, Problems> {
        let mut problems = Problems::new();
        let data = PathBuf::from(given(self.login.data_dir.as_deref()).unwrap_or("./data"));
        let (value, file) = (
            self.login.auth_encryption_secret.as_ref(),
            self.login.auth_encryption_secret_file.as_deref(),
        );
        let secret = secret_or_file("AUTH_ENCRYPTION_SECRET", value, file, &mut problems);
        let connections = self.connections(&data, &mut problems);
        let mut secrets = secret.as_ref().map(secret::several).unwrap_or_default();
        let keys = KeyArgs {
            auth_encryption_secret: (!secrets.is_empty()).then(|| secrets.remove(0)),
            former_secrets: secrets,
            ..KeyArgs::default()
        };
        let settings = keys.resolve(TimeDelta::zero(), &mut problems).settings;
        let login = self.login_database(&data, &mut problems);
        problems.finish()?;
        Ok(Kept {
            connections,
            secret,
            data,
            login: login.map(|database| (database, settings)),
        })
    }

    /// The database of the login inside, where it has one already.
    fn login_database(&self, data: &Path, problems: &mut Problems) -> Option<Database> {
        if given(self.tokens.issuer.as_deref()).is_some() {
            return None;
        }
        let mut store = self.store.clone();
        if given(store.oauth_db_path.as_deref()).is_none() {
            store.oauth_db_path = Some(data.join("auth-proxy.db").display().to_string());
        }
        let database = store.resolve(problems).database;
        let there = match &database {
            Database::Sqlite(path) => Path::new(path).exists(),
            Database::Postgres { .. } => true,
        };
        there.then_some(database)
    }
}
