//! All of it behind one name.

use super::{
    Accounts, Admin, AuditLog, ClientAdmin, ClientGrants, Clients, Consents, Devices, Federation,
    Grants, Invitations, Jtis, KeptClients, Logouts, Passkeys, PushedRequests, Registrations,
    SecondFactors, Sessions, SigningKeys, StandingGrants, Users,
};

/// The whole store.
pub trait Store:
    Clients
    + Users
    + Sessions
    + Consents
    + Grants
    + SigningKeys
    + ClientAdmin
    + ClientGrants
    + Jtis
    + KeptClients
    + PushedRequests
    + Registrations
    + Devices
    + StandingGrants
    + Federation
    + SecondFactors
    + Passkeys
    + Logouts
    + Accounts
    + AuditLog
    + Admin
    + Invitations
{
}

impl<T> Store for T where
    T: Clients
        + Users
        + Sessions
        + Consents
        + Grants
        + SigningKeys
        + ClientAdmin
        + ClientGrants
        + Jtis
        + KeptClients
        + PushedRequests
        + Registrations
        + Devices
        + StandingGrants
        + Federation
        + SecondFactors
        + Passkeys
        + Logouts
        + Accounts
        + AuditLog
        + Admin
        + Invitations
{
}
