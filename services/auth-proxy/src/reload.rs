//! Takes over a file of servers that changed, while everything runs.
//!
//! In: the file, looked at twice a second, and SIGHUP. Out: other servers. Never: a half-written file, a wrong one, an end of
//! what did not change.

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::Data;
use loop_oauth::resource::Resources;
use loop_shared::service::config::ExternalUrl;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::connections::provider::Provider;
use crate::look::{self, look};
use crate::people::WANTED;
use crate::server_config::ServerArgs;
use crate::servers::{Server, resources};

/// The file of servers and what hangs on it.
pub(crate) struct Reload {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// How it is read.
    pub(crate) args: ServerArgs,
    /// Who keeps people's accounts.
    pub(crate) providers: Vec<Arc<Provider>>,
    /// What runs.
    pub(crate) app: Data<App>,
    /// The login inside, which must know every server.
    pub(crate) resources: Option<Resources>,
    /// Whether people can sign in to the pages.
    pub(crate) has_pages: bool,
    /// Where people reach the proxy.
    pub(crate) external: ExternalUrl,
}

impl Reload {
    /// Follows the file until `stop`.
    pub(crate) async fn follow(self, stop: CancellationToken) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => Some(hangup),
            Err(error) => {
                tracing::warn!(%error, "SIGHUP is not listened to");
                None
            }
        };
        let mut taken = look(&self.file);
        let mut before = taken;
        loop {
            let asked = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let forced = tokio::select! {
                () = tokio::time::sleep(look::EVERY) => false,
                _ = asked => true,
                () = stop.cancelled() => return,
            };
            let now = look(&self.file);
            let settled = now == before && now != taken;
            before = now;
            if forced || settled {
                taken = now;
                self.take_over().await;
            }
        }
    }

    /// Reads the file and takes it over if nothing is wrong with it.
    async fn take_over(&self) {
        let (args, providers) = (self.args.clone(), self.providers.clone());
        let read = tokio::task::spawn_blocking(move || args.read(&providers)).await;
        let why = match read {
            Ok(Ok(servers)) => match self.install(servers) {
                Ok(()) => return self.app.registry.note(None),
                Err(why) => why,
            },
            Ok(Err(problems)) => {
                let all = problems.as_slice().iter().map(ToString::to_string);
                all.collect::<Vec<_>>().join("\n")
            }
            Err(_) => "the reading was interrupted".to_owned(),
        };
        tracing::error!("the file of servers is wrong; the servers stay as they were:\n{why}");
        self.app.registry.note(Some(why));
    }

    fn install(&self, servers: Vec<Server>) -> Result<(), String> {
        let count = servers.len();
        if !self.has_pages && servers.iter().any(|server| server.account.is_some()) {
            return Err(format!("WEB_SECRET_FILE: {WANTED}"));
        }
        // The login first: nobody is sent there for a resource that it does not know.
        if let Some(known) = &self.resources {
            known.replace(&resources(&self.external, &servers))?;
        }
        let app = &self.app;
        let servers = servers.into_iter().map(Into::into);
        app.registry
            .replace(servers)
            .map_err(|error| error.to_string())?;
        app.pool.end(|server, _| !app.registry.has(server));
        tracing::info!(count, "the servers were read again");
        Ok(())
    }
}
