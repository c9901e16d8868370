//! `/account/totp` and `/account/recovery`: an authenticator app and recovery codes.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::{
    account::PasswordChangeError,
    login::PasswordError,
    second_step::{
        enrol::{self, EnrolError},
        recovery::RecoveryCodes,
        totp::TotpSecret,
    },
};
use qrcode::{Color, EcLevel, QrCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{
    Away, SECURITY, done, frame, posted, security,
    security::{Problem, to_page},
    signed_in,
};
use crate::{
    app::App,
    extract::{form::PageForm, session::Current},
    pages::account::{
        Done, PasswordProblem,
        totp::{CodesPage, TotpPage, TotpProblem},
    },
    respond::{
        authorize_error::Refusal,
        page::{self, Forms},
    },
};

/// Modules of light around a QR code (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// `GET /account/totp`: the secret that waits for its first code.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let shown = async {
        let current = signed_in(&app, &request, SECURITY).await?;
        show(&app, &request, &current, None).await
    };
    shown
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/totp/begin`: makes one.
pub(crate) async fn begin(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let begun = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let (session, user) = &current.who;
        match enrol::begin(&app.cx(), &*app.seals, (session, user)).await {
            Ok(()) => Ok(to_page(&app, "/account/totp")),
            Err(error) => refused(&app, error),
        }
    };
    begun
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/totp/confirm`: the first code.
pub(crate) async fn confirm(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let confirmed = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let (cx, (session, user)) = (app.cx(), &current.who);
        let typed = form.0.get("code").unwrap_or_default();
        match enrol::confirm_first(&cx, &*app.seals, (session, user), typed).await {
            Ok(codes) => codes_page(&app, &request, &current, &codes),
            Err(EnrolError::Wrong) => {
                show(&app, &request, &current, Some(TotpProblem::Wrong)).await
            }
            Err(EnrolError::TooMany(_)) => {
                show(&app, &request, &current, Some(TotpProblem::TooMany)).await
            }
            Err(error) => refused(&app, error),
        }
    };
    confirmed
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/recovery/renew`: new recovery codes.
pub(crate) async fn renew(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let renewed = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let (session, user) = &current.who;
        match enrol::renew_codes(&app.cx(), (session, user)).await {
            Ok(codes) => codes_page(&app, &request, &current, &codes),
            Err(error) => refused(&app, error),
        }
    };
    renewed
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/totp/remove`: asks for the password.
pub(crate) async fn remove(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let removed = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let password = SecretString::from(form.0.get("password").unwrap_or_default());
        let cx = app.cx();
        let removed = enrol::remove(&cx, &*app.passwords, &current.who.1, password);
        let problem = match removed.await {
            Ok(()) => return Ok(done(&app, SECURITY, Done::TotpRemoved)),
            Err(EnrolError::Password(PasswordChangeError::Wrong)) => PasswordProblem::Wrong,
            Err(EnrolError::Password(PasswordChangeError::TooMany(_))) => PasswordProblem::TooMany,
            Err(EnrolError::Password(PasswordChangeError::Password(PasswordError::Busy))) => {
                PasswordProblem::Busy
            }
            Err(error) => return refused(&app, error),
        };
        security::show(&app, &request, &current, Problem::Removal(problem)).await
    };
    removed
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// What is too late or too old leads to the page that says how things stand.
fn refused(app: &App, error: EnrolError) -> Result<HttpResponse, Away> {
    match error {
        EnrolError::Old | EnrolError::Nothing | EnrolError::Wrong | EnrolError::TooMany(_) => {
            Ok(to_page(app, SECURITY))
        }
        EnrolError::Store(error) => Err(error.into()),
        EnrolError::Password(_) | EnrolError::Seal(_) | EnrolError::Entropy(_) => {
            tracing::error!(%error, "an authenticator app was not changed");
            Err(Refusal::Broken.into())
        }
    }
}

async fn show(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    problem: Option<TotpProblem>,
) -> Result<HttpResponse, Away> {
    let (cx, (session, user)) = (app.cx(), &current.who);
    let secret = match enrol::waiting(&cx, &*app.seals, (session, user)).await {
        Ok(Some(secret)) => secret,
        Ok(None) => return Ok(to_page(app, SECURITY)),
        Err(error) => return refused(app, error),
    };
    let uri = uri(&app.rules.issuer.to_string(), &current.account(), &secret);
    let (side, path) = uri.and_then(|uri| drawn(&uri)).ok_or(Refusal::Broken)?;
    let shown = TotpPage {
        frame: frame(request, current)?,
        tab: "security",
        key: grouped(&secret.base32()),
        side,
        path,
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(TotpProblem::Wrong) => StatusCode::BAD_REQUEST,
        Some(TotpProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
    };
    Ok(page::show(app, request, status, &shown, Forms::Here))
}

fn codes_page(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    codes: &RecoveryCodes,
) -> Result<HttpResponse, Away> {
    let all = codes.0.iter().map(|code| code.expose_secret().to_owned());
    let shown = CodesPage {
        frame: frame(request, current)?,
        tab: "security",
        codes: all.collect(),
    };
    Ok(page::show(
        app,
        request,
        StatusCode::OK,
        &shown,
        Forms::Here,
    ))
}

/// The key URI that apps scan: `otpauth://totp/host:account?secret=…&issuer=host`; defaults are left out, since some apps refuse them.
fn uri(issuer: &str, account: &str, secret: &TotpSecret) -> Option<String> {
    let site = Url::parse(issuer).ok()?;
    let host = site.host_str()?;
    let mut uri = Url::parse("otpauth://totp/").ok()?;
    uri.path_segments_mut()
        .ok()?
        .push(&format!("{host}:{account}"));
    uri.query_pairs_mut()
        .append_pair("secret", &secret.base32())
        .append_pair("issuer", host);
    Some(uri.into())
}

/// A text as a QR code: its side with the quiet zone, and its dark modules as an SVG path.
fn drawn(text: &str) -> Option<(usize, String)> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, long) = (x + QUIET, y + QUIET, run.len());
                let _ = write!(path, "M{left} {top}h{long}v1h-{long}z");
            }
            x += run.len();
        }
    }
    Some((width + 2 * QUIET, path))
}

/// Groups of four, so that people can type them.
fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups = letters
        .chunks(4)
        .map(|four| four.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_uri_is_that_which_apps_scan() {
        let secret = TotpSecret(*b"12345678901234567890");
        assert_eq!(
            uri("https://login.example:8443/a", "kim+a@example.com", &secret).unwrap(),
            "otpauth://totp/login.example:kim+a@example.com?\
             secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=login.example"
        );
        let odd = uri("https://x", "김/?#&@example.com", &secret).unwrap();
        assert!(odd.starts_with("otpauth://totp/x:%EA%B9%80%2F%3F%23&@example.com?secret="));
        assert_eq!(grouped("ABCDEFGHI"), "ABCD EFGH I");
    }

    #[test]
    fn a_drawing_has_every_dark_module_and_a_quiet_zone() {
        let (side, path) = drawn("otpauth://totp/x").unwrap();
        let code = QrCode::with_error_correction_level("otpauth://totp/x", EcLevel::M).unwrap();
        assert_eq!(side, code.width() + 8);
        let dark = code
            .to_colors()
            .iter()
            .filter(|c| **c == Color::Dark)
            .count();
        let drawn: usize = path
            .split('h')
            .filter_map(|part| part.split_once("v1").map(|(long, _)| long))
            .map(|long| long.parse::<usize>().unwrap())
            .sum();
        assert_eq!(drawn, dark);
        assert!(path.starts_with("M4 4h7v1h-7z"), "a finder pattern: {path}");
        let plain = |c: char| c.is_ascii_digit() || "Mhvz -".contains(c);
        assert!(path.chars().all(plain));
    }
}
