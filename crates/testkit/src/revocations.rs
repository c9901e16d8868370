//! The revocation list of a [`TestIssuer`]: signed, conditional, and as wrong as a test wants it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::issuer::{State, TestIssuer};
use crate::tokens::TokenSpec;

/// What `/oauth/revocations` answers.
#[derive(Clone, Debug)]
pub(crate) struct ListAnswer {
    status: u16,
    body: Arc<str>,
    etag: Option<String>,
}

impl Default for ListAnswer {
    /// An issuer that has no such list.
    fn default() -> Self {
        Self {
            status: 404,
            body: "".into(),
            etag: None,
        }
    }
}

impl TestIssuer {
    /// Where its revocation list is; 404 until something is published.
    pub fn revocation_url(&self) -> String {
        format!("{}/oauth/revocations", self.url())
    }

    /// A list that can still be changed; sign it with [`TestIssuer::signing_key`].
    pub fn revocations(&self, sids: &[&str], now: DateTime<Utc>) -> TokenSpec {
        let iat = now.timestamp();
        TokenSpec {
            header: json!({ "alg": "RS256", "typ": "revocations+jwt" }),
            claims: json!({ "iss": self.url(), "iat": iat, "exp": iat + 120, "sids": sids }),
        }
    }

    /// Publishes a good list with an `ETag` that depends on `sids`.
    pub fn revoke(&self, sids: &[&str], now: DateTime<Utc>) {
        let list = self.revocations(sids, now).sign(self.signing_key());
        self.answer_revocations_with(200, list, Some(&format!("\"{}\"", sids.join("."))));
    }

    /// Answers anything instead of a list; 304 to whoever names `etag`.
    pub fn answer_revocations_with(
        &self,
        status: u16,
        body: impl Into<String>,
        etag: Option<&str>,
    ) {
        let answer = ListAnswer {
            status,
            body: body.into().into(),
            etag: etag.map(str::to_owned),
        };
        *self.state.list.lock().expect("the issuer works") = answer;
    }

    /// The `If-None-Match` of every look at the list so far, `""` where there was none.
    pub fn revocation_looks(&self) -> Vec<String> {
        self.state.looks.lock().expect("the issuer works").clone()
    }
}

pub(crate) async fn serve(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let named = request.headers().get(IF_NONE_MATCH);
    let named = named.map_or("", |value| value.to_str().expect("text"));
    state
        .looks
        .lock()
        .expect("the issuer works")
        .push(named.to_owned());
    let answer = state.list.lock().expect("the issuer works").clone();
    let status = StatusCode::from_u16(answer.status).expect("a status");
    if answer.etag.as_deref() == Some(named) {
        return HttpResponse::NotModified().finish();
    }
    let mut response = HttpResponse::build(status);
    if let Some(etag) = answer.etag {
        response.insert_header((ETAG, etag));
    }
    response
        .content_type("application/revocations+jwt")
        .body(answer.body.to_string())
}

impl TokenSpec {
    /// The same list with as many `count` grants.
    #[must_use]
    pub fn with_many(self, count: usize) -> Self {
        let sids: Vec<Value> = (0..count).map(|n| json!(format!("{n:036}"))).collect();
        self.claim("sids", sids)
    }
}
