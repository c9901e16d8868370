//! Sentences about clients that describe themselves.

use super::texts::Text;

/// The table, as in [`super::texts`].
pub(super) const TEXTS: &[Text] = &[
    ("consent_document", "App of", "앱의 주소"),
    (
        "consent_document_lead",
        "This app is identified by the address {host}. Allow it only if you know that address.",
        "이 앱은 {host} 주소로 식별됩니다. 아는 주소인 경우에만 허용해 주세요.",
    ),
    (
        "consent_elsewhere",
        "The answer goes to {redirect}, which is not the app's own address. Allow it only if you started this connection yourself just now.",
        "결과는 앱의 주소가 아닌 {redirect}(으)로 전달됩니다. 방금 직접 연결을 시작한 경우에만 허용해 주세요.",
    ),
    (
        "error_client_document_title",
        "This app's description cannot be used",
        "앱 설명 문서를 사용할 수 없습니다",
    ),
    (
        "error_client_document_what",
        "The app is identified by a web address, and the document at that address cannot be used here.",
        "이 앱은 웹 주소로 식별되는데, 그 주소의 문서를 여기에서 사용할 수 없습니다.",
    ),
    (
        "error_client_document_todo",
        "Try again in a minute. If it stays so, tell whoever makes the app. You can close this page.",
        "잠시 후 다시 시도해 주세요. 계속되면 앱 제작자에게 알려 주세요. 이 페이지는 닫아도 됩니다.",
    ),
    ("error_detail", "Reason:", "이유:"),
];
