//! Settings: flags and environment variables, read once, every mistake reported at once.
//!
//! In: clap arguments as text (an empty value counts as not set). Out: checked values, or [`Problems`].
//! Never: stops at the first mistake, prints a secret. House style: "Configuration is flags and environment variables".

mod dpop;
mod problems;
mod read;
mod resource_server;
mod revocation;
mod secret;
mod service_args;
mod traces;
mod url;
mod web_login;

pub use dpop::{DpopArgs, DpopConfig};
pub use problems::{Problem, Problems, Warnings};
pub use read::{flag, folder, given, list, number, seconds, state_folder};
pub use resource_server::{JwksLocation, ResourceServerArgs, ResourceServerConfig};
pub use revocation::RevocationArgs;
pub use secret::secret_or_file;
pub use service_args::{LogConfig, LogFormat, ServiceArgs, ServiceConfig, ServiceIdentity};
pub use traces::TraceConfig;
pub use url::{ExternalUrl, UrlFault, http_url, origin};
pub use web_login::{WebLoginArgs, WebLoginConfig, wrong as wrong_web_secret};
