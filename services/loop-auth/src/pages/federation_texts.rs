//! What pages say of providers, in both languages.

use super::texts::Text;

/// More of [`super::texts`].
pub(super) const TEXTS: &[Text] = &[
    ("login_or", "or", "또는"),
    (
        "login_with",
        "Continue with {provider}",
        "{provider} 계정으로 계속",
    ),
    ("federation_again", "Back to sign-in", "로그인으로 돌아가기"),
    (
        "federation_cancelled_title",
        "Sign-in was cancelled",
        "로그인이 취소되었습니다",
    ),
    (
        "federation_cancelled_what",
        "Nothing was shared: the sign-in at {provider} was cancelled.",
        "{provider} 로그인이 취소되어 아무것도 공유되지 않았습니다.",
    ),
    (
        "federation_cancelled_todo",
        "Try again, or choose another way to sign in.",
        "다시 시도하거나 다른 방법으로 로그인해 주세요.",
    ),
    (
        "federation_stale_title",
        "This sign-in is over",
        "만료된 로그인입니다",
    ),
    (
        "federation_stale_what",
        "The answer of {provider} came too late, came twice, or belongs to another browser.",
        "{provider}의 응답이 너무 늦었거나 두 번 왔거나 다른 브라우저의 것입니다.",
    ),
    (
        "federation_stale_todo",
        "Begin again in this browser. Cookies must be allowed, and it may take ten minutes at most.",
        "이 브라우저에서 다시 시작해 주세요. 쿠키가 허용되어 있어야 하며 10분 안에 마쳐야 합니다.",
    ),
    (
        "federation_unverified_title",
        "No verified e-mail",
        "확인된 이메일이 없습니다",
    ),
    (
        "federation_unverified_what",
        "{provider} gives no e-mail address for you that it has verified.",
        "{provider}에서 확인된 이메일 주소를 받지 못했습니다.",
    ),
    (
        "federation_unverified_todo",
        "Verify your primary address at {provider} and try again, or sign in another way.",
        "{provider}에서 기본 이메일을 확인한 뒤 다시 시도하거나 다른 방법으로 로그인해 주세요.",
    ),
    (
        "federation_not_allowed_title",
        "No access",
        "접근 권한이 없습니다",
    ),
    (
        "federation_not_allowed_what",
        "Your account at {provider} is not among those that may sign in here.",
        "사용하신 {provider} 계정은 이곳에 로그인할 수 있는 계정이 아닙니다.",
    ),
    (
        "federation_not_allowed_todo",
        "Try another account, or ask the administrator to add your address or group.",
        "다른 계정으로 시도하거나 관리자에게 주소나 그룹을 추가해 달라고 요청해 주세요.",
    ),
    (
        "federation_address_taken_title",
        "There is an account already",
        "이미 계정이 있습니다",
    ),
    (
        "federation_address_taken_what",
        "An account with your address exists and is not connected to {provider}.",
        "같은 주소의 계정이 이미 있으며 {provider}와(과) 연결되어 있지 않습니다.",
    ),
    (
        "federation_address_taken_todo",
        "Sign in with your password, and connect {provider} under “Connected accounts”. An administrator can do that as well.",
        "비밀번호로 로그인한 뒤 ‘연결된 계정’에서 {provider}을(를) 연결해 주세요. 관리자가 연결할 수도 있습니다.",
    ),
    (
        "federation_subject_changed_title",
        "This is another account",
        "다른 계정입니다",
    ),
    (
        "federation_subject_changed_what",
        "Your address is known here, but from another account at {provider} than this one.",
        "주소는 등록되어 있지만 지금 사용한 {provider} 계정과는 다른 계정의 것입니다.",
    ),
    (
        "federation_subject_changed_todo",
        "Use the account you signed in with before. If the address has changed hands, ask the administrator.",
        "이전에 로그인한 계정을 사용해 주세요. 주소의 주인이 바뀌었다면 관리자에게 문의해 주세요.",
    ),
    (
        "federation_linked_elsewhere_title",
        "Already connected",
        "이미 연결된 계정입니다",
    ),
    (
        "federation_linked_elsewhere_what",
        "This account at {provider} is connected to somebody else's account here.",
        "이 {provider} 계정은 이곳의 다른 사람 계정에 연결되어 있습니다.",
    ),
    (
        "federation_linked_elsewhere_todo",
        "Choose another account at {provider}, or remove the connection there first.",
        "다른 {provider} 계정을 선택하거나 먼저 그쪽 연결을 해제해 주세요.",
    ),
    (
        "federation_disabled_title",
        "The account is disabled",
        "사용 중지된 계정입니다",
    ),
    (
        "federation_disabled_what",
        "{provider} says who you are, but your account here is disabled.",
        "{provider}에서 본인임은 확인되었지만 이곳의 계정이 사용 중지되었습니다.",
    ),
    (
        "federation_disabled_todo",
        "Ask the administrator.",
        "관리자에게 문의해 주세요.",
    ),
    (
        "federation_unavailable_title",
        "No answer",
        "응답이 없습니다",
    ),
    (
        "federation_unavailable_what",
        "{provider} does not answer at this moment.",
        "지금 {provider}이(가) 응답하지 않습니다.",
    ),
    (
        "federation_unavailable_todo",
        "Wait a moment and try again, or choose another way to sign in.",
        "잠시 뒤에 다시 시도하거나 다른 방법으로 로그인해 주세요.",
    ),
    (
        "federation_refused_title",
        "Sign-in did not work",
        "로그인하지 못했습니다",
    ),
    (
        "federation_refused_what",
        "What {provider} answered does not fit this sign-in, so it was refused.",
        "{provider}의 응답이 이번 로그인과 맞지 않아 거절했습니다.",
    ),
    (
        "federation_refused_todo",
        "Begin again. If it happens once more, give the administrator the number below.",
        "다시 시작해 주세요. 또 발생하면 아래 번호를 관리자에게 알려 주세요.",
    ),
    (
        "federation_too_many_title",
        "Too many sign-ins",
        "로그인 시도가 너무 많습니다",
    ),
    (
        "federation_too_many_what",
        "Too many sign-ins with {provider} began from your network.",
        "사용 중인 네트워크에서 {provider} 로그인이 너무 많이 시작되었습니다.",
    ),
    (
        "federation_too_many_todo",
        "Wait a little and try again.",
        "잠시 기다린 뒤 다시 시도해 주세요.",
    ),
    ("identities_title", "Connected accounts", "연결된 계정"),
    (
        "identities_lead",
        "Accounts elsewhere that sign you in here as {account}.",
        "{account} 계정으로 로그인할 수 있는 다른 서비스의 계정입니다.",
    ),
    ("identities_none", "None yet.", "아직 없습니다."),
    ("identities_used", "last used {day}", "마지막 사용 {day}"),
    ("identities_remove", "Remove", "해제"),
    (
        "identities_remove_label",
        "Remove {provider}, {account}",
        "{provider} {account} 연결 해제",
    ),
    (
        "identities_fixed",
        "Your account here came from one of these, so they cannot be removed. Ask the administrator.",
        "이곳의 계정이 이 중 하나로 만들어졌으므로 해제할 수 없습니다. 관리자에게 문의해 주세요.",
    ),
    (
        "identities_connect",
        "Connect {provider}",
        "{provider} 연결",
    ),
    ("identities_back", "Back", "뒤로"),
    ("home_identities", "Connected accounts", "연결된 계정"),
];
