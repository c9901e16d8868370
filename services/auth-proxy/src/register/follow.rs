//! Writes what this replica sees, when it has changed and now and then.

use std::time::Duration;

use actix_web::web::Data;
use loop_shared::service::{Clock as _, SystemClock};
use tokio_util::sync::CancellationToken;

use super::Seen;
use crate::app::App;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);
/// So many looks at most lie between two writes.
const LOOKS: u32 = 6;

impl App {
    /// What this replica sees of each server at this moment.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let reports = self.pool.reports();
        let entries = self.registry.entries();
        let seen = entries.iter().map(|entry| {
            let report = reports.get(&entry.server.name).cloned().unwrap_or_default();
            Seen {
                server: entry.server.name.to_string(),
                running: report.running,
                trouble: report.trouble,
                users: report.users,
            }
        });
        seen.collect()
    }
}

/// Follows the servers until `stop`; then none of this replica's is running any more.
pub(crate) async fn follow(app: Data<App>, stop: CancellationToken) {
    let mut looks = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return write(&app, true).await,
        }
        looks += 1;
        if looks >= LOOKS || app.register.differs(&app.seen()) {
            looks = 0;
            write(&app, false).await;
        }
    }
}

async fn write(app: &App, is_end: bool) {
    let mut seen = app.seen();
    if is_end {
        for it in &mut seen {
            it.running = 0;
        }
    }
    if let Err(error) = app
        .register
        .note(&seen, SystemClock.now().timestamp())
        .await
    {
        tracing::warn!(%error, "what servers do is not in the table");
    }
}
