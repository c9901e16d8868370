//! What the pages say of passkeys.

use super::texts::Text;

/// The table.
pub(super) const TEXTS: &[Text] = &[
    ("passkey_heading", "Passkeys", "패스키"),
    (
        "passkey_what",
        "Sign in with a fingerprint, a face, a PIN or a security key, without a password. The key never leaves your device.",
        "비밀번호 없이 지문, 얼굴, PIN 또는 보안 키로 로그인합니다. 키는 기기 밖으로 나가지 않습니다.",
    ),
    (
        "passkey_none",
        "You have no passkey yet.",
        "아직 패스키가 없습니다.",
    ),
    ("passkey_unnamed", "Passkey", "패스키"),
    ("passkey_added", "Added", "등록:"),
    ("passkey_used", "Last used", "마지막 사용:"),
    ("passkey_name", "Name, such as “Laptop”", "이름(예: 노트북)"),
    ("passkey_add", "Add a passkey", "패스키 등록"),
    ("passkey_remove", "Remove …", "제거 …"),
    (
        "passkey_remove_what",
        "It signs in nobody any more. Remove it from the device as well.",
        "더 이상 이 패스키로 로그인할 수 없습니다. 기기에서도 삭제해 주세요.",
    ),
    ("passkey_remove_yes", "Remove", "제거"),
    (
        "passkey_script",
        "Passkeys need JavaScript.",
        "패스키를 쓰려면 JavaScript가 필요합니다.",
    ),
    (
        "passkey_problem_device",
        "The device gave no answer, or refused. Try again.",
        "기기가 응답하지 않았거나 거부했습니다. 다시 시도해 주세요.",
    ),
    (
        "passkey_problem_refused",
        "This passkey was not accepted, or it took too long. Try again.",
        "패스키를 확인하지 못했거나 시간이 초과되었습니다. 다시 시도해 주세요.",
    ),
    (
        "passkey_problem_no_room",
        "This passkey is there already, or you have as many as you may have. Remove one first.",
        "이미 등록된 패스키이거나 더 등록할 수 없습니다. 먼저 하나를 제거해 주세요.",
    ),
    (
        "passkey_sign_in",
        "Sign in with a passkey",
        "패스키로 로그인",
    ),
    (
        "login_problem_passkey",
        "This passkey was not accepted, or it took too long. Try again, or use your password.",
        "패스키를 확인하지 못했거나 시간이 초과되었습니다. 다시 시도하거나 비밀번호를 사용해 주세요.",
    ),
    (
        "account_done_passkey_added",
        "The passkey is added.",
        "패스키를 등록했습니다.",
    ),
    (
        "account_done_passkey_removed",
        "The passkey is removed.",
        "패스키를 제거했습니다.",
    ),
];
