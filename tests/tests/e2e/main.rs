//! The stack, end to end: real binaries, a real nginx, real clients, real sockets.
//!
//! Needs what `make test` installs and names in `LOOP_*`; without it every test says so and is skipped,
//! with `LOOP_E2E` set it fails instead. Each test has its own stack, ports, database and vault.

mod account;
mod api_docs;
mod authorize;
mod browser;
mod browser_admin;
mod cimd;
mod codings;
mod conformance;
mod device;
mod documentation;
mod dpop;
mod everything;
#[path = "../../../services/exec-api/tests/e2e/dashboard.rs"] // private:line
mod exec_dashboard; // private:line
#[path = "../../../services/exec-api/tests/e2e/provider.rs"] // private:line
mod exec_provider; // private:line
#[path = "../../../services/exec-api/tests/e2e/roles.rs"] // private:line
mod exec_roles; // private:line
#[path = "../../../services/exec-api/tests/e2e/views.rs"] // private:line
mod exec_views; // private:line
mod faults;
mod federation;
mod foreign_clients;
mod keys;
mod leaving;
mod mcp_client;
mod metrics;
mod migration;
mod observability;
mod openid;
mod pages;
mod profiles;
mod replicas;
mod restart;
mod revocation;
mod rotation;
mod secrets;
mod soak;
mod support;
mod token_attacks;
mod traces;
mod vault_live;
mod without_nginx;
