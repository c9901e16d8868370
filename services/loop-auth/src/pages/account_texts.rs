//! What the account pages say.

use super::texts::Text;

/// The table.
pub(super) const TEXTS: &[Text] = &[
    ("home_account", "Your account", "내 계정"),
    ("account_title", "Your account", "내 계정"),
    (
        "account_signed_in",
        "Signed in as {account}",
        "{account} 계정으로 로그인됨",
    ),
    ("account_nav", "Account pages", "계정 페이지"),
    ("account_tab_apps", "Apps and devices", "앱과 기기"),
    ("account_tab_security", "Signing in", "로그인 방법"),
    ("account_apps", "Connected apps", "연결된 앱"),
    (
        "account_apps_none",
        "No app is connected. When you connect one, it is listed here and you can take its access back.",
        "연결된 앱이 없습니다. 앱을 연결하면 여기에 표시되고, 언제든 접근을 취소할 수 있습니다.",
    ),
    (
        "account_app_unverified",
        "The app chose this name itself.",
        "앱이 스스로 정한 이름입니다.",
    ),
    ("account_used", "Last got a token", "마지막 토큰 발급:"),
    ("account_granted", "Allowed", "허용:"),
    ("account_disconnect", "Disconnect …", "연결 끊기 …"),
    (
        "account_disconnect_what",
        "{app} loses its access within seconds, everywhere, and has to ask again.",
        "몇 초 안에 모든 곳에서 {app} 앱의 접근이 차단되며, 다시 쓰려면 허용을 새로 받아야 합니다.",
    ),
    ("account_disconnect_yes", "Disconnect", "연결 끊기"),
    ("account_sessions", "Where you are signed in", "로그인된 곳"),
    (
        "account_device",
        "{browser} on {system}",
        "{system}의 {browser}",
    ),
    (
        "account_device_unknown",
        "A browser we do not know",
        "알 수 없는 브라우저",
    ),
    ("account_session_this", "this one", "지금 이 브라우저"),
    ("account_seen", "Last seen", "마지막 사용:"),
    ("account_began", "Signed in", "로그인:"),
    ("account_session_end", "Sign out there", "로그아웃시키기"),
    (
        "account_sessions_end_others",
        "Sign out everywhere else",
        "다른 곳에서 모두 로그아웃",
    ),
    (
        "account_sessions_apps",
        "This signs browsers out. Connected apps stay connected until you disconnect them.",
        "브라우저만 로그아웃됩니다. 연결된 앱은 연결을 끊을 때까지 유지됩니다.",
    ),
    (
        "account_sessions_only",
        "You are signed in nowhere else.",
        "다른 곳에서는 로그인되어 있지 않습니다.",
    ),
    ("account_language", "Language", "언어"),
    ("account_ago_now", "just now", "방금"),
    ("account_ago_minute", "a minute ago", "1분 전"),
    ("account_ago_minutes", "{n} minutes ago", "{n}분 전"),
    ("account_ago_hour", "an hour ago", "1시간 전"),
    ("account_ago_hours", "{n} hours ago", "{n}시간 전"),
    ("account_ago_day", "a day ago", "하루 전"),
    ("account_ago_days", "{n} days ago", "{n}일 전"),
    (
        "account_done_disconnected",
        "The app is disconnected.",
        "앱의 연결을 끊었습니다.",
    ),
    (
        "account_done_signed_out",
        "That browser is signed out.",
        "해당 브라우저에서 로그아웃했습니다.",
    ),
    (
        "account_done_signed_out_others",
        "You are signed out everywhere else.",
        "다른 모든 곳에서 로그아웃했습니다.",
    ),
    (
        "account_done_password",
        "Your password is changed, and you are signed out everywhere else.",
        "비밀번호를 변경했고 다른 모든 곳에서 로그아웃했습니다.",
    ),
    (
        "account_done_language",
        "These pages speak English now.",
        "이제 페이지가 한국어로 표시됩니다.",
    ),
    ("security_title", "How you sign in", "로그인 방법"),
    ("security_password", "Password", "비밀번호"),
    (
        "security_password_current",
        "Current password",
        "현재 비밀번호",
    ),
    ("security_password_new", "New password", "새 비밀번호"),
    (
        "security_password_rule",
        "At least 8 characters. Longer is better; a few unrelated words are easy to remember. Every other browser is signed out.",
        "8자 이상이어야 합니다. 길수록 좋으며, 관련 없는 단어 몇 개를 이으면 기억하기 쉽습니다. 다른 브라우저는 모두 로그아웃됩니다.",
    ),
    (
        "security_password_submit",
        "Change password",
        "비밀번호 변경",
    ),
    (
        "security_problem_wrong",
        "The current password is not right. Nothing was changed.",
        "현재 비밀번호가 올바르지 않습니다. 변경된 것은 없습니다.",
    ),
    (
        "security_problem_too_short",
        "The new password is too short: it needs at least 8 characters.",
        "새 비밀번호가 너무 짧습니다. 8자 이상이어야 합니다.",
    ),
    (
        "security_problem_too_long",
        "The new password is too long: at most 72 bytes are kept (72 letters, 24 Korean syllables), without control characters.",
        "새 비밀번호가 너무 깁니다. 최대 72바이트(영문 72자, 한글 24자)까지이며 제어 문자는 쓸 수 없습니다.",
    ),
    (
        "security_problem_known",
        "The new password must differ from the current one and from your address.",
        "새 비밀번호는 현재 비밀번호나 이메일 주소와 달라야 합니다.",
    ),
    (
        "security_problem_raced",
        "The password was changed elsewhere at this moment. Try again.",
        "같은 순간에 다른 곳에서 비밀번호가 변경되었습니다. 다시 시도해 주세요.",
    ),
    (
        "security_problem_too_many",
        "Too many wrong passwords. Wait a minute and try again.",
        "잘못된 비밀번호를 너무 많이 입력했습니다. 1분 뒤에 다시 시도해 주세요.",
    ),
    (
        "security_problem_busy",
        "Many people are signing in at this moment. Wait a few seconds and try again.",
        "지금 로그인하는 사람이 많습니다. 몇 초 뒤에 다시 시도해 주세요.",
    ),
];
