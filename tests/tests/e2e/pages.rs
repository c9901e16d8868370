//! The vault's pages in a real Chromium through nginx, signed in with loop-auth: in both languages, wide and narrow, light and
//! dark, by keyboard and on paper (`tests/browser/signed.mjs`); and what restarts do to whoever is signed in.

use loop_testkit::{Browser, Decision, Outcome, Walk};
use url::Url;

use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::top;

const PAGES: &str = "/,/?q=%EA%B2%B0%EC%A0%9C,/?q=nothing-like-this,/view/note/50_Projects/prj-sori-beta/prj-sori-beta.md,\
/view/note/90_Reference/Release%20runbook.md,/view/board,/view/board?project=prj-sori-beta,/view/lint";

#[test]
fn people_read_the_vault_in_chromium() {
    let Some(walk) = Walk::of(top().join("tests/browser/signed.mjs")) else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let seen = walk
        .with("url", &stack.url)
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .with("pages", PAGES)
        .with("name", "vault")
        .seen(stack.folder());
    assert_eq!(
        seen.len(),
        4 * (PAGES.split(',').count() + 1),
        "four looks at each page"
    );
}

/// The status of the first page with what the browser holds.
async fn first_page(browser: &Browser, url: &Url) -> u16 {
    browser.get(url).await.status().as_u16()
}

#[test]
fn whoever_reads_the_vault_stays_signed_in_over_restarts_and_leaves_by_the_button() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let home = Url::parse(&format!("{}/", stack.url)).expect("a URL");
        let browser = Browser::new();
        let person = (ADMIN.0, ADMIN.1);
        let page = browser
            .authorize_to(&home, None, person, Decision::Allow)
            .await;
        let Outcome::Page { status, html, .. } = page else {
            panic!("no page");
        };
        assert_eq!(status, 200, "{html}");
        assert!(html.contains("signin/out"), "{html}");
        stack.api.restart();
        assert_eq!(
            first_page(&browser, &home).await,
            200,
            "public-api came back"
        );
        stack.auth().restart();
        assert_eq!(
            first_page(&browser, &home).await,
            200,
            "loop-auth came back"
        );
        let forms = loop_testkit::html::forms(&html);
        let out = forms
            .iter()
            .find(|form| form.action.ends_with("signin/out"));
        let answer = browser.submit(&home, out.expect("a button"), None).await;
        let next = answer.headers()["location"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(next.contains("/oauth/logout?id_token_hint="), "{next}");
        let bye = browser.get(&Url::parse(&next).expect("a URL")).await;
        let place = bye.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(
            place,
            format!("{}/signin/bye", stack.url),
            "the login at loop-auth ended too"
        );
        assert_eq!(first_page(&browser, &home).await, 303);
    });
}
