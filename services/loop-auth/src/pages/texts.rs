//! Every sentence a page can say, in both languages.
//!
//! In: a [`Locale`]. Out: the texts by key. `{name}` in a text is filled by the template filter `fill`, whose result is escaped like any other value.

mod admin;
mod device;

use serde_json::{Map, Value};

use super::{
    account_texts, document_texts, federation_texts, limit_texts, locale::Locale, openid_texts,
    passkey_texts, step_texts,
};

/// One text: its key, English, Korean.
pub(super) type Text = (&'static str, &'static str, &'static str);

/// All texts of one language, by key.
#[must_use]
pub(super) fn of(locale: Locale) -> Map<String, Value> {
    all()
        .map(|(key, english, korean)| {
            let text = match locale {
                Locale::En => english,
                Locale::Ko => korean,
            };
            ((*key).to_owned(), Value::from(*text))
        })
        .collect()
}

/// Every text; keys are unique.
fn all() -> impl Iterator<Item = &'static Text> {
    TEXTS
        .iter()
        .chain(account_texts::TEXTS)
        .chain(step_texts::TEXTS)
        .chain(passkey_texts::TEXTS)
        .chain(document_texts::TEXTS)
        .chain(device::TEXTS)
        .chain(admin::texts())
        .chain(openid_texts::TEXTS)
        .chain(limit_texts::TEXTS)
        .chain(federation_texts::TEXTS)
}

/// The table. Grouped by page.
const TEXTS: &[Text] = &[
    ("footer", "You are at {site}", "현재 접속한 곳: {site}"),
    ("login_title", "Sign in", "로그인"),
    (
        "login_for_app",
        "{app} asks to connect and will get its answer at {host}.",
        "{app} 앱이 연결을 요청했습니다. 결과는 {host}(으)로 전달됩니다.",
    ),
    ("login_email", "E-mail", "이메일"),
    ("login_password", "Password", "비밀번호"),
    ("login_submit", "Sign in", "로그인"),
    (
        "login_problem_wrong",
        "The e-mail or the password is not right. Check both and try again.",
        "이메일 또는 비밀번호가 올바르지 않습니다. 확인한 뒤 다시 시도해 주세요.",
    ),
    (
        "login_problem_busy",
        "Many people are signing in at this moment. Wait a few seconds and try again.",
        "지금 로그인하는 사람이 많습니다. 몇 초 뒤에 다시 시도해 주세요.",
    ),
    (
        "login_problem_stale",
        "This form is no longer valid, or the browser keeps no cookies. Please sign in again.",
        "이 양식은 더 이상 유효하지 않거나 브라우저가 쿠키를 저장하지 않습니다. 다시 로그인해 주세요.",
    ),
    ("consent_title", "Allow access", "접근 허용"),
    (
        "consent_heading",
        "Allow {app} to connect?",
        "{app} 앱의 연결을 허용할까요?",
    ),
    (
        "consent_lead",
        "You are signed in as {account}. Nothing is shared before you allow it.",
        "{account} 계정으로 로그인되어 있습니다. 허용하기 전에는 아무것도 공유되지 않습니다.",
    ),
    (
        "consent_scopes",
        "It will be able to",
        "이 앱이 할 수 있는 일",
    ),
    (
        "consent_new",
        "New: it will also be able to",
        "새로 요청한 권한",
    ),
    (
        "consent_already",
        "You allowed this before",
        "이미 허용한 권한",
    ),
    ("consent_facts", "Who is asking", "요청한 앱"),
    ("consent_site", "Home page", "홈페이지"),
    (
        "consent_site_claimed",
        "Home page, as it says",
        "홈페이지(앱이 밝힌 주소)",
    ),
    ("consent_app_id", "Identifier", "식별자"),
    ("consent_redirect", "Answer goes to", "결과를 받을 곳"),
    ("consent_resource", "Opens", "접근 대상"),
    (
        "consent_unverified",
        "This app registered itself, so its name is not verified. Allow it only if you started this connection yourself just now.",
        "이 앱은 스스로 등록했으므로 이름이 확인되지 않았습니다. 방금 직접 연결을 시작한 경우에만 허용해 주세요.",
    ),
    (
        "consent_loopback",
        "The answer goes to a program on this computer. Any program running here could be the one asking.",
        "결과는 이 컴퓨터의 프로그램으로 전달됩니다. 여기서 실행 중인 어떤 프로그램이든 요청한 쪽일 수 있습니다.",
    ),
    ("consent_allow", "Allow", "허용"),
    ("consent_deny", "Deny", "거부"),
    ("consent_switch", "Use another account", "다른 계정 사용"),
    (
        "scope_mcp_read_title",
        "Read the team vault",
        "팀 볼트 읽기",
    ),
    (
        "scope_mcp_read_detail",
        "Search and read notes, tasks and projects.",
        "노트, 작업, 프로젝트를 검색하고 읽을 수 있습니다.",
    ),
    (
        "scope_mcp_exec_title",
        "Read the executive vault",
        "경영진 볼트 읽기",
    ),
    (
        "scope_mcp_exec_detail",
        "Search and read confidential company records.",
        "회사의 기밀 기록을 검색하고 읽을 수 있습니다.",
    ),
    ("scope_kpi_read_title", "Read KPIs", "KPI 읽기"),
    (
        "scope_kpi_read_detail",
        "See key figures and analytics.",
        "핵심 지표와 분석 결과를 볼 수 있습니다.",
    ),
    ("logout_title", "Sign out", "로그아웃"),
    ("logout_heading", "Sign out of Loop?", "로그아웃할까요?"),
    (
        "logout_lead",
        "You are signed in as {account} in this browser.",
        "이 브라우저에서 {account} 계정으로 로그인되어 있습니다.",
    ),
    (
        "logout_apps",
        "Apps you connected stay connected.",
        "이미 연결한 앱의 연결은 유지됩니다.",
    ),
    ("logout_submit", "Sign out", "로그아웃"),
    ("logout_stay", "Stay signed in", "로그인 상태 유지"),
    (
        "logged_out_title",
        "You are signed out",
        "로그아웃되었습니다",
    ),
    (
        "logged_out_lead",
        "You are not signed in on this browser.",
        "이 브라우저에 로그인되어 있지 않습니다.",
    ),
    ("logged_out_again", "Sign in again", "다시 로그인"),
    ("home_title", "Loop login", "Loop 로그인"),
    (
        "home_signed_in",
        "You are signed in as {account}.",
        "{account} 계정으로 로그인되어 있습니다.",
    ),
    (
        "home_signed_out",
        "You are not signed in on this browser.",
        "이 브라우저에 로그인되어 있지 않습니다.",
    ),
    ("home_connect", "Connect an app", "앱 연결하기"),
    (
        "home_connect_how",
        "Give your MCP client one of these addresses. It brings you back here to sign in.",
        "사용하는 MCP 클라이언트에 아래 주소 중 하나를 입력하세요. 로그인할 때 이곳으로 돌아옵니다.",
    ),
    ("home_sign_in", "Sign in", "로그인"),
    ("home_sign_out", "Sign out", "로그아웃"),
    ("error_request_id", "Request:", "요청 번호:"),
    (
        "error_unknown_client_title",
        "This app is not known here",
        "등록되지 않은 앱입니다",
    ),
    (
        "error_unknown_client_what",
        "The app that sent you uses a client_id that is not registered with this server.",
        "요청한 앱의 client_id가 이 서버에 등록되어 있지 않습니다.",
    ),
    (
        "error_unknown_client_todo",
        "Remove the connection in the app and add it again, so that it registers anew. You can close this page.",
        "앱에서 연결을 삭제한 뒤 다시 추가하면 새로 등록됩니다. 이 페이지는 닫아도 됩니다.",
    ),
    (
        "error_bad_redirect_title",
        "This answer address is not allowed",
        "허용되지 않은 응답 주소입니다",
    ),
    (
        "error_bad_redirect_what",
        "The app asked to be answered at a redirect_uri that it never registered. For your safety nothing was sent there.",
        "앱이 등록하지 않은 redirect_uri로 응답을 요청했습니다. 안전을 위해 아무것도 보내지 않았습니다.",
    ),
    (
        "error_bad_redirect_todo",
        "Start again from the app itself. If you came here by a link somebody sent you, do not follow it again.",
        "앱에서 직접 다시 시작해 주세요. 누군가 보낸 링크로 들어왔다면 그 링크를 다시 열지 마세요.",
    ),
    (
        "error_bad_request_title",
        "This request cannot be read",
        "요청을 읽을 수 없습니다",
    ),
    (
        "error_bad_request_what",
        "Something is missing from the request, or it says one thing twice.",
        "요청에 필요한 값이 없거나 같은 값이 두 번 들어 있습니다.",
    ),
    (
        "error_bad_request_todo",
        "Go back to the app and start again.",
        "앱으로 돌아가 다시 시작해 주세요.",
    ),
    (
        "error_stale_form_title",
        "This page is no longer valid",
        "더 이상 유효하지 않은 페이지입니다",
    ),
    (
        "error_stale_form_what",
        "The form was open for too long, was sent by another site, or the browser keeps no cookies. Nothing was changed.",
        "양식을 너무 오래 열어 두었거나 다른 사이트에서 보냈거나 브라우저가 쿠키를 저장하지 않습니다. 변경된 것은 없습니다.",
    ),
    (
        "error_stale_form_todo",
        "Go back to the app and start again.",
        "앱으로 돌아가 다시 시작해 주세요.",
    ),
    (
        "error_stale_request_title",
        "This connection attempt is over",
        "이미 끝난 연결 요청입니다",
    ),
    (
        "error_stale_request_what",
        "It took too long, was finished before, or belongs to another app. Nothing was changed.",
        "시간이 초과되었거나 이미 완료되었거나 다른 앱의 요청입니다. 변경된 것은 없습니다.",
    ),
    (
        "error_stale_request_todo",
        "Go back to the app and start again.",
        "앱으로 돌아가 다시 시작해 주세요.",
    ),
    (
        "error_not_found_title",
        "There is nothing here",
        "페이지를 찾을 수 없습니다",
    ),
    (
        "error_not_found_what",
        "No page has this address.",
        "이 주소에 해당하는 페이지가 없습니다.",
    ),
    (
        "error_not_found_todo",
        "Check the address, or start again from your app.",
        "주소를 확인하거나 앱에서 다시 시작해 주세요.",
    ),
    (
        "error_unavailable_title",
        "Something went wrong on our side",
        "서버에 문제가 생겼습니다",
    ),
    (
        "error_unavailable_what",
        "The login server could not finish this. Nothing was changed.",
        "로그인 서버가 요청을 끝내지 못했습니다. 변경된 것은 없습니다.",
    ),
    (
        "error_unavailable_todo",
        "Try again in a minute. If it stays so, give the request number below to your administrator.",
        "잠시 후 다시 시도해 주세요. 계속되면 아래 요청 번호를 관리자에게 알려 주세요.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The `{placeholders}` of a text.
    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .collect()
    }

    #[test]
    fn every_text_exists_once_in_both_languages_with_the_same_placeholders() {
        let mut seen = BTreeSet::new();
        for (key, english, korean) in all() {
            assert!(seen.insert(key), "{key} is there twice");
            assert!(
                !english.trim().is_empty() && !korean.trim().is_empty(),
                "{key}"
            );
            assert_eq!(placeholders(english), placeholders(korean), "{key}");
            let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(!hangul(english), "{key} has Korean in its English");
            assert!(hangul(korean), "{key} has no Korean");
        }
    }
}
