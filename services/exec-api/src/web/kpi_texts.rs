//! What each KPI counts, in every language.

use loop_shared::web::Phrase;

/// A table: one line a text.
#[rustfmt::skip]
pub(super) const TEXTS: &[Phrase] = &[
    Phrase::new("kpi_active_users", "People with at least one active event in the period, each counted once.", "기간에 활동이 한 번이라도 있는 사람. 한 사람은 한 번만 셉니다."),
    Phrase::new("kpi_new_users", "People whose first event lies in the period.", "기간에 처음 나타난 사람."),
    Phrase::new("kpi_key_event_users", "People who did the configured key event in the period, each counted once.", "기간에 핵심 이벤트를 한 사람. 한 사람은 한 번만 셉니다."),
    Phrase::new("kpi_key_event_total", "How often the configured key event was done in the period.", "기간에 핵심 이벤트가 일어난 횟수."),
    Phrase::new("kpi_retention_day7", "Of the new users of a day, the share active seven days later.", "어느 날의 새 사용자 가운데 이레 뒤에도 활동한 비율."),
    Phrase::new("kpi_funnel_conversion", "Of those who did the funnel's first event, the share that did its last.", "퍼널의 첫 이벤트를 한 사람 가운데 마지막까지 간 비율."),
    Phrase::new("kpi_mrr", "Active paid subscriptions at the end of the period, normalized to a month.", "기간 끝의 유료 구독을 월 단위로 환산한 금액."),
    Phrase::new("kpi_revenue", "Revenue of the period less refunds.", "환불을 뺀 기간의 매출."),
    Phrase::new("kpi_active_subscriptions", "Paid subscriptions that have not expired at the end of the period.", "기간 끝에 만료되지 않은 유료 구독."),
    Phrase::new("kpi_active_trials", "Trials that have not expired at the end of the period.", "기간 끝에 만료되지 않은 체험."),
    Phrase::new("kpi_churn", "Share of the subscriptions active at the period's beginning that were lost in it.", "기간 처음의 구독 가운데 기간 안에 사라진 비율."),
    Phrase::new("kpi_revenue_28d", "Revenue of the last 28 days, as it stood on each day that it was asked for.", "조회한 날을 기준으로 한 지난 28일의 매출."),
];
