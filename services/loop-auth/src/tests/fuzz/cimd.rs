//! Documents and keys of clients that describe themselves, as whoever owns the address would write them to do harm.
//!
//! The fetch itself, with its guard, is tested in `outbound`; here everything after it runs as it does in service: the
//! document is parsed, the client it makes is shown, pushed and authenticated.

use async_trait::async_trait;
use loop_oauth::{
    client_assertion::ASSERTION_TYPE,
    client_keys::PublicKeys,
    client_metadata_document::{
        ClientDocuments, Document, DocumentRules, DocumentUrl, NoDocument, Want,
    },
};
use loop_testkit::keys::{jwks, key};
use proptest::{collection::vec, prelude::*, sample};
use serde_json::{Map, Value, json};

use super::{
    super::{assertions::assertion_at, *},
    grammar::{Attempt, hostile, huge},
    jwt::{apply, work},
    register::{MEMBERS, json as any_json, redirect, words},
    target::{ISSUER, form_post, fuzz},
};

const ID: &str = "https://app.example/client";
const ERRORS: [&str; 6] = [
    "invalid_client",
    "invalid_client_metadata",
    "invalid_request",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
];

/// What every address answers: nothing is remembered, so each case meets what it wrote.
#[derive(Debug, Default)]
pub(super) struct Published(std::sync::Mutex<(Vec<u8>, Vec<u8>)>);

impl Published {
    fn publish(&self, document: Vec<u8>, keys: Vec<u8>) {
        *self.0.lock().unwrap() = (document, keys);
    }

    fn read(&self, url: &DocumentUrl) -> Result<Arc<Document>, NoDocument> {
        let body = self.0.lock().unwrap().0.clone();
        let document = Document::parse(url, &body, &DocumentRules::default())?;
        Ok(Arc::new(document))
    }
}

#[async_trait]
impl ClientDocuments for Published {
    async fn document(&self, url: &DocumentUrl, _: Want) -> Result<Arc<Document>, NoDocument> {
        self.read(url)
    }

    fn at_hand(&self, url: &DocumentUrl) -> Option<Arc<Document>> {
        self.read(url).ok()
    }

    async fn keys(&self, _: &DocumentUrl, _: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        let body = self.0.lock().unwrap().1.clone();
        Ok(Arc::new(PublicKeys::parse(&body)?))
    }
}

/// The address that the client says is its own, and what its document says.
fn id() -> impl Strategy<Value = String> {
    let tail = sample::select(vec![
        "",
        "/",
        "?",
        "#",
        "@evil.example/",
        "%2e%2e/",
        "/../x",
        ":444/",
        "\\",
        "?a=b",
    ]);
    prop_oneof![
        12 => Just(ID.to_owned()),
        2 => tail.prop_map(|tail| format!("{ID}{tail}")),
        1 => words().prop_map(|more| format!("{ID}{more}")),
        1 => sample::select(vec![
            "https://127.0.0.1/client",
            "https://[::1]/client",
            "https://2130706433/client",
            "http://app.example/client",
            "https://app.example",
            "https://user:pass@app.example/client",
        ]).prop_map(str::to_owned),
    ]
}

fn document() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        3 => Just(json!("none")),
        3 => Just(json!("private_key_jwt")),
        1 => Just(json!("client_secret_basic")),
        1 => any_json(),
    ];
    let methods = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!(["none", "private_key_jwt"]))),
        1 => any_json().prop_map(Some),
    ];
    let keys = prop_oneof![
        2 => Just(json!("https://app.example/keys")),
        1 => any_json(),
    ];
    let other = (sample::select(MEMBERS.to_vec()), any_json());
    (
        id(),
        vec(redirect(), 0..4),
        words(),
        method,
        methods,
        keys,
        vec(other, 0..3),
    )
        .prop_map(|(id, redirects, name, method, methods, keys, others)| {
            let mut body = Map::new();
            body.extend(
                others
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value)),
            );
            body.insert("client_id".to_owned(), json!(id));
            body.insert("client_name".to_owned(), json!(name));
            body.insert("redirect_uris".to_owned(), json!(redirects));
            body.insert("token_endpoint_auth_method".to_owned(), method);
            if let Some(methods) = methods {
                body.insert("token_endpoint_auth_methods_supported".to_owned(), methods);
            }
            body.insert("jwks_uri".to_owned(), keys);
            Value::Object(body).to_string().into_bytes()
        })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let spliced =
        (document(), any::<sample::Index>(), hostile()).prop_map(|(mut body, at, more)| {
            let at = at.index(body.len());
            body.splice(at..at, more);
            body
        });
    let deep = (1_usize..5_000, sample::select(vec!["[", "{\"client_id\":"]))
        .prop_map(|(depth, open)| open.repeat(depth).into_bytes());
    prop_oneof![12 => document(), 2 => spliced, 1 => deep, 1 => huge()]
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    let real = || jwks(&[key(0)]).to_string().into_bytes();
    let spliced = (any::<sample::Index>(), hostile()).prop_map(move |(at, more)| {
        let mut body = real();
        let at = at.index(body.len());
        body.splice(at..at, more);
        body
    });
    let other = any_json().prop_map(|keys| json!({ "keys": keys }).to_string().into_bytes());
    prop_oneof![4 => Just(real()), 2 => spliced, 2 => other, 1 => hostile()]
}

fn query(id: &str, redirect: &str) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", id)
        .append_pair("redirect_uri", redirect)
        .append_pair("code_challenge", &challenge())
        .append_pair("code_challenge_method", "S256")
        .finish()
        .into_bytes()
}

#[test]
fn a_document_is_taken_or_refused_and_its_consent_page_is_harmless() {
    let case = (body(), id(), redirect(), any::<[bool; 3]>());
    fuzz(
        &case,
        async |target, (document, id, redirect, [own, first, push])| {
            // Mostly what the document itself says, so that it gets somewhere.
            let said: Value = serde_json::from_slice(&document).unwrap_or_default();
            let id = said["client_id"]
                .as_str()
                .filter(|_| own)
                .map_or(id, str::to_owned);
            let one = said["redirect_uris"][0].as_str().filter(|_| first);
            let redirect = one.map_or(redirect, str::to_owned);
            target.published.publish(document, Vec::new());
            // Somebody is signed in from the first case on.
            target.fresh().await;
            let page = Attempt {
                method: "GET",
                path: "/authorize",
                query: query(&id, &redirect),
                headers: vec![("cookie", target.cookie().into_bytes())],
                body: Vec::new(),
            };
            let Some(reply) = target.attempt(&page).await else {
                return;
            };
            match reply.status.as_u16() {
                200 | 400 => assert_eq!(reply.header("location"), ""),
                // Only ever to what the document itself names, and never for an address that is none.
                302 => assert!(
                    reply
                        .header("location")
                        .starts_with(redirect.split(['?', '#']).next().unwrap()),
                    "{page:?}"
                ),
                status => panic!("{status} for {page:?}"),
            }
            if push {
                let form = form_post("/par", query(&id, &redirect));
                let reply = target.attempt(&form).await.expect("a reply");
                match reply.status.as_u16() {
                    201 => assert!(text(&reply.json(), "request_uri").starts_with("urn:")),
                    400 | 401 | 413 => reply.oauth_error(&ERRORS),
                    status => panic!("{status} for {form:?}"),
                }
            }
        },
    );
}

#[test]
fn an_assertion_proves_nothing_under_keys_that_were_worked_on() {
    let case = (keys(), vec(work(), 0..3));
    fuzz(&case, async |target, (keys, all)| {
        let document = json!({
            "client_id": ID,
            "client_name": "Described",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://app.example/keys",
        });
        target
            .published
            .publish(document.to_string().into_bytes(), keys);
        let good = assertion_at(ISSUER, target.now(), ID, key(0));
        let sent = apply(&good, all);
        let mut form = query(ID, REDIRECT);
        form.extend(b"&client_assertion_type=");
        form.extend(
            url::form_urlencoded::byte_serialize(ASSERTION_TYPE.as_bytes()).flat_map(str::bytes),
        );
        form.extend(b"&client_assertion=");
        form.extend(url::form_urlencoded::byte_serialize(&sent).flat_map(str::bytes));
        let attempt = form_post("/par", form);
        let reply = target.attempt(&attempt).await.expect("a reply");
        match reply.status.as_u16() {
            201 => assert_eq!(sent, good.as_bytes(), "{attempt:?}"),
            400 | 401 | 413 => reply.oauth_error(&ERRORS),
            status => panic!("{status} for {attempt:?}"),
        }
    });
}
