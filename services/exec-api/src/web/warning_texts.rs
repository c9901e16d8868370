//! What each warning means, in every language; the answer's own words follow it on the page.

use loop_shared::web::Phrase;

/// A table: one line a text.
#[rustfmt::skip]
pub(super) const TEXTS: &[Phrase] = &[
    Phrase::new("warning_bad_amount", "An amount cannot be read", "금액을 읽을 수 없습니다"),
    Phrase::new("warning_bad_currency", "A currency is not known", "알 수 없는 통화입니다"),
    Phrase::new("warning_bad_date", "A date cannot be read", "날짜를 읽을 수 없습니다"),
    Phrase::new("warning_bad_lines", "Lines of a note cannot be read", "노트의 줄을 읽을 수 없습니다"),
    Phrase::new("warning_bad_text", "A text cannot be read", "글을 읽을 수 없습니다"),
    Phrase::new("warning_bad_word", "A word is none of those that are allowed", "허용되지 않는 값입니다"),
    Phrase::new("warning_broken_note", "A note cannot be read", "노트를 읽을 수 없습니다"),
    Phrase::new("warning_closed_too_early", "A month was closed before it ended", "끝나지 않은 달이 마감되었습니다"),
    Phrase::new("warning_contradiction", "Notes contradict each other", "노트들이 서로 어긋납니다"),
    Phrase::new("warning_incomplete_plan", "The plan is not complete", "계획이 완전하지 않습니다"),
    Phrase::new("warning_late_position", "A position should have been filled by now", "이미 채워졌어야 할 자리입니다"),
    Phrase::new("warning_missing_field", "A property is missing", "속성이 빠져 있습니다"),
    Phrase::new("warning_no_balance", "An account has no balance", "잔액이 없는 계좌입니다"),
    Phrase::new("warning_no_cost", "A cost is not known", "비용을 알 수 없습니다"),
    Phrase::new("warning_no_rate", "An exchange rate is missing", "환율이 없습니다"),
    Phrase::new("warning_open_months", "Months are not closed yet", "아직 마감되지 않은 달이 있습니다"),
    Phrase::new("warning_unexplained_change", "A balance changed without an explanation", "잔액 변화가 설명되지 않습니다"),
    Phrase::new("warning_unknown_account", "An account is not known", "알 수 없는 계좌입니다"),
];
