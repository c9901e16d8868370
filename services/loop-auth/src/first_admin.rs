//! The first administrator: added when the store has no user, shown once.

use std::io::Write as _;

use loop_oauth::{
    config::Context,
    login::Passwords,
    user_admin::{self, FirstAdmin as Added, UserAdminError},
};
use secrecy::ExposeSecret as _;

use crate::config::FirstAdmin;

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
