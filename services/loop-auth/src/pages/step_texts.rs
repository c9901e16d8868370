//! What the pages of the second step say.

use super::texts::Text;

/// The table.
pub(super) const TEXTS: &[Text] = &[
    (
        "login_problem_over",
        "That sign-in has ended: it took too long, had too many tries, or how you sign in was changed meanwhile. Start again.",
        "로그인이 끝까지 진행되지 않았습니다. 시간이 초과되었거나, 시도가 너무 많았거나, 그 사이에 로그인 방법이 바뀌었습니다. 처음부터 다시 로그인해 주세요.",
    ),
    ("step_title", "One more step", "한 단계 더"),
    (
        "step_lead",
        "Enter the code that your authenticator app shows for this site.",
        "인증 앱에 표시된 이 사이트의 코드를 입력해 주세요.",
    ),
    (
        "step_lead_recovery",
        "Enter one of the recovery codes that you wrote down. Each is good once.",
        "적어 둔 복구 코드 중 하나를 입력해 주세요. 각 코드는 한 번만 쓸 수 있습니다.",
    ),
    ("step_code", "Code", "코드"),
    ("step_recovery", "Recovery code", "복구 코드"),
    (
        "step_use_recovery",
        "Use a recovery code instead",
        "복구 코드 사용",
    ),
    (
        "step_use_code",
        "Use the authenticator app instead",
        "인증 앱 사용",
    ),
    (
        "step_problem_wrong",
        "This code is not right, or was used already. Wait for the next one and try again.",
        "코드가 올바르지 않거나 이미 사용되었습니다. 다음 코드를 기다렸다가 다시 시도해 주세요.",
    ),
    (
        "step_problem_too_many",
        "Too many wrong codes. Wait a few minutes and try again.",
        "잘못된 코드를 너무 많이 입력했습니다. 몇 분 뒤에 다시 시도해 주세요.",
    ),
    ("totp_heading", "Authenticator app", "인증 앱"),
    (
        "totp_none",
        "After the password, a code from an app on your phone is asked for. A stolen password alone is useless then.",
        "비밀번호를 입력한 뒤 휴대폰 앱의 코드를 한 번 더 확인합니다. 비밀번호가 유출되어도 로그인할 수 없습니다.",
    ),
    ("totp_begin", "Set up an app", "앱 등록"),
    (
        "totp_on",
        "A code is asked for after the password.",
        "비밀번호 입력 뒤 코드를 확인합니다.",
    ),
    ("totp_since", "Since", "등록:"),
    (
        "totp_codes_left",
        "{n} recovery codes are left.",
        "복구 코드가 {n}개 남았습니다.",
    ),
    (
        "totp_codes_renew",
        "Make new recovery codes",
        "복구 코드 새로 만들기",
    ),
    ("totp_remove", "Remove the app …", "앱 제거 …"),
    (
        "totp_remove_what",
        "Then the password alone signs you in, and the recovery codes end.",
        "이후에는 비밀번호만으로 로그인하게 되며 복구 코드는 무효가 됩니다.",
    ),
    ("totp_remove_yes", "Remove the app", "앱 제거"),
    (
        "totp_old",
        "To change this, sign in again: your login is older than ten minutes.",
        "로그인한 지 10분이 지났습니다. 변경하려면 다시 로그인해 주세요.",
    ),
    ("totp_again", "Sign in again", "다시 로그인"),
    (
        "account_done_totp_removed",
        "The authenticator app is removed.",
        "인증 앱을 제거했습니다.",
    ),
    ("totp_title", "Set up an authenticator app", "인증 앱 등록"),
    (
        "totp_scan",
        "Scan this with an authenticator app, or type the key in.",
        "인증 앱으로 QR 코드를 스캔하거나 키를 직접 입력해 주세요.",
    ),
    ("totp_qr", "QR code of the key below", "아래 키의 QR 코드"),
    ("totp_key", "Key", "키"),
    ("totp_code", "Code that the app shows", "앱에 표시된 코드"),
    ("totp_confirm", "Turn on", "켜기"),
    (
        "totp_problem_wrong",
        "This code is not right. Check the time of your phone, and try the next code.",
        "코드가 올바르지 않습니다. 휴대폰의 시간을 확인하고 다음 코드로 다시 시도해 주세요.",
    ),
    (
        "totp_problem_too_many",
        "Too many wrong codes. Wait a few minutes and try again.",
        "잘못된 코드를 너무 많이 입력했습니다. 몇 분 뒤에 다시 시도해 주세요.",
    ),
    ("codes_title", "Your recovery codes", "복구 코드"),
    (
        "codes_lead",
        "Keep these where your phone is not. Each signs you in once when the app is gone. They are shown this once.",
        "휴대폰이 아닌 곳에 보관하세요. 앱을 쓸 수 없을 때 각 코드로 한 번씩 로그인할 수 있습니다. 지금 한 번만 표시됩니다.",
    ),
    ("codes_done", "I have kept them", "보관했습니다"),
];
