//! The templates, compiled in.

/// A template with its name, which is its file's.
macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("../../templates/", $name)))
    };
}

/// Every template: name, text.
pub(super) const ALL: [(&str, &str); 30] = [
    template!("account.html"),
    template!("account_codes.html"),
    template!("account_nav.html"),
    template!("account_passkeys.html"),
    template!("account_second.html"),
    template!("account_security.html"),
    template!("account_totp.html"),
    template!("admin_confirm.html"),
    template!("admin_detail.html"),
    template!("admin_invite.html"),
    template!("admin_link.html"),
    template!("admin_list.html"),
    template!("admin_nav.html"),
    template!("admin_rows.html"),
    template!("admin_value.html"),
    template!("base.html"),
    template!("consent.html"),
    template!("device.html"),
    template!("device_consent.html"),
    template!("device_done.html"),
    template!("error.html"),
    template!("federation.html"),
    template!("home.html"),
    template!("identities.html"),
    template!("invitation.html"),
    template!("logged_out.html"),
    template!("login.html"),
    template!("logout.html"),
    template!("passkey.html"),
    template!("second_step.html"),
];
