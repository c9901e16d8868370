//! What grants check, read at once.

use crate::{code::AuthCode, grant::Grant, refresh::RefreshToken, user::User};

/// Everything a refresh checks, read at once.
#[derive(Clone, Debug)]
pub struct RefreshContext {
    /// The token presented.
    pub token: RefreshToken,
    /// Its family.
    pub grant: Grant,
    /// Whose it is.
    pub user: User,
}

/// Everything a code exchange checks, read at once.
#[derive(Clone, Debug)]
pub struct CodeContext {
    /// The code presented.
    pub code: AuthCode,
    /// What it opens.
    pub grant: Grant,
    /// Who granted it.
    pub user: User,
}
