//! What every Loop service answers alike: health and errors.

mod error;
mod health;

pub use error::{ErrorResponse, shortened};
pub use health::{HealthResponse, HealthStatus};
