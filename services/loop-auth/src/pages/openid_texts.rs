//! What pages say of `OpenID` Connect, in both languages.

use super::texts::Text;

/// More of [`super::texts`].
pub(super) const TEXTS: &[Text] = &[
    ("scope_openid_title", "Know that it is you", "본인임을 확인"),
    (
        "scope_openid_detail",
        "Signs you in there under an identifier that is yours alone.",
        "나에게만 부여된 식별자로 그곳에 로그인합니다.",
    ),
    (
        "scope_profile_title",
        "See your name and role",
        "이름과 역할 보기",
    ),
    (
        "scope_profile_detail",
        "Your display name, and what you may do in Loop.",
        "표시 이름과 Loop에서 맡은 역할을 볼 수 있습니다.",
    ),
    (
        "scope_email_title",
        "See your e-mail address",
        "이메일 주소 보기",
    ),
    (
        "scope_email_detail",
        "The address you sign in with.",
        "로그인에 사용하는 주소를 볼 수 있습니다.",
    ),
    (
        "logout_for_app",
        "{app} asks to sign you out.",
        "{app} 앱이 로그아웃을 요청했습니다.",
    ),
    (
        "logout_dashboards",
        "Dashboards that follow this login sign you out as well.",
        "이 로그인을 따르는 대시보드에서도 로그아웃됩니다.",
    ),
];
