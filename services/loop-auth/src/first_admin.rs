//! The first administrator: added when the store has no user, shown once.

use std::io::Write as _;

use loop_oauth::{
    client_metadata_document::NoDocuments,
    config::Context,
    entropy::OsEntropy,
    login::{Passwords, Queue},
    user_admin::{self, FirstAdmin as Added, UserAdminError},
};
use loop_shared::service::clock::{Clock as _, SystemClock};
use secrecy::ExposeSecret as _;

use crate::{
    boot::{self, BootError, Opened},
    config::{Config, FirstAdmin},
};

/// Adds the first administrator unless there is any user. A generated password is printed to
/// standard output, once, and goes into no log.
///
/// # Errors
/// [`UserAdminError`], for instance a password that is too short.
#[tracing::instrument(name = "first_admin.ensure", skip_all)]
pub(crate) async fn ensure(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    wanted: &FirstAdmin,
) -> Result<(), UserAdminError> {
    let password = wanted.password.clone();
    match user_admin::first_admin(cx, passwords, wanted.email.as_str(), password).await? {
        Added::NotNeeded => {}
        Added::Added { user, generated } => {
            let mut out = std::io::stdout().lock();
            let email = user.email.as_str();
            // Whoever reads the log finds the event; whoever started the server sees this line.
            let _ = match generated {
                Some(password) => writeln!(
                    out,
                    "first admin: {email} password: {}",
                    password.expose_secret()
                ),
                None => writeln!(out, "first admin: {email} password: as configured"),
            };
            let _ = out.flush();
        }
    }
    Ok(())
}

/// Gives the first administrator the configured password, should it have changed since the last start. Whoever is
/// signed in stays so when it has not. For programs in which the command line is the password's only home.
///
/// # Errors
/// [`BootError`].
#[tracing::instrument(name = "first_admin.follow", skip_all)]
pub async fn follow(config: &Config, opened: &Opened) -> Result<(), BootError> {
    let wanted = &config.first_admin;
    let Some(password) = wanted.password.clone() else {
        return Ok(());
    };
    let Some(user) = opened.store().user_by_email(&wanted.email).await? else {
        return Ok(());
    };
    let passwords = boot::passwords(config.store.bcrypt_cost, 1).await?;
    let checked = passwords.verify(password.clone(), Some(&user.password), Queue::Known);
    if checked.await.map_err(UserAdminError::from)? {
        return Ok(());
    }
    let cx = Context {
        rules: &config.rules,
        store: opened.store(),
        entropy: &OsEntropy,
        documents: &NoDocuments,
        now: SystemClock.now(),
    };
    user_admin::set_password(&cx, &passwords, wanted.email.as_str(), password).await?;
    Ok(())
}
