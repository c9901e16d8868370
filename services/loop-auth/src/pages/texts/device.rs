//! What the device pages say.

use super::Text;

/// The table.
pub(super) const TEXTS: &[Text] = &[
    ("device_title", "Connect a device", "기기 연결"),
    (
        "device_lead",
        "Enter the code that your device or program shows.",
        "기기나 프로그램에 표시된 코드를 입력해 주세요.",
    ),
    (
        "device_account",
        "You are signed in as {account}.",
        "{account} 계정으로 로그인되어 있습니다.",
    ),
    ("device_code", "Code", "코드"),
    (
        "device_code_help",
        "Eight letters. Capitals, blanks and dashes do not matter.",
        "영문자 8개입니다. 대소문자, 빈칸, 줄표는 구분하지 않습니다.",
    ),
    ("device_continue", "Continue", "계속"),
    (
        "device_warning",
        "Enter a code only if you started this on your own device just now. Whoever sent you a code or a link to this page wants access to your account.",
        "방금 자신의 기기에서 직접 시작한 경우에만 코드를 입력하세요. 누군가 코드나 이 페이지의 링크를 보냈다면 그 사람이 내 계정에 접근하려는 것입니다.",
    ),
    (
        "device_problem_unknown",
        "No device waits for this code. Check it, or start again on the device: a code is good for a few minutes and for one answer.",
        "이 코드를 기다리는 기기가 없습니다. 코드를 확인하거나 기기에서 다시 시작해 주세요. 코드는 몇 분 동안 한 번만 쓸 수 있습니다.",
    ),
    (
        "device_problem_too_many",
        "Too many wrong codes. Wait a minute and try again.",
        "잘못된 코드를 너무 많이 입력했습니다. 1분 뒤에 다시 시도해 주세요.",
    ),
    (
        "device_problem_nothing",
        "Your account has access to nothing that this device asks for. Nothing was changed.",
        "이 계정에는 기기가 요청한 접근 권한이 없습니다. 변경된 것은 없습니다.",
    ),
    (
        "device_heading",
        "Connect {app} on your device?",
        "기기의 {app} 앱을 연결할까요?",
    ),
    (
        "device_shown_code",
        "Code on the device",
        "기기에 표시된 코드",
    ),
    (
        "device_compare",
        "Allow it only if you started this on your own device just now and it shows this code. Loop never sends anybody a code.",
        "방금 자신의 기기에서 직접 시작했고 그 기기에 이 코드가 표시된 경우에만 허용하세요. Loop는 누구에게도 코드를 보내지 않습니다.",
    ),
    (
        "device_unverified",
        "This app registered itself, so its name is not verified.",
        "이 앱은 스스로 등록했으므로 이름이 확인되지 않았습니다.",
    ),
    (
        "device_allowed_title",
        "Your device is connected",
        "기기가 연결되었습니다",
    ),
    (
        "device_allowed_lead",
        "{app} goes on by itself in a moment. You can close this page.",
        "{app} 앱이 잠시 후 자동으로 계속됩니다. 이 페이지는 닫아도 됩니다.",
    ),
    (
        "device_denied_title",
        "The device was refused",
        "기기 연결을 거부했습니다",
    ),
    (
        "device_denied_lead",
        "{app} got no access. You can close this page.",
        "{app} 앱은 접근 권한을 받지 못했습니다. 이 페이지는 닫아도 됩니다.",
    ),
    ("device_another", "Enter another code", "다른 코드 입력"),
];
