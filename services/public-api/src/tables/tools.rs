//! Arguments of tools, where they are others than the parameters of a route.

use super::graph::{DIRECTION, RELATION};
use super::{AS_OF, CODE, CURSOR, LEVEL, QUERY, number, required, text};
use crate::params::Param;

/// Arguments of `search`, of which ChatGPT sends `query` alone.
pub(crate) static TOOL_SEARCH: &[Param] = &[
    Param {
        name: "query",
        ..QUERY
    },
    number("limit", (1, 50, 10), "Most results.", "최대 결과 수"),
    CURSOR,
    AS_OF,
];

/// Arguments of `fetch`: ChatGPT sends `id` alone.
pub(crate) static TOOL_FETCH: &[Param] = &[
    required(text(
        "id",
        "The `id` of a search result: a note's path. An entity's id or alias works too.",
        "검색 결과의 `id`",
        "50_Projects/prj-sori-beta/Tasks/tsk-sori-05.md",
    )),
    number(
        "offset",
        (0, 1_000_000_000, 0),
        "Where to go on in a long note: `metadata.next_offset` of the answer before. 0 is the beginning.",
        "긴 노트를 이어 읽을 자리",
    ),
];

/// Arguments of `get_entity`.
pub(crate) static GET_ENTITY: &[Param] = &[
    required(text(
        "id",
        "The entity's id or an alias, such as tsk-sori-05.",
        "엔티티의 id 또는 별칭",
        "tsk-sori-05",
    )),
    AS_OF,
];

/// Arguments of `graph`.
pub(crate) static TOOL_GRAPH: &[Param] = &[
    required(text(
        "id",
        "The note in the middle: an id, an alias, a name or a path.",
        "가운데 노트의 id, 별칭, 이름, 경로",
        "prj-sori-beta",
    )),
    text(
        "to",
        "Another note: gives the shortest ways there instead of what is around.",
        "다른 노트. 주면 둘레 대신 그곳까지의 최단 경로",
        "prj-sori-login",
    ),
    number("depth", (1, 4, 1), "How many edges away.", "몇 다리까지"),
    DIRECTION,
    RELATION,
    number(
        "limit",
        (1, 50, 15),
        "Most notes, or ways.",
        "최대 노트 수 또는 경로 수",
    ),
    CURSOR,
    AS_OF,
];

/// Arguments of `project_overview`.
pub(crate) static TOOL_PROJECT: &[Param] = &[
    required(text(
        "id",
        "The project's id, alias or name; any entity with others below it will do.",
        "프로젝트의 id, 별칭, 이름. 아래에 다른 것이 있는 엔티티면 된다",
        "prj-sori-beta",
    )),
    number(
        "limit",
        (1, 100, 10),
        "Most entities below it on a page; 1 when only the sums matter.",
        "한 쪽에 보일 아래 엔티티의 최대 수",
    ),
    CURSOR,
    AS_OF,
];

/// Arguments of `lint`.
pub(crate) static TOOL_LINT: &[Param] = &[
    LEVEL,
    CODE,
    number("limit", (1, 100, 10), "Most findings.", "최대 문제 수"),
    CURSOR,
    AS_OF,
];
