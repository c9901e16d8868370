//! `GET /api/healthz`, `GET /api/readyz`: how the service is. Served by `loop_shared`, described here. Open to everyone.

use crate::endpoint::{Answer, Endpoint, Group};
use crate::tables;

/// Whether the process runs.
pub(crate) const ALIVE: Endpoint = Endpoint {
    path: "/api/healthz",
    pattern: "/api/healthz",
    id: "get_health",
    group: Group::Service,
    summary: "Whether the service runs",
    summary_ko: "서비스가 살아 있는지",
    about: "",
    about_ko: "",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Health,
    may_miss: false,
};

/// Whether it can serve.
pub(crate) const READY: Endpoint = Endpoint {
    path: "/api/readyz",
    pattern: "/api/readyz",
    id: "get_readiness",
    group: Group::Service,
    summary: "Whether it can serve: the vault is read and the issuer's keys are known",
    summary_ko: "응답할 수 있는지: 볼트를 읽었고 발급자의 키를 알고 있다",
    about: "",
    about_ko: "",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Health,
    may_miss: false,
};
