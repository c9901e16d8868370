//! The settings of devices without a browser.
//!
//! In: clap arguments as text. Out: [`DeviceRules`], or every mistake noted.

use chrono::TimeDelta;
use clap::Args;
use loop_oauth::device::DeviceRules;
use loop_shared::service::config::{Problems, seconds};

/// Flags and variables of devices.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Devices")]
pub struct DeviceArgs {
    /// Seconds that the codes of a device may be used [default: 600]
    #[arg(long, env = "DEVICE_CODE_TTL_SECONDS", value_name = "SECONDS")]
    pub device_code_ttl_seconds: Option<String>,
}

impl DeviceArgs {
    /// Checks the setting, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> DeviceRules {
        let text = self.device_code_ttl_seconds.as_deref();
        let ttl = seconds("DEVICE_CODE_TTL_SECONDS", text, 60..=1_800, 600, problems);
        DeviceRules::new(TimeDelta::from_std(ttl).unwrap_or_default())
    }
}
