//! Parameters of graphs and projects.

use super::{AS_OF, CURSOR, list, number, required, text};
use crate::params::Param;

pub(super) const DIRECTION: Param = text(
    "direction",
    "Which way: out (what the note names), in (what names it) or both. Without it: both.",
    "방향: out(노트가 가리키는 것), in(노트를 가리키는 것), both. 없으면 both",
    "both",
);
pub(super) const RELATION: Param = list(
    "relation",
    "Only these, any of: link, parent, project, validates, validated_by, condition, depends_on, …",
    "이 관계만. link, parent, project, validates, validated_by, condition, depends_on 등. 없으면 모두",
    "parent",
);
pub(super) const DEPTH: Param = number("depth", (1, 6, 1), "How many edges away.", "몇 다리까지");
const CENTRE: Param = required(text(
    "id",
    "The note in the middle: an id, an alias, a name or a path.",
    "가운데 노트의 id, 별칭, 이름, 경로",
    "prj-sori-beta",
));

/// Query of `/api/graph`.
pub(crate) static GRAPH: &[Param] = &[
    CENTRE,
    DEPTH,
    DIRECTION,
    RELATION,
    number(
        "limit",
        (1, 200, 100),
        "Most notes of a page.",
        "한 쪽의 최대 노트 수",
    ),
    CURSOR,
    AS_OF,
];

/// Query of `/api/graph/path`.
pub(crate) static GRAPH_PATH: &[Param] = &[
    required(text(
        "from",
        "Where the way starts: an id, an alias, a name or a path.",
        "시작하는 노트의 id, 별칭, 이름, 경로",
        "tsk-sori-05",
    )),
    required(text(
        "to",
        "Where it ends.",
        "끝나는 노트의 id, 별칭, 이름, 경로",
        "prj-sori-login",
    )),
    DIRECTION,
    RELATION,
    number(
        "limit",
        (1, 20, 3),
        "Most ways; `total` counts all shortest ones.",
        "최대 경로 수. `total` 은 모든 최단 경로의 수",
    ),
    AS_OF,
];

/// Query of `/api/projects/{id}`.
pub(crate) static OVERVIEW: &[Param] = &[
    number(
        "limit",
        (1, 200, 100),
        "Most entities of a page.",
        "한 쪽의 최대 엔티티 수",
    ),
    CURSOR,
    AS_OF,
];
