//! `loop-auth doctor`.

use clap::Args;
use loop_oauth::maintenance::Maintenance;
use loop_shared::service::clock::{Clock as _, SystemClock};

use super::text;
use crate::{
    boot::Opening,
    config::{Database, ServeArgs},
    doctor::{self, Level},
};

#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
/// The settings of the server, which doctor must be given as well.
#[derive(Args, Debug)]
pub(super) struct OnDoctor {
    /// Look from inside only: ask nothing at EXTERNAL_URL
    #[arg(long)]
    inside: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

/// # Errors
/// Something does not work, as shown; or the settings cannot be used.
pub(super) async fn run(
    on: &OnDoctor,
    maintenance: &dyn Maintenance,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<(), String> {
    let config = on.serve.resolve().map_err(|problems| text(&problems))?;
    let tools = (maintenance, open);
    let now = SystemClock.now();
    let findings = doctor::examine(&on.serve, &config, tools, on.inside, now).await;
    for finding in &findings {
        println!("{finding}");
    }
    let count = |level| findings.iter().filter(|it| it.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    match problems {
        0 => {
            println!("no problem, {warnings} warnings");
            Ok(())
        }
        problems => Err(format!(
            "{problems} problems, {warnings} warnings; see above"
        )),
    }
}
