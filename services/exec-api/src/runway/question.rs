//! The question: its parameters, the same for REST, MCP and the page.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Month;
use crate::money::{Currency, LARGEST};
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

/// How many closed months are averaged unless said otherwise.
const DEFAULT_MONTHS: u32 = 3;
/// The most months that may be averaged.
pub(crate) const MAX_MONTHS: u32 = 24;
/// The most people that a scenario may add.
const MAX_HIRES: u32 = 1_000;
/// Income may fall to nothing.
const MINUS_HUNDRED: Decimal = Decimal::from_parts(100, 0, 0, true, 0);

/// The parameters.
pub(crate) const PARAMS: &[Param] = &[
    Param::new(
        "as_of",
        Kind::Day,
        "The day for which to answer; what became known later is not seen. Without it: today (UTC).",
        "기준일. 뒤에 알려진 것은 보지 않는다. 없으면 오늘(UTC).",
    ),
    Param::new(
        "currency",
        Kind::Currency,
        "Currency of totals and outlooks; others are converted by the vault's rates. Without it: KRW.",
        "합계와 전망의 통화. 다른 통화는 볼트의 환율로 바꾼다. 없으면 KRW.",
    ),
    Param::new(
        "months",
        Kind::Whole {
            min: 1,
            max: MAX_MONTHS,
            default: DEFAULT_MONTHS,
        },
        "How many closed months the outlook averages.",
        "전망이 평균하는 마감 월 수.",
    ),
    Param::new(
        "hiring",
        Kind::Word {
            words: &["none", "plan"],
            default: "none",
        },
        "`plan` fills the hiring plan's positions as planned.",
        "`plan` 은 채용 계획대로 채운다고 본다.",
    ),
    Param::new(
        "hires",
        Kind::Whole {
            min: 0,
            max: MAX_HIRES,
            default: 0,
        },
        "More people than that.",
        "그보다 더 뽑는 사람 수.",
    ),
    Param::new(
        "hire_cost",
        Kind::Decimal {
            min: Decimal::ZERO,
            max: LARGEST,
        },
        "What each of them costs a month, in `currency`. Without it: the average of the hiring plan.",
        "그 한 사람의 월 비용(`currency`). 없으면 채용 계획의 평균.",
    ),
    Param::new(
        "hire_from",
        Kind::Month,
        "The month they start. Without it: the first month of the outlook.",
        "시작하는 달. 없으면 전망의 첫 달.",
    ),
    Param::new(
        "revenue_change",
        Kind::Decimal {
            min: MINUS_HUNDRED,
            max: Decimal::ONE_THOUSAND,
        },
        "Change of income in percent, such as -20.",
        "수입의 변화(퍼센트). 예: -20.",
    ),
    Param::new(
        "revenue_from",
        Kind::Month,
        "The month that change begins. Without it: the first month of the outlook.",
        "변화가 시작하는 달. 없으면 전망의 첫 달.",
    ),
];

/// Whether the hiring plan is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Hiring {
    /// Nobody is hired.
    #[default]
    None,
    /// Positions are filled as planned.
    Plan,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) as_of: NaiveDate,
    pub(crate) currency: Currency,
    pub(crate) months: u32,
    pub(crate) hiring: Hiring,
    pub(crate) hires: u32,
    pub(crate) hire_cost: Option<Decimal>,
    pub(crate) hire_from: Option<Month>,
    pub(crate) revenue_change: Decimal,
    pub(crate) revenue_from: Option<Month>,
}

impl Question {
    /// Reads checked values; what they do not say is today, won, three months and no scenario.
    ///
    /// # Errors
    /// [`Refusal`] when a cost has more decimals than its currency.
    pub(crate) fn of(values: &Values, today: NaiveDate) -> Result<Self, Refusal> {
        let currency = values.currency("currency").unwrap_or(Currency::KRW);
        let hire_cost = values.decimal("hire_cost");
        if hire_cost.is_some_and(|cost| cost.normalize().scale() > currency.minor_units()) {
            let wrong = format!(
                "has more than the {} decimals of {currency}.",
                currency.minor_units()
            );
            return Err(Refusal::parameter("hire_cost", wrong));
        }
        Ok(Self {
            as_of: values.day("as_of").unwrap_or(today),
            currency,
            months: values.whole("months", PARAMS),
            hiring: match values.text("hiring") {
                Some("plan") => Hiring::Plan,
                _ => Hiring::None,
            },
            hires: values.whole("hires", PARAMS),
            hire_cost,
            hire_from: values.month("hire_from"),
            revenue_change: values.decimal("revenue_change").unwrap_or_default(),
            revenue_from: values.month("revenue_from"),
        })
    }
}
