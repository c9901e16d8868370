//! The body of `/healthz` and `/readyz`.
//!
//! In: what the service is. Out: JSON. Never: settings, paths, secrets.

use serde::{Deserialize, Serialize};

/// Whether a service is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Running, and able to serve.
    Ok,
    /// Running, and not able to serve yet or any more.
    Unavailable,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HealthResponse {
    /// Whether it is well.
    pub status: HealthStatus,
    /// Which service answers.
    #[schema(example = "public-api")]
    pub service: String,
    /// Its version.
    pub version: String,
    /// Why it is not ready, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
