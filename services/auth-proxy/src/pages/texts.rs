//! Every sentence that a page can say, in both languages. `{name}` is filled in by the filter `fill`.

use loop_shared::web::{Locale, Phrase};

/// The table, grouped by page.
pub(super) const TEXTS: &[Phrase] = &[
    Phrase::new("account", "Account and language", "계정과 언어"),
    Phrase::new(
        "signed_in_as",
        "Signed in as {account}.",
        "{account} 계정으로 로그인했습니다.",
    ),
    Phrase::new("connections", "Connections", "연결"),
    Phrase::new(
        "connections_lead",
        "These servers work with accounts of yours elsewhere; each sees yours alone.",
        "아래 서버는 다른 서비스에 있는 내 계정으로 일합니다. 각 서버는 내 계정만 볼 수 있습니다.",
    ),
    Phrase::new(
        "state_used",
        "{provider}: connected since {since}; last used {used}.",
        "{provider}: {since}에 연결, {used}에 마지막으로 사용.",
    ),
    Phrase::new(
        "state_unused",
        "{provider}: connected since {since}; not used yet.",
        "{provider}: {since}에 연결, 아직 사용하지 않음.",
    ),
    Phrase::new(
        "state_ended",
        "{provider} has ended the access. Connect again to go on.",
        "{provider}에서 접근을 끝냈습니다. 계속하려면 다시 연결하세요.",
    ),
    Phrase::new(
        "state_none",
        "{provider}: not connected.",
        "{provider}: 연결되지 않음.",
    ),
    Phrase::new("it_may", "It may:", "할 수 있는 일:"),
    Phrase::new("it_would", "It would:", "연결하면 할 수 있는 일:"),
    Phrase::new("connect", "Connect {provider}", "{provider} 연결"),
    Phrase::new(
        "connect_another",
        "Connect another account",
        "다른 계정 연결",
    ),
    Phrase::new("disconnect", "Disconnect", "연결 해제"),
    Phrase::new(
        "no_accounts",
        "No server here needs an account of yours.",
        "여기에는 내 계정이 필요한 서버가 없습니다.",
    ),
    Phrase::new("said_disconnected", "Disconnected.", "연결을 해제했습니다."),
    Phrase::new(
        "said_stale_page",
        "The page was too old. Try again.",
        "페이지가 너무 오래되었습니다. 다시 시도하세요.",
    ),
    Phrase::new(
        "said_no_account",
        "That server needs no account.",
        "그 서버에는 계정이 필요하지 않습니다.",
    ),
    Phrase::new(
        "said_nothing",
        "Nothing was done.",
        "아무 일도 하지 않았습니다.",
    ),
    Phrase::new(
        "said_stale",
        "That answer was too old or of another browser. Nothing was connected; try again.",
        "응답이 너무 오래되었거나 다른 브라우저의 것입니다. 연결하지 않았습니다. 다시 시도하세요.",
    ),
    Phrase::new(
        "said_denied",
        "Nothing was connected: you, or the provider, said no.",
        "연결하지 않았습니다. 본인 또는 제공자가 거절했습니다.",
    ),
    Phrase::new(
        "said_too_little",
        "Nothing was connected: not everything was allowed that the server needs.",
        "연결하지 않았습니다. 서버에 필요한 권한을 모두 허용하지 않았습니다.",
    ),
    Phrase::new(
        "said_provider",
        "The provider does not answer as it should. Try again in a minute.",
        "제공자가 제대로 응답하지 않습니다. 잠시 뒤에 다시 시도하세요.",
    ),
    Phrase::new(
        "said_broken",
        "That did not work. Try again in a minute.",
        "처리하지 못했습니다. 잠시 뒤에 다시 시도하세요.",
    ),
    Phrase::new("servers", "Servers", "서버"),
    Phrase::new(
        "servers_lead",
        "What every server does, on all replicas.",
        "모든 복제본에서 각 서버가 하는 일입니다.",
    ),
    Phrase::new(
        "partial",
        "The database does not answer: this is what this replica knows.",
        "데이터베이스가 응답하지 않아 이 복제본이 아는 것만 보입니다.",
    ),
    Phrase::new(
        "wrong_file",
        "The file of servers has mistakes; the servers stay as they were.",
        "서버 파일에 잘못이 있어 서버는 그대로 둡니다.",
    ),
    Phrase::new("status_running", "Running", "실행 중"),
    Phrase::new("status_trouble", "In trouble", "문제 있음"),
    Phrase::new("status_resting", "Not in use", "사용 안 함"),
    Phrase::new("address", "Address", "주소"),
    Phrase::new("works_with", "People's accounts", "사용자 계정"),
    Phrase::new("running", "Running now", "현재 실행"),
    Phrase::new("replicas", "Replicas", "복제본"),
    Phrase::new("people", "People in 30 days", "30일간 사용자"),
    Phrase::new("last_use", "Last use", "마지막 사용"),
    Phrase::new("never", "Never", "없음"),
    Phrase::new("last_error", "Last error", "마지막 오류"),
    Phrase::new("no_error", "No error.", "오류가 없습니다."),
];

/// What scopes of providers mean.
pub(super) const SCOPES: &[Phrase] = &[
    Phrase::new("gmail.readonly", "read your mail", "메일 읽기"),
    Phrase::new(
        "gmail.modify",
        "read, write and delete your mail",
        "메일 읽기, 쓰기, 삭제",
    ),
    Phrase::new(
        "gmail.send",
        "send mail in your name",
        "내 이름으로 메일 보내기",
    ),
    Phrase::new(
        "gmail.compose",
        "write drafts and send them",
        "초안 작성과 보내기",
    ),
    Phrase::new(
        "calendar",
        "read and change your calendars",
        "캘린더 읽기와 변경",
    ),
    Phrase::new("calendar.readonly", "read your calendars", "캘린더 읽기"),
    Phrase::new(
        "calendar.events",
        "read and change events in your calendars",
        "캘린더 일정 읽기와 변경",
    ),
    Phrase::new(
        "calendar.events.readonly",
        "read events in your calendars",
        "캘린더 일정 읽기",
    ),
    Phrase::new(
        "drive",
        "read, change and delete all your files in Drive",
        "드라이브의 모든 파일 읽기, 변경, 삭제",
    ),
    Phrase::new(
        "drive.readonly",
        "read all your files in Drive",
        "드라이브의 모든 파일 읽기",
    ),
    Phrase::new(
        "drive.file",
        "read and change files in Drive that you open with it",
        "이 앱으로 연 드라이브 파일 읽기와 변경",
    ),
    Phrase::new(
        "repo",
        "read and change your repositories, private ones too",
        "비공개를 포함한 저장소 읽기와 변경",
    ),
    Phrase::new(
        "public_repo",
        "read and change your public repositories",
        "공개 저장소 읽기와 변경",
    ),
    Phrase::new("read:user", "read your profile", "프로필 읽기"),
    Phrase::new("user:email", "read your e-mail address", "이메일 주소 읽기"),
    Phrase::new("email", "read your e-mail address", "이메일 주소 읽기"),
    Phrase::new(
        "read:org",
        "read which organizations you belong to",
        "소속 조직 읽기",
    ),
    Phrase::new("gist", "write gists", "gist 쓰기"),
    Phrase::new(
        "workflow",
        "change workflows of your repositories",
        "저장소의 워크플로 변경",
    ),
    Phrase::new(
        "openid",
        "know which account is yours",
        "어느 계정이 내 것인지 알기",
    ),
    Phrase::new("profile", "read your name and picture", "이름과 사진 읽기"),
    Phrase::new(
        "offline_access",
        "stay connected until you disconnect",
        "해제할 때까지 연결 유지",
    ),
];

/// A provider's scope in words; one that nobody knows as it is.
pub(crate) fn scope_in_words(scope: &str, locale: Locale) -> &str {
    let short = scope
        .strip_prefix("https://www.googleapis.com/auth/")
        .unwrap_or(scope);
    let known = SCOPES.iter().find(|text| text.key == short);
    known.map_or(scope, |text| text.say(locale))
}
