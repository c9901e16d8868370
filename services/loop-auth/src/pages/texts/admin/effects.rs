//! What the admin pages say of what will happen and what was done, and what invitations say.

use super::Text;

/// The table.
pub(super) const TEXTS: &[Text] = &[
    ("effect", "Effect", "결과"),
    (
        "effect_sessions",
        "Browser sessions that end",
        "종료되는 브라우저 세션",
    ),
    ("effect_grants", "Grants that end", "종료되는 권한"),
    (
        "effect_grants_stay",
        "none; tokens follow at their next refresh",
        "없음. 다음 갱신 때 토큰에 반영됩니다",
    ),
    (
        "effect_users",
        "People who must connect again",
        "다시 연결해야 하는 사람",
    ),
    ("effect_login", "Sign-in", "로그인"),
    (
        "effect_login_off",
        "refused from now on",
        "지금부터 거부됩니다",
    ),
    (
        "effect_login_on",
        "allowed again; nothing that ended comes back",
        "다시 허용됩니다. 종료된 것은 돌아오지 않습니다",
    ),
    ("effect_tokens", "Tokens", "토큰"),
    (
        "effect_tokens_off",
        "refused by every service within seconds",
        "몇 초 안에 모든 서비스가 거부합니다",
    ),
    ("effect_roles_before", "Roles now", "현재 역할"),
    ("effect_roles_after", "Roles afterwards", "변경 후 역할"),
    ("effect_password", "Password", "비밀번호"),
    (
        "effect_password_off",
        "the old one stops working at once; you get a link to pass on",
        "기존 비밀번호는 바로 쓸 수 없게 되며, 전달할 링크가 표시됩니다",
    ),
    ("effect_client", "The app", "앱"),
    (
        "effect_client_gone",
        "is unknown from now on and may register anew",
        "지금부터 알 수 없는 앱이 되며 새로 등록할 수 있습니다",
    ),
    (
        "effect_rotate",
        "A new key is published now and signs once every service has fetched it. No token is refused.",
        "새 키가 지금 공개되고 모든 서비스가 받은 뒤에 서명합니다. 거부되는 토큰은 없습니다.",
    ),
    (
        "effect_uninvite",
        "The link stops working at once.",
        "링크를 바로 쓸 수 없게 됩니다.",
    ),
    (
        "refused_own",
        "This is your own account. Ask another administrator, so that you do not shut yourself out.",
        "자신의 계정입니다. 스스로 접근을 막지 않도록 다른 관리자에게 부탁해 주세요.",
    ),
    (
        "refused_last",
        "This is the last administrator. Make somebody else an administrator first.",
        "마지막 관리자입니다. 먼저 다른 사람을 관리자로 지정해 주세요.",
    ),
    (
        "done_disable",
        "The account is disabled.",
        "계정을 비활성화했습니다.",
    ),
    (
        "done_enable",
        "The account is enabled.",
        "계정을 활성화했습니다.",
    ),
    (
        "done_roles",
        "The roles are changed.",
        "역할을 변경했습니다.",
    ),
    (
        "done_sessions",
        "All sessions have ended.",
        "모든 세션을 종료했습니다.",
    ),
    (
        "effect_forget",
        "By the password or a provider alone. Passkeys, the authenticator app and recovery codes are gone.",
        "비밀번호나 외부 로그인으로만 로그인합니다. 패스키, 인증 앱, 복구 코드는 모두 제거됩니다.",
    ),
    (
        "done_forget",
        "Passkeys and the authenticator app are removed.",
        "패스키와 인증 앱을 제거했습니다.",
    ),
    (
        "done_grants",
        "All apps are disconnected.",
        "모든 앱의 연결을 해제했습니다.",
    ),
    (
        "done_reset",
        "The password is reset.",
        "비밀번호를 재설정했습니다.",
    ),
    (
        "done_revoke_grant",
        "The grant has ended.",
        "권한을 종료했습니다.",
    ),
    (
        "done_revoke_client",
        "All grants of the app have ended.",
        "앱의 모든 권한을 종료했습니다.",
    ),
    (
        "done_remove_client",
        "The app is removed.",
        "앱을 삭제했습니다.",
    ),
    (
        "done_rotate",
        "A new key is published, or one was waiting already.",
        "새 키를 공개했거나 이미 대기 중인 키가 있습니다.",
    ),
    (
        "done_uninvite",
        "The link no longer works.",
        "링크를 더 이상 쓸 수 없습니다.",
    ),
    (
        "invite_lead",
        "You get a link to pass on. Whoever opens it sets a password and has an account.",
        "전달할 링크가 표시됩니다. 링크를 연 사람이 비밀번호를 정하면 계정이 만들어집니다.",
    ),
    (
        "invite_name",
        "Name (what pages call them)",
        "이름 (화면에 표시)",
    ),
    ("invite_submit", "Make the link", "링크 만들기"),
    (
        "invite_taken",
        "This address has an account already.",
        "이미 계정이 있는 이메일입니다.",
    ),
    (
        "invite_bad_email",
        "This is not an e-mail address.",
        "이메일 주소가 아닙니다.",
    ),
    ("link_title", "The link", "링크"),
    (
        "link_invite",
        "Pass this link on to {email}.",
        "이 링크를 {email} 사용자에게 전달하세요.",
    ),
    (
        "link_reset",
        "Pass this link on to {email}; the old password no longer works.",
        "이 링크를 {email} 사용자에게 전달하세요. 기존 비밀번호는 더 이상 쓸 수 없습니다.",
    ),
    (
        "link_once",
        "It is shown only now and works once. Whoever has it can set the password, so send it where only they can read it.",
        "지금만 표시되며 한 번만 쓸 수 있습니다. 링크가 있는 사람은 비밀번호를 정할 수 있으므로 본인만 볼 수 있는 곳으로 보내세요.",
    ),
    ("link_until", "It works until", "유효 기한:"),
    ("link_back", "All invitations", "모든 초대"),
    ("invitation_title", "Set your password", "비밀번호 설정"),
    (
        "invitation_lead",
        "You were invited to Loop as {email}.",
        "{email} 계정으로 Loop에 초대되었습니다.",
    ),
    (
        "invitation_reset",
        "Set another password for {email}.",
        "{email} 계정의 새 비밀번호를 정하세요.",
    ),
    ("invitation_password", "New password", "새 비밀번호"),
    (
        "invitation_rule",
        "At least 8 characters.",
        "8자 이상이어야 합니다.",
    ),
    ("invitation_again", "New password again", "새 비밀번호 확인"),
    ("invitation_submit", "Set the password", "비밀번호 정하기"),
    (
        "invitation_done",
        "Your password is set",
        "비밀번호를 정했습니다",
    ),
    (
        "invitation_done_lead",
        "You can sign in as {email} now.",
        "이제 {email} 계정으로 로그인할 수 있습니다.",
    ),
    (
        "password_short",
        "The password has fewer than 8 characters.",
        "비밀번호가 8자보다 짧습니다.",
    ),
    (
        "password_long",
        "The password is longer than 72 bytes, or has a character that cannot be used.",
        "비밀번호가 72바이트보다 길거나 쓸 수 없는 문자가 있습니다.",
    ),
    (
        "password_differs",
        "The two passwords differ.",
        "두 비밀번호가 다릅니다.",
    ),
    (
        "password_busy",
        "Many people set passwords at this moment. Try again in a few seconds.",
        "지금 비밀번호를 정하는 사람이 많습니다. 몇 초 뒤에 다시 시도해 주세요.",
    ),
    ("error_forbidden_title", "For administrators", "관리자 전용"),
    (
        "error_forbidden_what",
        "Your account may not see this page.",
        "이 계정으로는 이 페이지를 볼 수 없습니다.",
    ),
    (
        "error_forbidden_todo",
        "Ask an administrator if you need it.",
        "필요하면 관리자에게 문의해 주세요.",
    ),
    (
        "error_invitation_gone_title",
        "This link does not work",
        "사용할 수 없는 링크",
    ),
    (
        "error_invitation_gone_what",
        "It was used, taken back, is too old, or was copied only in part.",
        "이미 사용했거나 회수되었거나 만료되었거나 일부만 복사된 링크입니다.",
    ),
    (
        "error_invitation_gone_todo",
        "Ask whoever sent it for another one.",
        "보낸 사람에게 새 링크를 요청해 주세요.",
    ),
];
