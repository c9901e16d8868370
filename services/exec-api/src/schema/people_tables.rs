//! The tables about people.

use super::Kind::{Day, Money, Text, Word};
use super::Sign::NotNegative;
use super::tables::CURRENCY;
use super::{Entity, Field};

/// States of a position.
const POSITION_STATUS: &[&str] = &["planned", "open", "filled", "cancelled"];

pub(crate) const PERSON: Entity = Entity {
    name: "Person",
    about: "Somebody who works here, or did.",
    about_ko: "일하는, 또는 일했던 사람.",
    fields: &[
        Field::must(
            "entity_id",
            Text,
            "How pay names the person.",
            "보수 노트가 부르는 이름.",
        ),
        Field::must("team", Text, "The team.", "팀."),
        Field::must("role", Text, "What the person does.", "역할."),
        Field::must("joined", Day, "First day.", "첫날."),
        Field::may(
            "left",
            Day,
            "Last day; absent while here.",
            "마지막 날. 있는 동안은 적지 않는다.",
        ),
    ],
    example: "entity_type: Person\nentity_id: person-cfo\nentity_name: \"정하린\"\nteam: finance\nrole: CFO\njoined: 2026-05-01",
};

pub(crate) const COMPENSATION: Entity = Entity {
    name: "Compensation",
    about: "What a person costs in a month from a day on, until a later note.",
    about_ko: "어느 날부터 한 사람의 월 비용. 다음 노트까지.",
    fields: &[
        Field::must(
            "person",
            Text,
            "The person's `entity_id`.",
            "사람의 `entity_id`.",
        ),
        CURRENCY,
        Field::must("from", Day, "First day.", "첫날."),
        Field::must(
            "monthly_cost",
            Money(NotNegative),
            "All that the company pays in a month.",
            "회사가 한 달에 내는 모든 비용.",
        ),
    ],
    example: "entity_type: Compensation\nentity_id: pay-cfo-2026-05\nperson: person-cfo\ncurrency: KRW\nfrom: 2026-05-01\nmonthly_cost: 11200000",
};

pub(crate) const POSITION: Entity = Entity {
    name: "Position",
    about: "A place in the hiring plan. `planned` and `open` ones count; `filled` and `cancelled` ones do not.",
    about_ko: "채용 계획의 자리. `planned` 와 `open` 만 센다.",
    fields: &[
        Field::must("entity_id", Text, "Its name.", "이름."),
        Field::must("team", Text, "The team.", "팀."),
        Field::must("role", Text, "What the person will do.", "역할."),
        CURRENCY,
        Field::must("start", Day, "First day, as planned.", "예정된 첫날."),
        Field::must(
            "monthly_cost",
            Money(NotNegative),
            "All that the company will pay in a month.",
            "회사가 한 달에 낼 모든 비용.",
        ),
        Field::must("status", Word(POSITION_STATUS), "Where it stands.", "상태."),
    ],
    example: "entity_type: Position\nentity_id: pos-backend-2\nteam: engineering\nrole: Backend engineer\ncurrency: KRW\nstart: 2027-02-01\nmonthly_cost: 8300000\nstatus: planned",
};
