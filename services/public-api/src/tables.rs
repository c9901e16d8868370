//! Every parameter there is. A filter means the same at `/api/entities` and in `query_entities`.

mod changes;
mod graph;
mod tools;

use crate::params::{Kind, Param};

pub(crate) use changes::{CHANGES, HISTORY, LIVE, TOOL_CHANGES, VERSIONS};
pub(crate) use graph::{GRAPH, GRAPH_PATH, OVERVIEW};
pub(crate) use tools::{GET_ENTITY, TOOL_FETCH, TOOL_GRAPH, TOOL_LINT, TOOL_PROJECT, TOOL_SEARCH};

const fn list(
    name: &'static str,
    about: &'static str,
    about_ko: &'static str,
    example: &'static str,
) -> Param {
    Param {
        name,
        kind: Kind::List,
        required: false,
        about,
        about_ko,
        example,
    }
}

const fn text(
    name: &'static str,
    about: &'static str,
    about_ko: &'static str,
    example: &'static str,
) -> Param {
    Param {
        name,
        kind: Kind::Text,
        required: false,
        about,
        about_ko,
        example,
    }
}

const fn number(
    name: &'static str,
    bounds: (usize, usize, usize),
    about: &'static str,
    about_ko: &'static str,
) -> Param {
    let (min, max, default) = bounds;
    Param {
        name,
        kind: Kind::Number { min, max, default },
        required: false,
        about,
        about_ko,
        example: "",
    }
}

const fn required(param: Param) -> Param {
    Param {
        required: true,
        ..param
    }
}

const TYPE: Param = list(
    "type",
    "Entity types, any of: Task, Project, Program, Hypothesis, Experiment, Condition, Person, …",
    "엔티티 종류. 이 가운데 하나: Task, Project, Program, Hypothesis, Experiment, Condition, Person 등",
    "Task",
);
const STATUS: Param = list(
    "status",
    "Statuses, any of: todo, doing, done, blocked, …",
    "상태. 이 가운데 하나: todo, doing, done, blocked 등",
    "doing",
);
const ASSIGNEE: Param = text(
    "assignee",
    "Who does it, as written in the notes.",
    "담당자 한 사람. 노트에 적힌 대로",
    "김은향",
);
const PROJECT: Param = text(
    "project",
    "Id, alias or note name of one project.",
    "프로젝트 하나의 id, 별칭, 노트 이름",
    "prj-sori-beta",
);
const TAG: Param = list(
    "tag",
    "Tags without #, all of them; a parent tag finds its nested tags.",
    "# 없이 적은 태그. 모두 있어야 한다. 상위 태그는 하위 태그도 찾는다",
    "auth",
);
const FILTER_TEXT: Param = text(
    "q",
    "Words that must all occur in the note.",
    "노트에 모두 나와야 하는 말. 한국어는 낱말 안에서도 찾는다",
    "결제",
);
const SORT: Param = text(
    "sort",
    "Order: updated, created, due, priority, name, id or status; a minus turns it round. Without it: -updated.",
    "정렬: updated, created, due, priority, name, id, status. 앞에 -를 붙이면 거꾸로. 없으면 -updated",
    "-updated",
);
const AS_OF: Param = text(
    "as_of",
    "A past day, time or commit.",
    "이 날짜, 시각, 커밋의 볼트. 없으면 지금",
    "",
);
const CURSOR: Param = Param {
    kind: Kind::Cursor,
    ..text(
        "cursor",
        "`next_cursor` of the page before.",
        "앞 쪽의 `next_cursor`. 필터와 정렬은 그대로 둔다",
        "",
    )
};
const QUERY: Param = required(text(
    "q",
    "What to find: words that must all occur; Korean matches inside words, so 결제 finds 결제는 and 간편결제.",
    "찾을 말. 모두 나와야 한다. 한국어는 낱말 안에서도 찾아, 결제로 결제는, 간편결제도 찾는다",
    "결제",
));

const LEVEL: Param = text(
    "level",
    "The least level: advice (everything), warning or error.",
    "가장 낮은 단계: advice, warning, error. 없으면 advice(모두)",
    "warning",
);
const CODE: Param = list(
    "code",
    "Kinds of findings, any of: yaml-syntax, bad-date, dangling-relation, wrong-type, orphan, …",
    "문제 종류. 이 가운데 하나: yaml-syntax, bad-date, dangling-relation, wrong-type, orphan 등",
    "bad-date",
);

/// Path parameter of `/api/entities/{id}`.
pub(crate) static ENTITY_ID: &[Param] = &[required(text(
    "id",
    "An entity's id or alias.",
    "엔티티의 id 또는 별칭",
    "tsk-sori-05",
))];

/// Path parameter of `/api/notes/{path}`.
pub(crate) static NOTE_PATH: &[Param] = &[required(text(
    "path",
    "The note's path in the vault, folders separated by /, with .md.",
    "볼트 안 노트의 경로. 폴더는 /로 나누고 .md 로 끝난다",
    "50_Projects/prj-sori-beta/Tasks/tsk-sori-05.md",
))];

/// No parameters.
pub(crate) static NONE: &[Param] = &[];

/// Query of `/api/notes/{path}` and `/api/entities/{id}`.
pub(crate) static ONE: &[Param] = &[AS_OF];

/// Query of `/api/entities`.
pub(crate) static ENTITIES: &[Param] = &[
    TYPE,
    STATUS,
    ASSIGNEE,
    PROJECT,
    TAG,
    FILTER_TEXT,
    SORT,
    number(
        "limit",
        (1, 200, 50),
        "Most results of a page.",
        "한 쪽의 최대 결과 수",
    ),
    CURSOR,
    AS_OF,
];

/// Arguments of `query_entities`: the same with smaller pages.
pub(crate) static QUERY_ENTITIES: &[Param] = &[
    TYPE,
    STATUS,
    ASSIGNEE,
    PROJECT,
    TAG,
    FILTER_TEXT,
    SORT,
    number(
        "limit",
        (1, 50, 20),
        "Most results of a page.",
        "한 쪽의 최대 결과 수",
    ),
    CURSOR,
    AS_OF,
];

/// Query of `/api/search`.
pub(crate) static SEARCH: &[Param] = &[
    Param {
        about: "What to find: words that must all occur; Korean matches inside words, so 결제 finds 결제는 and 간편결제. \
Also \"a phrase\", -without, nearlyword~, title: tag: type: status: path:.",
        about_ko: "찾을 말. 모두 나와야 한다. 한국어는 낱말 안에서도 찾아, 결제로 결제는, 간편결제도 찾는다. \
\"구절\", -제외, 비슷한말~, title: tag: type: status: path: 도 쓴다",
        ..QUERY
    },
    number(
        "limit",
        (1, 100, 20),
        "Most results of a page.",
        "한 쪽의 최대 결과 수",
    ),
    CURSOR,
    AS_OF,
];

/// Query of `/api/query`.
pub(crate) static QUERY_LINE: &[Param] = &[
    text(
        "q",
        "The question in one line; without it, every note.",
        "한 줄로 적은 물음. 없으면 모든 노트",
        "due < today and status != done",
    ),
    text(
        "query",
        "The same as JSON: where, sort, group, select.",
        "JSON 으로 적은 물음: where, sort, group, select",
        "{\"where\":{\"field\":\"status\",\"op\":\"=\",\"value\":\"doing\"}}",
    ),
    list(
        "select",
        "Properties to give with each note; without it, those of the question.",
        "노트마다 함께 줄 속성. 없으면 물음에 나온 것",
        "due",
    ),
    number(
        "limit",
        (1, 200, 50),
        "Most results of a page.",
        "한 쪽의 최대 결과 수",
    ),
    CURSOR,
    AS_OF,
];

/// Query of `/api/export`.
pub(crate) static EXPORT: &[Param] = &[
    text(
        "format",
        "ndjson (with texts) or csv. Without it: ndjson.",
        "ndjson(본문 포함) 또는 csv. 없으면 ndjson",
        "csv",
    ),
    text(
        "q",
        "Only notes that fit, in one line as at /api/query; without it, all.",
        "맞는 노트만. /api/query 처럼 한 줄로. 없으면 모두",
        "status = doing",
    ),
    list(
        "columns",
        "Properties that make the columns of a table behind path, id, title and type.",
        "표에서 경로, id, 제목, 종류 뒤에 올 속성",
        "due",
    ),
    AS_OF,
];

/// Query of `/api/lint`.
pub(crate) static LINT: &[Param] = &[
    LEVEL,
    CODE,
    number(
        "limit",
        (1, 1000, 200),
        "Most results of a page.",
        "한 쪽의 최대 결과 수",
    ),
    CURSOR,
    AS_OF,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_everything_is_described_in_both_languages() {
        for table in [
            ENTITY_ID,
            NOTE_PATH,
            ENTITIES,
            QUERY_ENTITIES,
            SEARCH,
            LINT,
            QUERY_LINE,
            TOOL_SEARCH,
            TOOL_FETCH,
            GET_ENTITY,
            CHANGES,
            HISTORY,
            VERSIONS,
            ONE,
            EXPORT,
            LIVE,
            TOOL_CHANGES,
            GRAPH,
            GRAPH_PATH,
            OVERVIEW,
            TOOL_GRAPH,
            TOOL_PROJECT,
            TOOL_LINT,
        ] {
            for (at, param) in table.iter().enumerate() {
                assert!(
                    !param.about.is_empty() && !param.about_ko.is_empty(),
                    "{}",
                    param.name
                );
                assert!(
                    table[..at].iter().all(|earlier| earlier.name != param.name),
                    "{}",
                    param.name
                );
            }
        }
    }

    #[test]
    fn rest_and_mcp_take_the_same_filters() {
        let names = |table: &[Param]| table.iter().map(|param| param.name).collect::<Vec<_>>();
        assert_eq!(names(ENTITIES), names(QUERY_ENTITIES));
    }
}
