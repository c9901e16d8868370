//! The schema's history. Migrations only go forward.
//!
//! In: a database of this or an older version. Out: one of this version. Never: touches a newer one.

mod m20251121_000000_create;
mod m20261121_010000_add_pkce_phases;
mod m20261121_020000_add_jtis;
mod m20261121_020100_add_client_keys;
mod m20261121_030000_add_client_removal;
mod m20261121_031000_create_client_grants;
mod m20261121_032000_create_device_authorizations;
mod m20261121_040000_add_pushed_requests;
mod m20261121_041000_add_dpop_keys;
mod m20261121_042000_add_more_resources;
mod m20261121_050000_add_openid_connect;
mod m20261121_060000_add_retired_at;
mod m20261128_010000_add_account_traces;
mod m20261128_011000_add_second_factors;
mod m20261128_020000_add_federation;
mod m20261128_030000_create_audit;
mod m20261128_031000_create_invitations;
mod m20261128_060000_add_device_identity;
mod m20261128_100000_add_passkeys;
mod m20261128_120000_index_open_grants;

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20251121_000000_create::Migration),
            Box::new(m20261121_010000_add_pkce_phases::Migration),
            Box::new(m20261121_050000_add_openid_connect::Migration),
            Box::new(m20261121_030000_add_client_removal::Migration),
            Box::new(m20261121_031000_create_client_grants::Migration),
            Box::new(m20261121_020000_add_jtis::Migration),
            Box::new(m20261121_020100_add_client_keys::Migration),
            Box::new(m20261121_040000_add_pushed_requests::Migration),
            Box::new(m20261121_032000_create_device_authorizations::Migration),
            Box::new(m20261121_041000_add_dpop_keys::Migration),
            Box::new(m20261121_042000_add_more_resources::Migration),
            Box::new(m20261121_060000_add_retired_at::Migration),
            Box::new(m20261128_010000_add_account_traces::Migration),
            Box::new(m20261128_011000_add_second_factors::Migration),
            Box::new(m20261128_020000_add_federation::Migration),
            Box::new(m20261128_030000_create_audit::Migration),
            Box::new(m20261128_031000_create_invitations::Migration),
            Box::new(m20261128_060000_add_device_identity::Migration),
            Box::new(m20261128_100000_add_passkeys::Migration),
            Box::new(m20261128_120000_index_open_grants::Migration),
        ]
    }
}
