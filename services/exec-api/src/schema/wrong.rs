//! What a value that cannot be read must be instead, by the kind of its field.

use super::Kind;
use crate::warning::{Said, said};

/// The code of the warning, and the end of a sentence that begins with the field's name.
pub(super) fn must_be(kind: Kind) -> (&'static str, Said) {
    match kind {
        Kind::Text => (
            "bad_text",
            said(
                "must be a text of at most 200 characters",
                "200자까지의 글이어야 합니다",
            ),
        ),
        Kind::Day => (
            "bad_date",
            said(
                "must be a day such as 2026-06-03",
                "2026-06-03 같은 날짜여야 합니다",
            ),
        ),
        Kind::Month => (
            "bad_month",
            said(
                "must be YYYY-MM in quotes, such as \"2026-05\"",
                "\"2026-05\"처럼 따옴표 안의 YYYY-MM이어야 합니다",
            ),
        ),
        Kind::Currency => (
            "bad_currency",
            said(
                "must be a currency code such as KRW or USD",
                "KRW, USD 같은 통화 코드여야 합니다",
            ),
        ),
        Kind::Word(words) => {
            let words = words.join(", ");
            (
                "bad_word",
                said(
                    format!("must be one of: {words}"),
                    format!("다음 가운데 하나여야 합니다: {words}"),
                ),
            )
        }
        Kind::Money(_) | Kind::Rate => (
            "bad_amount",
            said(
                "must be a decimal in quotes above zero and at most 1000000",
                "0보다 크고 1000000까지인, 따옴표 안의 소수여야 합니다",
            ),
        ),
        Kind::Lines(_) => (
            "bad_lines",
            said(
                "must be a list with one entry for each line",
                "한 줄에 항목 하나인 목록이어야 합니다",
            ),
        ),
    }
}
