//! The dashboard: who sees what, in which language, and what is recorded.

use loop_testkit::Browser;
use reqwest::Url;

use crate::harness::Server;

const EXEC: [&str; 4] = [
    "runway",
    "cashflow",
    "people",
    "notes/decisions/cash-policy.md",
];

/// A page's status and HTML.
async fn page(server: &Server, browser: &Browser, path: &str) -> (u16, String) {
    let answer = browser.get(&Url::parse(&server.url(path)).unwrap()).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn every_role_and_scope_sees_exactly_its_part_of_the_dashboard() {
    let server = Server::with_pages(|_| ());
    for (scope, role, exec, kpi) in [
        ("mcp:exec kpi:read", "exec", 200, 200),
        ("mcp:exec", "exec", 200, 403),
        ("kpi:read", "analyst", 403, 200),
        ("mcp:exec kpi:read", "admin", 200, 200),
        // A role opens nothing by itself.
        ("kpi:read", "admin", 403, 200),
    ] {
        let browser = server.signed_in(scope, role, "en").await;
        for name in EXEC {
            let (status, html) = page(&server, &browser, &format!("/exec/view/{name}")).await;
            assert_eq!(status, exec, "{scope} {role}: {name}");
            if exec == 403 {
                assert!(
                    html.contains("mcp:exec") && html.contains("exec, admin"),
                    "{html}"
                );
                assert!(
                    !html.contains("KRW") && !html.contains("class=\"figures\""),
                    "{html}"
                );
            }
        }
        let (status, _) = page(&server, &browser, "/exec/view/kpi").await;
        assert_eq!(status, kpi, "{scope} {role}: kpi");
        let (status, html) = page(&server, &browser, "/exec/").await;
        assert_eq!(status, 200);
        assert_eq!(
            html.contains("KRW"),
            exec == 200,
            "{scope} {role}: the overview"
        );
        assert_eq!(
            html.contains("view/runway"),
            exec == 200,
            "{scope} {role}: the menu"
        );
        assert_eq!(
            html.contains("view/kpi"),
            kpi == 200,
            "{scope} {role}: the menu"
        );
    }
}

#[tokio::test]
async fn nobody_sees_a_figure_without_signing_in() {
    let server = Server::with_pages(|_| ());
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for path in [
        "/exec/",
        "/exec/view/runway",
        "/exec/view/kpi",
        "/exec/view/nothing",
    ] {
        let answer = http.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        let place = answer.headers()["location"].to_str().unwrap();
        assert!(
            place.starts_with("/exec/signin?return_to=%2Fexec%2F"),
            "{place}"
        );
        // A good token of an API client is no session.
        let token = server.token("mcp:exec kpi:read", "exec");
        let answer = http
            .get(server.url(path))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303, "{path}");
    }
}

#[tokio::test]
async fn whoever_has_none_of_the_scopes_is_told_what_is_missing() {
    let server = Server::with_pages(|_| ());
    server.issuer.openid(loop_testkit::OpenId {
        scope: String::new(),
        ..loop_testkit::OpenId::default()
    });
    let answer = server.visit(&Browser::new(), "/exec/").await;
    assert_eq!(answer.status(), 403);
    let html = answer.text().await.unwrap();
    assert!(
        html.contains("mcp:exec") && html.contains("kpi:read"),
        "{html}"
    );
    assert!(html.contains("analyst, exec, admin"), "{html}");
}

#[tokio::test]
async fn pages_speak_korean_and_english_and_leave_no_text_untranslated() {
    let server = Server::with_pages(|_| ());
    for language in ["en", "ko"] {
        let browser = server
            .signed_in("mcp:exec kpi:read", "exec", language)
            .await;
        for path in [
            "",
            "view/runway?hires=3",
            "view/cashflow",
            "view/people?detail=salary",
            "view/kpi",
            "view/runway?hires=x",
        ] {
            let (status, html) = page(&server, &browser, &format!("/exec/{path}")).await;
            assert!(status == 200 || path.ends_with("=x"), "{path}: {status}");
            assert!(html.contains(&format!("lang=\"{language}\"")), "{path}");
            let korean = html.contains("로그아웃");
            assert_eq!(korean, language == "ko", "{path}");
            for key in [
                "field_", "word_", "warning_", "reason_", "state_", "basis_", "nav_",
            ] {
                assert!(
                    !html.contains(&format!(">{key}")),
                    "{path}: a text is missing: {key}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_scenario_is_asked_by_a_form_that_needs_no_script() {
    let server = Server::with_pages(|_| ());
    let browser = server.signed_in("mcp:exec", "exec", "en").await;
    let (_, html) = page(&server, &browser, "/exec/view/runway").await;
    assert!(!html.contains("<script"), "no script at all");
    let forms = loop_testkit::html::forms(&html);
    let mut form = forms.into_iter().find(|form| form.has("hires")).unwrap();
    form.set("hires", "3");
    form.set("hire_cost", "6000000");
    let at = Url::parse(&server.url("/exec/view/runway")).unwrap();
    let answer = browser.submit(&at, &form, None).await;
    assert_eq!(answer.status(), 200);
    let html = answer.text().await.unwrap();
    assert!(
        html.contains("class=\"asked\""),
        "the scenario stands beside the base: {html}"
    );
    assert!(
        html.contains("value=\"3\"") && html.contains("value=\"6000000\""),
        "the form remembers"
    );
    // The page and REST give the same answer.
    let rest = server.json("/exec/runway?hires=3&hire_cost=6000000").await;
    for path in [
        "/base/months_left",
        "/scenario/months_left",
        "/base/cash_ends_on",
    ] {
        let figure = rest.pointer(path).unwrap().as_str().unwrap();
        assert!(html.contains(figure), "{path}: {figure}");
    }
}

#[tokio::test]
async fn every_chart_has_its_numbers_in_a_table() {
    let server = Server::with_pages(|_| ());
    let browser = server.signed_in("mcp:exec kpi:read", "exec", "en").await;
    for path in ["", "view/runway", "view/cashflow", "view/people"] {
        let (_, html) = page(&server, &browser, &format!("/exec/{path}")).await;
        let drawn = html.matches("<svg ").count();
        let pictures = drawn - html.matches("<svg class=\"plot narrow\"").count();
        assert!(pictures > 0, "{path}");
        assert_eq!(
            html.matches("role=\"img\" aria-label=\"").count(),
            drawn,
            "{path}"
        );
        assert_eq!(
            html.matches("<figure class=\"chart\">").count(),
            pictures,
            "{path}"
        );
        assert_eq!(
            html.matches("<summary>The numbers as a table").count(),
            pictures,
            "{path}"
        );
        assert!(
            !html.contains("style="),
            "{path}: the policy allows no inline style"
        );
    }
}

#[tokio::test]
async fn every_page_is_recorded_as_an_answer_before_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let path = file.display().to_string();
    let server = Server::with_pages(|cli| cli.exec_audit_path = Some(path));
    let browser = server.signed_in("mcp:exec", "exec", "en").await;
    page(&server, &browser, "/exec/view/people?detail=salary").await;
    page(&server, &browser, "/exec/view/runway?hires=x").await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let of = |operation: &str| {
        let named =
            |line: &&serde_json::Value| line.to_string().contains(&format!("\"{operation}\""));
        lines.iter().filter(named).count()
    };
    assert_eq!(
        (of("runway"), of("cashflow")),
        (1, 1),
        "the overview's, and none for a refused question"
    );
    assert_eq!(of("people"), 2, "the overview's and the page's");
    let salaries: Vec<_> = lines
        .iter()
        .filter(|line| line.to_string().contains("exec.answer.salaries"))
        .collect();
    assert_eq!(salaries.len(), 1);
    let told = salaries[0].to_string();
    assert!(
        told.contains("\"web\"") && told.contains("user:user-1"),
        "{told}"
    );
}

#[tokio::test]
async fn strange_questions_are_refused_kindly_and_hostile_ones_do_nothing() {
    let server = Server::with_pages(|_| ());
    let browser = server.signed_in("mcp:exec kpi:read", "exec", "en").await;
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=%22x";
    for (path, expected) in [
        (format!("view/runway?as_of={evil}"), 400),
        (format!("view/runway?{evil}=1"), 400),
        (format!("view/cashflow?category={evil}"), 200),
        (format!("view/people?team={evil}"), 200),
        (format!("view/kpi?interval={evil}"), 400),
        ("view/kpi?name=mrr".to_owned(), 400),
        (format!("view/notes/{evil}"), 404),
        ("view/notes/..%2f..%2fetc%2fpasswd".to_owned(), 404),
        ("view/notes/%00".to_owned(), 404),
        ("view/nothing".to_owned(), 404),
    ] {
        let (status, html) = page(&server, &browser, &format!("/exec/{path}")).await;
        assert_eq!(status, expected, "{path}");
        assert!(
            !html.contains("<script>alert") && !html.contains("\" onfocus=\"x"),
            "{path}: {html}"
        );
    }
}

#[tokio::test]
async fn a_note_is_shown_as_text_with_links_to_its_neighbours_and_does_nothing() {
    let vault = tempfile::tempdir().unwrap();
    let note = "---\nentity_type: Condition\nentity_id: policy\naliases: [cash, 현금]\nvalidated_by: [board]\n---\n# Policy\n\nSee [[board|the board]] and [[nowhere]].\n\n<script>alert(1)</script>\n\n- [x](javascript:alert(1))\n";
    std::fs::create_dir(vault.path().join("notes")).unwrap();
    std::fs::write(vault.path().join("notes/policy.md"), note).unwrap();
    std::fs::write(
        vault.path().join("notes/board.md"),
        "---\nentity_type: Condition\nentity_id: board\n---\n# Board",
    )
    .unwrap();
    let folder = vault.path().to_str().unwrap().to_owned();
    let server = Server::with_pages(|cli| cli.vault_dir = Some(folder));
    let browser = server.signed_in("mcp:exec", "exec", "ko").await;
    let (status, html) = page(&server, &browser, "/exec/view/notes/notes/policy.md").await;
    assert_eq!(status, 200, "{html}");
    for part in [
        "<h2 id=\"h-policy\">Policy</h2>",
        "<a href=\"/exec/view/notes/notes/board.md\">the board</a>",
        "<em>nowhere</em>",
        "<dd>cash, 현금</dd>",
        "<dt>validated_by</dt><dd><a href=\"/exec/view/notes/notes/board.md\">",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<li><em>x</em></li>",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}
