//! The templates, compiled in.

/// A template with its name, which is its file's.
macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("../../templates/", $name)))
    };
}

/// Every template: name, text.
pub(super) const ALL: [(&str, &str); 19] = [
    template!("account.html"),
    template!("account_codes.html"),
    template!("account_nav.html"),
    template!("account_second.html"),
    template!("account_security.html"),
    template!("account_totp.html"),
    template!("base.html"),
    template!("consent.html"),
    template!("device.html"),
    template!("device_consent.html"),
    template!("device_done.html"),
    template!("error.html"),
    template!("federation.html"),
    template!("home.html"),
    template!("identities.html"),
    template!("logged_out.html"),
    template!("login.html"),
    template!("logout.html"),
    template!("second_step.html"),
];
