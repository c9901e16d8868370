//! Makes the service from its settings.

use std::sync::Arc;

use loop_shared::service::Clock;
use tokio::sync::OnceCell;

use super::provider::amplitude::{self, Amplitude};
use super::provider::http::Http;
use super::provider::revenuecat::{self, RevenueCat};
use super::service::{Kpis, Settings};
use crate::kpi_config::KpiConfig;

impl Kpis {
    /// The service that the settings describe. Asks nobody.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub(crate) fn open(config: &KpiConfig, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let amplitude = config.amplitude.as_ref().map(|config| {
            Ok::<_, reqwest::Error>(Amplitude {
                http: Http::new("amplitude", amplitude::POLICY, Arc::clone(&clock))?,
                base: config.base.clone(),
                api_key: config.api_key.clone(),
                secret_key: config.secret_key.clone(),
                key_event: config.key_event.clone(),
                funnel: config.funnel.clone(),
            })
        });
        let revenuecat = config.revenuecat.as_ref().map(|config| {
            Ok::<_, reqwest::Error>(RevenueCat {
                http: Http::new("revenuecat", revenuecat::POLICY, Arc::clone(&clock))?,
                base: config.base.clone(),
                key: config.key.clone(),
                project: config.project.clone(),
                currency: config.currency.clone(),
                found: OnceCell::new(),
            })
        });
        Ok(Self::new(Settings {
            amplitude: amplitude.transpose()?,
            revenuecat: revenuecat.transpose()?,
            history: config.history.clone(),
            clock,
        }))
    }
}
