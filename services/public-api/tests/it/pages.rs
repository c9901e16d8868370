//! The vault for people: who sees it, what stands on a page, what a hostile note can do.

use std::path::Path;

use crate::harness::{Server, write};

const EVIL: &str = "<script>alert(1)</script>\" onload=\"x";

fn fill(vault: &Path) {
    let evil = EVIL.replace('"', "\\\"");
    for (path, text) in [
        ("projects/p1.md", "---\nentity_id: p1\nentity_type: project\nentity_name: 결제 개편\nstatus: doing\nupdated: 2026-01-03\n---\n# 결제\n\nSee [[t1]] and [[비밀]].".to_owned()),
        ("tasks/t1.md", "---\nentity_id: t1\nentity_type: task\nstatus: todo\nproject_id: p1\nassignee: Kim\ndue: 2026-02-01\nupdated: 2026-01-02\n---\nRollback of [[p1|the project]].".to_owned()),
        ("tasks/t2.md", "---\nentity_id: t2\nentity_type: task\nstatus: done\nproject_id: p1\n---\n롤백 끝.".to_owned()),
        ("secret.md", "---\nentity_id: 비밀\nentity_type: task\nstatus: todo\nproject_id: p1\nvisibility: private\nupdated: 2026-01-09\n---\n비밀의 롤백 [[p1]].".to_owned()),
        ("hostile.md", format!("---\nentity_id: \"{evil}\"\nentity_type: task\nentity_name: \"{evil}\"\nstatus: \"{evil}\"\nproject_id: p1\nassignee: \"{evil}\"\naliases: [\"{evil}\"]\ntags: [\"{evil}\"]\nupdated: 2026-01-04\n---\n{EVIL}\n\n<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) ![p](https://evil.example/p.png) [[p1|{EVIL}]] 롤백")),
        ("broken.md", "---\nentity_id: [\n---\nBroken.".to_owned()),
    ] {
        write(vault, path, &text);
    }
}

#[tokio::test]
async fn nobody_reads_the_vault_without_signing_in() {
    let server = Server::with_pages(fill);
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for path in [
        "/",
        "/?q=x",
        "/view/found?q=x",
        "/view/note/tasks/t1.md",
        "/view/board",
        "/view/lint",
        "/view/x",
    ] {
        let answer = http.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        let place = answer.headers()["location"].to_str().unwrap();
        assert!(
            place.starts_with("/signin?return_to=%2F"),
            "{path}: {place}"
        );
        let token = server.token("mcp:read");
        let answer = http
            .get(server.url(path))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303, "a token is no session: {path}");
    }
    // The API is as it was, and a session opens nothing of it.
    let browser = server.signed_in("member", "en").await;
    assert_eq!(server.page(&browser, "/api/search?q=x").await.0, 401);
    assert_eq!(server.page(&browser, "/api/healthz").await.0, 200);
}

#[tokio::test]
async fn people_find_read_and_go_on_from_note_to_note() {
    let server = Server::with_pages(fill);
    let browser = server.signed_in("member", "ko").await;
    let (_, html) = server.page(&browser, "/?q=%EB%A1%A4%EB%B0%B1").await;
    assert!(
        html.contains("<mark>롤백</mark>") && html.contains("/view/note/tasks/t2.md"),
        "{html}"
    );
    let (status, part) = server
        .page(&browser, "/view/found?q=%EB%A1%A4%EB%B0%B1")
        .await;
    assert!(
        status == 200 && part.contains("<mark>롤백</mark>") && !part.contains("<html"),
        "{part}"
    );
    let (_, html) = server.page(&browser, "/view/note/tasks/t1.md").await;
    assert!(
        html.contains("<a href=\"/view/note/projects/p1.md\">the project</a>"),
        "{html}"
    );
    assert!(html.contains("<dt>assignee</dt><dd>Kim</dd>"), "{html}");
    let (_, html) = server.page(&browser, "/view/note/projects/p1.md").await;
    assert!(html.contains("<h2 id=\"h-결제\">결제</h2>"), "{html}");
    assert!(
        html.contains("/view/note/tasks/t1.md") && html.contains("<svg class=\"graph\""),
        "{html}"
    );
    let (_, html) = server.page(&browser, "/view/board").await;
    assert!(html.contains("/view/board?project=p1"), "{html}");
    let (_, html) = server.page(&browser, "/view/board?project=p1").await;
    let (todo, done) = (html.find(">todo ").unwrap(), html.find(">done ").unwrap());
    assert!(todo < done && html.contains("2026-02-01"), "{html}");
    let (_, html) = server.page(&browser, "/view/lint").await;
    assert!(html.contains("broken.md"), "{html}");
}

#[tokio::test]
async fn a_private_note_is_on_no_page_of_whoever_may_not_read_it() {
    let server = Server::with_pages(fill);
    let paths = [
        "/",
        "/?q=%EB%A1%A4%EB%B0%B1",
        "/view/found?q=%EB%B9%84%EB%B0%80",
        "/view/note/projects/p1.md",
        "/view/board?project=p1",
        "/view/lint",
        "/view/note/secret.md",
    ];
    let member = server.signed_in("member", "en").await;
    for path in paths {
        let (status, html) = server.page(&member, path).await;
        assert!(
            !html.contains("secret.md") || status == 404,
            "{path}: {html}"
        );
        assert!(!html.contains("비밀의"), "{path}: {html}");
    }
    assert_eq!(server.page(&member, "/view/note/secret.md").await.0, 404);
    let exec = server.signed_in("exec", "en").await;
    assert_eq!(server.page(&exec, "/view/note/secret.md").await.0, 200);
    let (_, html) = server.page(&exec, "/?q=%EB%A1%A4%EB%B0%B1").await;
    assert!(html.contains("secret.md"), "{html}");
}

#[tokio::test]
async fn a_hostile_note_is_shown_and_does_nothing() {
    let server = Server::with_pages(fill);
    let browser = server.signed_in("member", "en").await;
    for path in [
        "/",
        "/?q=%EB%A1%A4%EB%B0%B1",
        "/view/note/hostile.md",
        "/view/note/projects/p1.md",
        "/view/board?project=p1",
        "/view/lint",
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E%22%20onload=%22x",
        "/view/board?project=%3Cscript%3Ealert(1)%3C/script%3E",
        "/view/note/%3Cscript%3Ealert(1)",
    ] {
        let (status, html) = server.page(&browser, path).await;
        assert!(status < 500, "{path}: {status}");
        for bad in [
            "<script>alert",
            "<img src=x",
            "javascript:",
            "\" onload=\"x",
            "src=\"https:",
            "style=",
        ] {
            let shown = html.replace("href=\"/?q=", "");
            // A quotation mark between tags is a letter; within one it would end a value.
            let tags = shown
                .split('<')
                .filter_map(|it| Some(it.split_once('>')?.0));
            let shown = match bad.strip_prefix('"') {
                Some(_) => tags.collect::<Vec<_>>().join("\n"),
                None => shown,
            };
            assert!(
                !shown.contains(bad)
                    || bad == "javascript:" && !shown.contains("href=\"javascript"),
                "{path}: {bad} in {html}"
            );
        }
    }
    let answer = browser
        .get(&reqwest::Url::parse(&server.url("/view/note/hostile.md")).unwrap())
        .await;
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("img-src 'self'")
            && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[tokio::test]
async fn pages_speak_korean_and_english() {
    let server = Server::with_pages(fill);
    for language in ["en", "ko"] {
        let browser = server.signed_in("member", language).await;
        for path in [
            "/",
            "/view/note/tasks/t1.md",
            "/view/board",
            "/view/lint",
            "/view/nothing",
            "/view/lint?cursor=x",
        ] {
            let (_, html) = server.page(&browser, path).await;
            assert!(
                html.contains(&format!("<html lang=\"{language}\"")),
                "{path}"
            );
            assert_eq!(html.contains("로그아웃"), language == "ko", "{path}");
        }
    }
}

#[tokio::test]
async fn paths_that_lead_out_lead_nowhere() {
    let server = Server::with_pages(fill);
    let browser = server.signed_in("member", "en").await;
    for path in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/secret",
        "%00",
        "tasks//t1.md",
        "%ff",
        "C:%5Cx",
        &"a/".repeat(400),
    ] {
        let (status, _) = server.page(&browser, &format!("/view/note/{path}")).await;
        assert!(
            status == 404 || status == 400 || status == 200 && path.contains("t1"),
            "{path}: {status}"
        );
    }
}
