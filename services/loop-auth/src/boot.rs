//! Starts the server: store, key, first administrator, background work, HTTP.
//!
//! In: checked settings and an open store. Out: nothing, until the service was asked to stop.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::web::{Data, ServiceConfig as Routes};
use loop_oauth::{
    client_metadata_document::NoDocuments,
    config::Context,
    entropy::OsEntropy,
    login::Passwords,
    resource::Resources,
    store::{Store, StoreError},
};
use loop_shared::service::{
    self, Health, ServeError, Shutdown,
    clock::{Clock, SystemClock},
    metrics,
};

use tokio::task::JoinHandle;

use crate::{
    app::{self, App, Parts},
    audit, backchannel,
    config::{Config, IDENTITY},
    first_admin,
    outbound::{OutboundDocuments, providers::Providers},
    passkeys::WebauthnCeremonies,
    passwords::BcryptPasswords,
    seals::SecretSeals,
    signer::{Keeper, Signer, write_jwks_file},
    sweep,
    visitors::Visitors,
    web_clients,
};

mod error;

pub use error::BootError;

/// A store that is being opened.
pub type Opening = Pin<Box<dyn Future<Output = Result<Opened, StoreError>> + Send>>;
/// An answer to "are you ready", or a store that is being closed.
pub type Probing = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// An open store, how to ask whether it is well, and how to close it.
pub struct Opened {
    pub(crate) store: Arc<dyn Store>,
    ready: Arc<dyn Fn() -> Probing + Send + Sync>,
    close: Option<Box<dyn FnOnce() -> Probing + Send + Sync>>,
}

impl Opened {
    /// A store and its probe.
    pub fn new(store: Arc<dyn Store>, ready: impl Fn() -> Probing + Send + Sync + 'static) -> Self {
        Self {
            store,
            ready: Arc::new(ready),
            close: None,
        }
    }

    /// The same store, closed by `close` after the server has stopped.
    #[must_use]
    pub fn closing(mut self, close: impl FnOnce() -> Probing + Send + Sync + 'static) -> Self {
        self.close = Some(Box::new(close));
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Lets go of the store, then closes it. Nothing is lost when that fails, so it is only logged.
    async fn close(self) {
        let Self {
            store,
            ready,
            close,
        } = self;
        drop((store, ready));
        let Some(close) = close else { return };
        if let Err(error) = close().await {
            tracing::warn!(%error, "the store was not closed; nothing is lost");
        }
    }
}

/// Serves until a signal comes or `shutdown` is triggered, lets running requests finish, closes the store.
///
/// # Errors
/// [`BootError`].
pub async fn serve(config: Config, opened: Opened, shutdown: Shutdown) -> Result<(), BootError> {
    let running = Running::start(&config, opened).await?;
    let served = service::serve(&config.service, &shutdown, running.routes()).await;
    running.stop().await;
    Ok(served?)
}

/// The server without a listener of its own: state, routes, background work. A program that serves something
/// besides registers the routes itself, after its own.
pub struct Running {
    app: Data<App>,
    health: Health,
    tasks: Vec<JoinHandle<()>>,
    opened: Opened,
}

impl Running {
    /// Prepares everything and starts the background work.
    ///
    /// # Errors
    /// [`BootError`].
    pub async fn start(config: &Config, opened: Opened) -> Result<Self, BootError> {
        if config.service.metrics.is_some() {
            metrics::install().map_err(ServeError::from)?;
            metrics::login_server::start();
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let app = prepare(config, &opened, Arc::clone(&clock)).await?;
        let keeper = tokio::spawn(keeper(config, &opened, &app, Arc::clone(&clock)).forever());
        let app = Data::new(app);
        let http = backchannel::http(config.logout_allowed.clone(), config.ca_pem.as_deref())?;
        let logouts = tokio::spawn(backchannel::forever(app.clone(), http));
        let sweep = tokio::spawn(sweep::forever(Arc::clone(&opened.store), clock));
        Ok(Self {
            health: health(&opened),
            app,
            tasks: vec![sweep, keeper, logouts],
            opened,
        })
    }

    /// The resources that tokens are for; a program that serves some of them itself may replace the list.
    #[must_use]
    pub fn resources(&self) -> Resources {
        self.app.rules.resources.clone()
    }

    /// Who is signed in, for pages that are served beside these.
    #[must_use]
    pub fn visitors(&self) -> Visitors {
        Visitors::new(self.app.clone())
    }

    /// Registers state, health and every route, for each worker anew.
    pub fn routes(&self) -> impl Fn(&mut Routes) + Clone + Send + 'static + use<> {
        let (app, health) = (self.app.clone(), self.health.clone());
        move |routes: &mut Routes| register(&app, &health, routes)
    }

    /// Ends the background work and closes the store.
    pub async fn stop(self) {
        for task in self.tasks {
            task.abort();
            // It ends by being aborted; waiting for that lets go of its store.
            let _ = task.await;
        }
        // Both hold the store, which is closed when nobody does.
        drop((self.app, self.health));
        self.opened.close().await;
    }
}

/// Who looks after the keys of `app`.
#[must_use]
pub fn keeper(config: &Config, opened: &Opened, app: &App, clock: Arc<dyn Clock>) -> Keeper {
    Keeper {
        store: Arc::clone(&opened.store),
        clock,
        settings: config.keys.settings.clone(),
        signer: app.signer.clone(),
        jwks_file: config.jwks_file.clone(),
        every: config.keys.reread,
    }
}

/// Everything in front of HTTP: key, first administrator, public key file.
///
/// # Errors
/// [`BootError`], before anything is served.
pub async fn prepare(
    config: &Config,
    opened: &Opened,
    clock: Arc<dyn Clock>,
) -> Result<App, BootError> {
    let passwords: Arc<dyn Passwords> =
        Arc::new(passwords(config.store.bcrypt_cost, config.bcrypt_queue).await?);
    let signer = Signer::open(&*opened.store, &config.keys.settings, clock.now()).await?;
    let cx = Context {
        rules: &config.rules,
        store: &*opened.store,
        entropy: &OsEntropy,
        documents: &NoDocuments,
        now: clock.now(),
    };
    let first = first_admin::ensure(&cx, &*passwords, &config.first_admin);
    audit::in_background(&*opened.store, clock.now(), first).await?;
    let pages = web_clients::ensure(&cx, &config.service.external_url, &config.web_clients);
    audit::in_background(&*opened.store, clock.now(), pages).await;
    if let Some(path) = &config.jwks_file {
        write_jwks_file(path, &signer.jwks()).map_err(|error| BootError::JwksFile {
            path: path.display().to_string(),
            error,
        })?;
    }
    Ok(App::new(Parts {
        rules: config.rules.clone(),
        external_url: config.service.external_url.clone(),
        store: Arc::clone(&opened.store),
        entropy: Arc::new(OsEntropy),
        documents: Arc::new(OutboundDocuments::new(
            config.rules.documents.clone(),
            config.ca_pem.as_deref(),
        )?),
        clock,
        passwords,
        signer,
        keys: config.keys.settings.clone(),
        jwks_max_age: config.keys.max_age,
        proxies: config.proxies.clone(),
        providers: Providers::new(config.providers.clone())?,
        ceremonies: Arc::new(WebauthnCeremonies::new(&config.service.external_url)),
        seals: Arc::new(SecretSeals::of(&config.keys.settings)),
    })?)
}

/// The bcrypt queue. One core stays free for tokens where there is more than one.
///
/// # Errors
/// The cost is out of bcrypt's range, or the system gives no threads.
pub async fn passwords(cost: u32, queue: usize) -> Result<BcryptPasswords, BootError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.saturating_sub(1).max(1);
    let made = tokio::task::spawn_blocking(move || BcryptPasswords::new(cost, workers, queue));
    Ok(made.await.map_err(|_| BootError::Interrupted)??)
}

/// `/healthz` and `/readyz`.
#[must_use]
pub fn health(opened: &Opened) -> Health {
    let ready = Arc::clone(&opened.ready);
    Health::new(IDENTITY, move || {
        let probing = ready();
        async move {
            probing.await.map_err(|error| {
                tracing::error!(%error, "not ready");
                "The database does not answer.".to_owned()
            })
        }
    })
}

/// Registers state, health and every route.
pub fn register(app: &Data<App>, health: &Health, routes: &mut Routes) {
    routes.app_data(app.clone());
    health.routes("", routes);
    app::routes(routes, app);
}
