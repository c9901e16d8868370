//! The day someone leaves: one click of an administrator, through nginx, and every door is shut. The seconds are printed.

use std::time::{Duration, Instant};

use loop_testkit::{Browser, Passkey, html::forms};
use url::Url;

use crate::support::oauth::{Client, code_at, http, read};
use crate::support::stack::{ADMIN, Stack};

/// One look at the list (5 s), and a second for everything else.
const SECONDS: Duration = Duration::from_secs(6);
const LEAVER: &str = "leaver@example.com";
const PASSWORD: &str = "a password of long ago";

fn add_user(stack: &Stack) {
    let file = stack.file("leaver.password");
    std::fs::write(&file, PASSWORD).expect("a password file");
    let file = file.display().to_string();
    let add = [
        "user",
        "add",
        LEAVER,
        "--roles",
        "exec",
        "--password-file",
        &file,
    ];
    stack.loop_auth(&add);
}

pub(crate) async fn log_in(stack: &Stack, (email, password): (&str, &str)) -> Browser {
    let browser = Browser::new();
    let page = url(stack, "/oauth/login");
    let html = browser.get(&page).await.text().await.expect("a page");
    let mut form = forms(&html).remove(0);
    form.set("email", email);
    form.set("password", password);
    let entered = browser.submit(&page, &form, None).await;
    assert_eq!(entered.status(), 303, "{email} logs in");
    browser
}

fn url(stack: &Stack, path: &str) -> Url {
    format!("{}{path}", stack.url).parse().expect("a URL")
}

/// Adds a passkey of a new device to the account of this browser.
async fn add_passkey(stack: &Stack, browser: &Browser) -> Passkey {
    let mut device = Passkey::new(&stack.url);
    let page = url(stack, "/account/security");
    let html = browser.get(&page).await.text().await.expect("a page");
    let all = forms(&html).into_iter();
    let mut form = { all }
        .find(|it| it.action == "/account/passkeys/add")
        .expect("a form");
    let begin = "/account/passkeys/begin";
    let made = |options: &serde_json::Value| device.create(options);
    browser.answer(&page, &mut form, begin, made).await;
    let added = browser.submit(&page, &form, None).await;
    assert_eq!(added.status(), 303, "the passkey is added");
    device
}

/// Signs in with a passkey in a new browser; the status.
async fn by_passkey(stack: &Stack, device: &mut Passkey) -> u16 {
    let browser = Browser::new();
    let page = url(stack, "/oauth/login");
    let html = browser.get(&page).await.text().await.expect("a page");
    let all = forms(&html).into_iter();
    let mut form = { all }
        .find(|it| it.action == "/oauth/passkey")
        .expect("a form");
    let begin = "/oauth/passkey/begin";
    let sign = |options: &serde_json::Value| device.sign(options);
    browser.answer(&page, &mut form, begin, sign).await;
    browser.submit(&page, &form, None).await.status().as_u16()
}

/// Asks on one page, and says yes there.
async fn yes(browser: &Browser, page: &Url) -> String {
    let html = browser.get(page).await.text().await.expect("a page");
    let form = forms(&html).into_iter().find(|form| form.method == "post");
    let form = form.unwrap_or_else(|| panic!("nothing to confirm: {html}"));
    let answer = browser.submit(page, &form, None).await;
    assert_eq!(answer.status(), 303, "{page}");
    html
}

/// The doors of both APIs: a resource, a scope, a call.
fn apis(stack: &Stack) -> Vec<(String, &'static str, String)> {
    let mut doors = vec![(stack.mcp(), "mcp:read", format!("{}/api/stats", stack.url))];
    // private:begin
    if stack.exec.is_some() {
        doors.push((stack.exec_mcp(), "mcp:exec", stack.exec_mcp()));
    }
    // private:end
    doors
}

async fn status(url: &str, token: &str) -> u16 {
    read(http().get(url).bearer_auth(token)).await.status
}

/// Waits until `url` refuses the token; how long after `since` that was.
async fn shut(url: &str, token: &str, since: Instant) -> Duration {
    loop {
        if status(url, token).await == 401 {
            return since.elapsed();
        }
        let waited = since.elapsed();
        assert!(waited < SECONDS, "{url} is still open after {waited:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one day, told in order")]
fn one_click_of_an_administrator_shuts_every_door_within_seconds() {
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        add_user(&stack);
        let client = Client::register(&stack).await;
        let mut tokens = Vec::new();
        for (resource, scope, url) in apis(&stack) {
            let code = client.code_for(LEAVER, PASSWORD, &resource, scope).await;
            let answer = client.exchange(&code).await;
            let access = answer.text("access_token");
            assert_ne!(status(&url, &access).await, 401, "{url} is open at first");
            tokens.push((url, access, answer.text("refresh_token")));
        }
        let asking = client.identity_url("openid email");
        let identity = code_at(&asking, LEAVER, PASSWORD).await;
        let identity = client.exchange(&identity).await.text("access_token");
        let userinfo = format!("{}/userinfo", stack.url);
        assert_eq!(status(&userinfo, &identity).await, 200);
        let unused = client
            .code_for(LEAVER, PASSWORD, &stack.mcp(), "mcp:read")
            .await;
        let leaver = log_in(&stack, (LEAVER, PASSWORD)).await;
        let home = url(&stack, "/oauth/");
        let page = async || leaver.get(&home).await.text().await.expect("a page");
        assert!(page().await.contains(LEAVER));
        let mut device = add_passkey(&stack, &leaver).await;
        assert_eq!(by_passkey(&stack, &mut device).await, 303);

        // One search, one click, one yes.
        let admin = log_in(&stack, ADMIN).await;
        let found = admin.get(&url(&stack, "/admin/users?q=leaver")).await;
        let found = found.text().await.expect("a page");
        let at = found.find("/admin/user?id=").expect("the leaver is listed");
        let id = &found[at + "/admin/user?id=".len()..][..36];
        let question = url(&stack, &format!("/admin/confirm?act=disable&id={id}"));
        let asked = yes(&admin, &question).await;
        let since = Instant::now();
        assert!(asked.contains("within seconds"), "{asked}");

        // What this server itself answers, at once.
        assert!(!page().await.contains(LEAVER), "the browser session");
        for (_, _, refresh) in &tokens {
            let refused = client.refresh(refresh).await;
            assert_eq!(refused.status, 400, "a refresh");
            assert_eq!(refused.body["error"], "invalid_grant");
        }
        assert_eq!(status(&userinfo, &identity).await, 401, "userinfo");
        let redeemed = client.exchange(&unused).await;
        assert_eq!(redeemed.status, 400, "a code that was not redeemed yet");
        let login = url(&stack, "/oauth/login");
        let html = leaver.get(&login).await.text().await.expect("a page");
        let mut form = forms(&html).remove(0);
        form.set("email", LEAVER);
        form.set("password", PASSWORD);
        assert_eq!(
            leaver.submit(&login, &form, None).await.status(),
            400,
            "the password"
        );
        assert_eq!(by_passkey(&stack, &mut device).await, 400, "the passkey");
        let own = since.elapsed();
        // What the APIs know.
        for (url, access, _) in &tokens {
            let waited = shut(url, access, since).await;
            println!("door shut: {url} after {:.2} s", waited.as_secs_f64());
        }
        println!(
            "every door shut after {:.2} s (sessions, password, passkey, refresh, codes, userinfo: {:.2} s)",
            since.elapsed().as_secs_f64(),
            own.as_secs_f64()
        );
        let staying = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token");
        assert_eq!(
            status(&tokens[0].0, &staying).await,
            200,
            "nobody else notices"
        );
    });
}
