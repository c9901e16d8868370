//! The pages' login against a provider on a real socket: what works, and every way in which somebody else gets in.

mod attacks;
mod forged;
mod lasting;
mod leaving;
mod signing_in;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use loop_testkit::{Browser, InProcess, MockClock, OpenId, TestIssuer, fixed_now};
use reqwest::Response;
use reqwest::header::LOCATION;
use secrecy::SecretString;
use url::Url;

use super::{Site, Visitor, WebLogin, gate, routes};
use crate::auth::jwks::{JwksSettings, JwksSource};
use crate::auth::revocation::Revocations;
use crate::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use crate::auth::{Scope, Scopes};
use crate::service::config::{Problems, WebLoginArgs, WebLoginConfig};
use crate::service::{
    ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig, ServiceIdentity,
};
use crate::web::Phrase;

const RESOURCE: &str = "http://loop.test/mcp";
pub(super) const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

/// A site with its provider and its clock.
pub(super) struct TestSite {
    pub(super) issuer: TestIssuer,
    pub(super) clock: MockClock,
    pub(super) revocations: Arc<Revocations>,
    running: InProcess,
}

/// What may differ.
#[derive(Default)]
pub(super) struct Setup {
    pub(super) state: Option<std::path::PathBuf>,
    pub(super) https: bool,
    pub(super) no_secret: bool,
}

impl TestSite {
    pub(super) fn start() -> Self {
        Self::with(&Setup::default())
    }

    pub(super) fn with(setup: &Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if setup.https { "https" } else { "http" };
        let external = format!("{scheme}://{}", listener.local_addr().unwrap());
        let issuer = TestIssuer::start();
        issuer.openid(OpenId::default());
        Self::over(
            issuer,
            MockClock::at(fixed_now()),
            (listener, &external),
            setup,
        )
    }

    /// The same site, started anew, at another port.
    pub(super) fn restarted(self, setup: &Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let external = format!("http://{}", listener.local_addr().unwrap());
        Self::over(self.issuer, self.clock, (listener, &external), setup)
    }

    fn over(
        issuer: TestIssuer,
        clock: MockClock,
        (listener, external): (TcpListener, &str),
        setup: &Setup,
    ) -> Self {
        let (service, tokens, web) = settings(&issuer, external, setup);
        let keys = Url::parse(&issuer.jwks_url()).unwrap();
        let keys = JwksSource::http(keys, JwksSettings::default()).unwrap();
        let list = tokens.revocation.clone().unwrap();
        let list = Revocations::new(list, issuer.url(), keys.clone()).unwrap();
        let revocations = Arc::new(list);
        let verifying = VerifierConfig {
            issuer: issuer.url(),
            audience: RESOURCE.to_owned(),
            leeway: DEFAULT_LEEWAY,
        };
        let verifier = Verifier::new(verifying, keys).with_revocations(Arc::clone(&revocations));
        let now = Arc::new(clock.as_fn());
        let login = WebLogin::open(SITE, &web, (&service, &tokens), Arc::new(verifier), now);
        let running = serve(login.unwrap(), listener);
        Self {
            issuer,
            clock,
            revocations,
            running,
        }
    }

    pub(super) fn at(&self, path: &str) -> Url {
        Url::parse(&self.running.url(path)).unwrap()
    }

    /// Follows redirects from `path` until there is a page.
    pub(super) async fn visit(&self, browser: &Browser, path: &str) -> (Url, Response) {
        let mut url = self.at(path);
        for _ in 0..10 {
            let response = browser.get(&url).await;
            let Some(next) = location(&response) else {
                return (url, response);
            };
            url = url.join(&next).unwrap();
        }
        panic!("{path} never ends");
    }

    /// A browser that is signed in, and its CSRF token.
    pub(super) async fn signed_in(&self) -> (Browser, String) {
        let browser = Browser::new();
        let (url, response) = self.visit(&browser, "/app/").await;
        assert_eq!((url.path(), response.status().as_u16()), ("/app/", 200));
        let text = response.text().await.unwrap();
        (browser, text.rsplit(' ').next().unwrap().to_owned())
    }

    /// Whether a browser sees the page without signing in again.
    pub(super) async fn is_in(&self, browser: &Browser) -> bool {
        browser.get(&self.at("/app/")).await.status() == 200
    }

    /// Posts a form with a browser's cookies.
    pub(super) async fn post(
        &self,
        browser: &Browser,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let form = loop_testkit::html::Form {
            method: "post".to_owned(),
            action: path.to_owned(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            buttons: Vec::new(),
        };
        browser.submit(&self.at("/app/"), &form, None).await
    }
}

const SITE: Site = Site {
    name: "test",
    title: Phrase::new("site", "Test site", "시험 사이트"),
    path: "/app/",
    scopes: Scopes::of(&[Scope::McpRead]),
};

fn settings(
    issuer: &TestIssuer,
    external: &str,
    setup: &Setup,
) -> (ServiceConfig, ResourceServerConfig, WebLoginConfig) {
    let mut problems = Problems::new();
    let identity = ServiceIdentity {
        name: "site",
        version: "1",
        default_port: 1,
    };
    let service = ServiceArgs {
        external_url: Some(external.to_owned()),
        ..ServiceArgs::default()
    };
    let service = service.resolve(identity, &mut problems);
    let tokens = ResourceServerArgs {
        issuer: Some(issuer.url()),
        resource: Some(RESOURCE.to_owned()),
        ..ResourceServerArgs::default()
    };
    let tokens = tokens.resolve(&service, "/mcp", &mut problems);
    let web = WebLoginArgs {
        web_secret: (!setup.no_secret).then(|| SecretString::from(SECRET)),
        web_state_dir: setup.state.clone(),
        ..WebLoginArgs::default()
    };
    let web = web.resolve(&mut problems);
    assert!(problems.is_empty(), "{problems}");
    (service, tokens, web)
}

fn serve(shared: WebLogin, listener: TcpListener) -> InProcess {
    InProcess::listening(listener, move |listener| {
        let server = HttpServer::new(move || {
            let login = shared.clone();
            let gate = from_fn(move |request, next| gate(login.clone(), request, next));
            let pages = web::scope("/app")
                .route("/", web::get().to(page))
                .route("/deep/{x}", web::get().to(page))
                .route("/deep/{x}", web::post().to(page));
            App::new()
                .configure(|config| routes(&shared, config))
                .service(pages.wrap(gate))
        });
        let server = server.workers(1).disable_signals();
        server.listen(listener).unwrap().run()
    })
}

pub(super) fn location(response: &Response) -> Option<String> {
    let value = response.headers().get(LOCATION)?;
    Some(value.to_str().unwrap().to_owned())
}

async fn page(visitor: Visitor) -> String {
    let shell = visitor.shell(Vec::new());
    format!(
        "{} {} {}",
        shell.account,
        visitor.principal().scopes,
        shell.csrf
    )
}
