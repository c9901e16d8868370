//! Parameters of the change feed.

use super::{CURSOR, number, required, text};
use crate::params::{Kind, Param};

const SINCE: Param = Param {
    kind: Kind::Cursor,
    ..text(
        "since",
        "Behind what: a `cursor`, a day, a time (RFC 3339) or now. Without it: the oldest change that is kept.",
        "어디 뒤부터: `cursor`, 날짜, 시각(RFC 3339) 또는 now. 없으면 남아 있는 가장 오래된 변경부터",
        "2026-01-02",
    )
};

/// Query of `/api/changes`.
pub(crate) static CHANGES: &[Param] = &[
    SINCE,
    number(
        "limit",
        (1, 1_000, 100),
        "Most changes of a page.",
        "한 쪽의 최대 변경 수",
    ),
];

/// Query of `/api/changes/live`.
pub(crate) static LIVE: &[Param] = &[Param {
    about: "Behind what: a `cursor`, a day, a time or now. Without it: now. `Last-Event-ID` goes before it.",
    about_ko: "어디 뒤부터: `cursor`, 날짜, 시각 또는 now. 없으면 now. `Last-Event-ID` 가 앞선다",
    ..SINCE
}];

/// Arguments of `recent_changes`.
pub(crate) static TOOL_CHANGES: &[Param] = &[
    number("limit", (1, 50, 10), "Most changes.", "최대 변경 수"),
    Param {
        about: "`cursor` of the answer before, for older ones.",
        ..CURSOR
    },
];

/// Query of `/api/history/{path}`.
pub(crate) static VERSIONS: &[Param] = &[
    number(
        "limit",
        (1, 100, 20),
        "Most commits of a page.",
        "한 쪽의 최대 커밋 수",
    ),
    CURSOR,
];

/// Query of `/api/history`.
pub(crate) static HISTORY: &[Param] = &[
    required(text(
        "from",
        "The earlier day, time or commit.",
        "앞선 날짜, 시각, 커밋",
        "2026-01-02",
    )),
    required(text(
        "to",
        "The later day, time or commit.",
        "나중 날짜, 시각, 커밋",
        "2026-01-09",
    )),
    number(
        "limit",
        (1, 200, 100),
        "Most changes of a page.",
        "한 쪽의 최대 변경 수",
    ),
    CURSOR,
];
