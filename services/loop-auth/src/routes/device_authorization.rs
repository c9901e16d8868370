//! `POST /device_authorization` (RFC 8628 §3.1): a device asks for its codes.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use loop_oauth::device::{self, Begun, DeviceForm, DeviceRefused};
use serde_json::{Value, json};

use crate::{
    app::App,
    extract::{client_auth, form::OauthForm, return_to::encode},
    respond::{json, token_error::Refused},
};

/// `POST /device_authorization`.
///
/// # Errors
/// [`Refused`] renders RFC 6749 §5.2.
pub(crate) async fn begin(
    app: Data<App>,
    request: HttpRequest,
    form: OauthForm,
) -> Result<HttpResponse, Refused> {
    let cx = app.cx();
    let client = client_auth::client(&cx, &request, &form.0).await?;
    let asked = DeviceForm::read(form.0.as_slice())?;
    let address = app.proxies.caller(&request);
    match device::begin(&cx, &client, &asked, address).await {
        Ok(begun) => {
            let answer = document(cx.rules.issuer.as_str(), &begun);
            Ok(json::no_store(StatusCode::OK, &answer))
        }
        Err(DeviceRefused::Token(error)) => Err(error.into()),
        Err(DeviceRefused::TooMany(wait)) => {
            tracing::info!("a device was told to come back later");
            let words = "Too many devices are asking. Come back later.";
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = json::error(status, "temporarily_unavailable", words);
            let seconds = header::HeaderValue::from(wait.seconds());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
            Ok(response)
        }
    }
}

/// RFC 8628 §3.2.
fn document(issuer: &str, begun: &Begun) -> Value {
    let page = format!("{issuer}/oauth/device");
    let code = begun.user_code.display();
    let query = encode(&[("user_code".to_owned(), code.clone())]);
    json!({
        "device_code": begun.device_code.expose(),
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?{query}"),
        "expires_in": begun.expires_in,
        "interval": begun.interval,
    })
}
