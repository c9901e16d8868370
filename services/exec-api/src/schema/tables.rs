//! The tables themselves.

use super::Kind::{Currency, Day, Lines, Money, Month, Rate, Text, Word};
use super::Sign::{Any, NotNegative};
use super::people_tables::{COMPENSATION, PERSON, POSITION};
use super::{Entity, Field};

/// Ways money goes.
const DIRECTIONS: &[&str] = &["in", "out"];

const FLOW_FIELDS: &[Field] = &[
    Field::must(
        "date",
        Day,
        "Day on which the money moved.",
        "돈이 움직인 날.",
    ),
    Field::must(
        "direction",
        Word(DIRECTIONS),
        "`in` or `out`.",
        "`in` 들어옴, `out` 나감.",
    ),
    Field::must(
        "amount",
        Money(NotNegative),
        "How much, without a sign.",
        "금액. 부호 없이.",
    ),
    Field::must(
        "category",
        Text,
        "What for: `sales`, `payroll`, `rent`, …. `transfer` is money between own accounts and counts nowhere.",
        "무엇에: `sales`, `payroll`, `rent` 등. `transfer` 는 자기 계좌 사이의 이동이며 세지 않는다.",
    ),
    Field::may("counterparty", Text, "From or to whom.", "상대."),
];

const PLAN_FIELDS: &[Field] = &[
    Field::must(
        "direction",
        Word(DIRECTIONS),
        "`in` or `out`.",
        "`in` 들어옴, `out` 나감.",
    ),
    Field::must(
        "category",
        Text,
        "As in the transactions.",
        "거래의 분류와 같게.",
    ),
    Field::must(
        "amount",
        Money(NotNegative),
        "Planned for the whole month.",
        "그 달 전체의 계획.",
    ),
];

pub(super) const CURRENCY: Field = Field::must(
    "currency",
    Currency,
    "Of every amount in the note.",
    "노트 안 모든 금액의 통화.",
);

pub(crate) const CASH_ACCOUNT: Entity = Entity {
    name: "CashAccount",
    about: "An account that holds money. Every open account needs a balance, or its currency has no total.",
    about_ko: "돈이 든 계좌. 열린 계좌마다 잔액이 있어야 그 통화의 합계가 나온다.",
    fields: &[
        Field::must(
            "entity_id",
            Text,
            "How balances name it.",
            "잔액 노트가 부르는 이름.",
        ),
        CURRENCY,
        Field::must("opened", Day, "First day.", "첫날."),
        Field::may(
            "closed",
            Day,
            "Last day; absent while open.",
            "마지막 날. 열려 있으면 적지 않는다.",
        ),
    ],
    example: "entity_type: CashAccount\nentity_id: acc-usd\nentity_name: \"Dollar account\"\ncurrency: USD\nopened: 2026-01-05",
};

pub(crate) const CASH_BALANCE: Entity = Entity {
    name: "CashBalance",
    about: "What an account held at the end of a day, by its statement.",
    about_ko: "어느 날 끝의 계좌 잔액. 거래 명세서대로.",
    fields: &[
        Field::must(
            "account",
            Text,
            "The account's `entity_id`.",
            "계좌의 `entity_id`.",
        ),
        CURRENCY,
        Field::must("date", Day, "The day.", "그날."),
        Field::must(
            "balance",
            Money(Any),
            "Balance; negative when overdrawn.",
            "잔액. 마이너스 가능.",
        ),
    ],
    example: "entity_type: CashBalance\nentity_id: bal-usd-2026-10\naccount: acc-usd\ncurrency: USD\ndate: 2026-10-31\nbalance: \"61250.40\"",
};

pub(crate) const CASH_MONTH: Entity = Entity {
    name: "CashMonth",
    about: "One month of one currency as the books close it. It counts from the day in `closed`; transfers between own accounts are in neither sum.",
    about_ko: "한 통화의 한 달 결산. `closed` 날부터 센다. 자기 계좌 사이의 이동은 어느 합계에도 없다.",
    fields: &[
        Field::must("month", Month, "The month, in quotes.", "달. 따옴표 안에."),
        CURRENCY,
        Field::must(
            "cash_balance",
            Money(Any),
            "All accounts of the currency on the month's last day.",
            "그 통화 모든 계좌의 말일 잔액.",
        ),
        Field::must(
            "income",
            Money(NotNegative),
            "Received in the month.",
            "그 달에 받은 돈.",
        ),
        Field::must(
            "burn",
            Money(NotNegative),
            "Paid out in the month (gross).",
            "그 달에 나간 돈(총액).",
        ),
        Field::may(
            "closed",
            Day,
            "Day the books were closed; absent while they are open.",
            "마감한 날. 마감 전에는 적지 않는다.",
        ),
    ],
    example: "entity_type: CashMonth\nentity_id: cash-2026-05\nmonth: \"2026-05\"\ncurrency: KRW\ncash_balance: 2410000000\nincome: 95000000\nburn: 301000000\nclosed: 2026-06-04",
};

pub(crate) const TRANSACTION: Entity = Entity {
    name: "Transaction",
    about: "One movement of money. Many of one month are better lines of a `Ledger`.",
    about_ko: "돈의 움직임 하나. 한 달에 여럿이면 `Ledger` 의 줄로 적는다.",
    fields: &[
        CURRENCY,
        FLOW_FIELDS[0],
        FLOW_FIELDS[1],
        FLOW_FIELDS[2],
        FLOW_FIELDS[3],
        FLOW_FIELDS[4],
    ],
    example: "entity_type: Transaction\nentity_id: tx-2026-10-07-1\ncurrency: KRW\ndate: 2026-10-07\ndirection: out\namount: 12400000\ncategory: rent\ncounterparty: \"한빛빌딩\"",
};

pub(crate) const LEDGER: Entity = Entity {
    name: "Ledger",
    about: "The movements of one month in one currency. For a closed month their sums must be those of its `CashMonth`.",
    about_ko: "한 통화 한 달의 움직임. 마감한 달이면 합계가 `CashMonth` 와 같아야 한다.",
    fields: &[
        Field::must(
            "month",
            Month,
            "Every line's date lies in it.",
            "모든 줄의 날짜가 이 달이다.",
        ),
        CURRENCY,
        Field::must(
            "lines",
            Lines(FLOW_FIELDS),
            "One for each movement.",
            "움직임마다 한 줄.",
        ),
    ],
    example: "entity_type: Ledger\nentity_id: ledger-2026-10-usd\nmonth: \"2026-10\"\ncurrency: USD\nlines:\n  - {date: 2026-10-09, direction: in, amount: \"9000.00\", category: sales, counterparty: \"Northwind\"}\n  - {date: 2026-10-25, direction: out, amount: \"4125.50\", category: cloud, counterparty: \"AWS\"}",
};

pub(crate) const CASH_PLAN: Entity = Entity {
    name: "CashPlan",
    about: "What a month was planned to be, by category.",
    about_ko: "분류별 한 달 계획.",
    fields: &[
        Field::must("month", Month, "The month, in quotes.", "달. 따옴표 안에."),
        CURRENCY,
        Field::must(
            "lines",
            Lines(PLAN_FIELDS),
            "One for each category and direction.",
            "분류와 방향마다 한 줄.",
        ),
    ],
    example: "entity_type: CashPlan\nentity_id: plan-2026-12\nmonth: \"2026-12\"\ncurrency: KRW\nlines:\n  - {direction: in, category: sales, amount: 120000000}\n  - {direction: out, category: payroll, amount: 190000000}",
};

pub(crate) const EXCHANGE_RATE: Entity = Entity {
    name: "ExchangeRate",
    about: "What one unit of `base` was worth on a day. Currencies are never added without one.",
    about_ko: "어느 날 `base` 한 단위의 값. 이것 없이는 통화를 더하지 않는다.",
    fields: &[
        Field::must(
            "base",
            Currency,
            "One unit of this …",
            "이 통화 한 단위는 …",
        ),
        Field::must(
            "quote",
            Currency,
            "… is `rate` units of this.",
            "… 이 통화 `rate` 단위.",
        ),
        Field::must(
            "date",
            Day,
            "The day; it holds until a later one.",
            "그날. 다음 환율까지 쓴다.",
        ),
        Field::must("rate", Rate, "More than zero.", "0보다 크다."),
    ],
    example: "entity_type: ExchangeRate\nentity_id: fx-usd-krw-2026-10\nbase: USD\nquote: KRW\ndate: 2026-10-31\nrate: \"1385.20\"",
};

/// Every kind of note that is counted.
pub(crate) const ENTITIES: [Entity; 10] = [
    CASH_ACCOUNT,
    CASH_BALANCE,
    CASH_MONTH,
    TRANSACTION,
    LEDGER,
    CASH_PLAN,
    EXCHANGE_RATE,
    PERSON,
    COMPENSATION,
    POSITION,
];
