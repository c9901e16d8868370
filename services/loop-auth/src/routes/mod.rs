//! One endpoint a file: extract, call one rule, render.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod consent;
pub(crate) mod device;
pub(crate) mod device_authorization;
pub(crate) mod federation;
pub(crate) mod federation_pages;
pub(crate) mod home;
pub(crate) mod identities;
pub(crate) mod introspect;
pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod metadata;
pub(crate) mod not_found;
pub(crate) mod par;
pub(crate) mod passkey;
pub(crate) mod register;
pub(crate) mod registration;
pub(crate) mod revocations;
pub(crate) mod revoke;
pub(crate) mod second_step;
pub(crate) mod token;
pub(crate) mod userinfo;
