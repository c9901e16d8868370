//! What administrators see: lists, one thing in detail, the question before something that hurts, and a link shown once.

mod samples;
mod views;

use serde::Serialize;

use super::Page;
pub use views::{Badge, Choice, Fact, Field, Link, Row, Section, Tone, Value, When};

/// What stands around each admin page.
#[derive(Clone, Debug, Serialize)]
pub struct Shell {
    /// Which entry of the navigation is open.
    pub section: Section,
    /// Who administers.
    pub account: String,
    /// Key of what was just done.
    pub done: Option<&'static str>,
}

/// A list that can be searched and paged.
#[derive(Clone, Debug, Serialize)]
pub struct AdminListPage {
    /// What stands around.
    pub shell: Shell,
    /// Key of the title.
    pub title: &'static str,
    /// Key of what the list is.
    pub lead: &'static str,
    /// Where the search form leads.
    pub action: &'static str,
    /// What can be searched for.
    pub fields: Vec<Field>,
    /// Whether anything is searched for, so that there is something to clear.
    pub searched: bool,
    /// What can be done beside the rows.
    pub links: Vec<Link>,
    /// What was found.
    pub rows: Vec<Row>,
    /// The address of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
    /// Key of what an empty list says.
    pub empty: &'static str,
    /// Key of what was wrong with the search.
    pub problem: Option<&'static str>,
}

/// One user or client.
#[derive(Clone, Debug, Serialize)]
pub struct AdminDetailPage {
    /// What stands around.
    pub shell: Shell,
    /// Its name.
    pub title: String,
    /// States.
    pub badges: Vec<Badge>,
    /// What is known.
    pub facts: Vec<Fact>,
    /// Roles to choose from, for a user.
    pub roles: Vec<Choice>,
    /// Its identifier, for the form of roles.
    pub id: String,
    /// Key of the title of the rows.
    pub rows_title: &'static str,
    /// What belongs to it.
    pub rows: Vec<Row>,
    /// Key of what is said when nothing does.
    pub empty: &'static str,
    /// What can be done; those that hurt ask first.
    pub links: Vec<Link>,
}

/// Asks before something that hurts.
#[derive(Clone, Debug, Serialize)]
pub struct AdminConfirmPage {
    /// What stands around.
    pub shell: Shell,
    /// Ties the form to the session and to what is asked.
    pub csrf: String,
    /// What is to be done, as a query string.
    pub request: String,
    /// Key of the question.
    pub title: &'static str,
    /// To whom or what.
    pub subject: String,
    /// Keys and numbers of what will happen.
    pub effects: Vec<Fact>,
    /// Key of what the button says.
    pub button: &'static str,
    /// Where no leads.
    pub back: String,
    /// Key of why it cannot be done; there is no button then.
    pub refused: Option<&'static str>,
}

/// Invites somebody.
#[derive(Clone, Debug, Serialize)]
pub struct AdminInvitePage {
    /// What stands around.
    pub shell: Shell,
    /// Ties the form to the session.
    pub csrf: String,
    /// What was typed before.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// Roles to choose from.
    pub roles: Vec<Choice>,
    /// Key of what was wrong.
    pub problem: Option<&'static str>,
}

/// Shows a link, once.
#[derive(Clone, Debug, Serialize)]
pub struct AdminLinkPage {
    /// What stands around.
    pub shell: Shell,
    /// Whose.
    pub email: String,
    /// The link.
    pub link: String,
    /// Until when it works.
    pub until: When,
    /// Whether it is for another password rather than a new account.
    pub reset: bool,
}

/// Somebody opens their link.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationPage {
    /// Ties the form to the browser's cookie and the link.
    pub csrf: String,
    /// The link's secret, for the form.
    pub token: String,
    /// The account.
    pub email: String,
    /// Whether it is for another password rather than a new account.
    pub reset: bool,
    /// Key of what was wrong.
    pub problem: Option<&'static str>,
    /// Whether the password is set.
    pub done: bool,
}

impl Page for AdminListPage {
    const TEMPLATE: &'static str = "admin_list.html";

    fn samples() -> Vec<Self> {
        samples::lists()
    }
}

impl Page for AdminDetailPage {
    const TEMPLATE: &'static str = "admin_detail.html";

    fn samples() -> Vec<Self> {
        samples::details()
    }
}

impl Page for AdminConfirmPage {
    const TEMPLATE: &'static str = "admin_confirm.html";

    fn samples() -> Vec<Self> {
        samples::confirmations()
    }
}

impl Page for AdminInvitePage {
    const TEMPLATE: &'static str = "admin_invite.html";

    fn samples() -> Vec<Self> {
        samples::invites()
    }
}

impl Page for AdminLinkPage {
    const TEMPLATE: &'static str = "admin_link.html";

    fn samples() -> Vec<Self> {
        samples::links()
    }
}

impl Page for InvitationPage {
    const TEMPLATE: &'static str = "invitation.html";

    fn samples() -> Vec<Self> {
        samples::invitations()
    }
}
