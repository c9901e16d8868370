//! Everything that admin pages can show: nothing, much, long names, hostile names, what is wrong.

use chrono::{DateTime, Utc};

use super::{
    AdminConfirmPage, AdminDetailPage, AdminInvitePage, AdminLinkPage, AdminListPage, Badge,
    Choice, Fact, Field, InvitationPage, Link, Row, Section, Shell, Tone, When,
};
use crate::pages::EVIL;

fn shell(section: Section, account: &str) -> Shell {
    Shell {
        section,
        account: account.to_owned(),
        done: None,
    }
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap_or_default()
}

fn roles() -> Vec<Choice> {
    [
        ("member", "role_member"),
        ("analyst", "role_analyst"),
        ("exec", "role_exec"),
        ("admin", "role_admin"),
    ]
    .map(|(value, key)| Choice {
        value,
        key,
        chosen: value == "member",
    })
    .to_vec()
}

fn link(about: &str) -> Link {
    Link {
        key: "admin_act_disable",
        about: about.to_owned(),
        href: "/admin/confirm?act=disable&id=1".to_owned(),
        hurts: true,
    }
}

fn row(name: &str) -> Row {
    let now = moment(0);
    Row {
        title: name.to_owned(),
        title_key: None,
        href: Some("/admin/user?id=018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f".to_owned()),
        badges: vec![
            Badge {
                key: "state_active",
                tone: Tone::Good,
            },
            Badge {
                key: "state_disabled",
                tone: Tone::Bad,
            },
        ],
        facts: vec![
            Fact::text("admin_name", name),
            Fact::code("admin_id", "018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f"),
            Fact::key("admin_roles", "role_member"),
            Fact::when("admin_created", Some(moment(-90_000)), "admin_never", now),
            Fact::when("admin_used", None, "admin_never", now),
            Fact::link("admin_user", name, "/admin/user?id=1".to_owned()),
        ],
        links: vec![link(name)],
    }
}

fn names() -> [String; 3] {
    [
        "kim@example.com".to_owned(),
        "아주긴이름".repeat(40),
        EVIL.to_owned(),
    ]
}

fn fields(value: &str) -> Vec<Field> {
    let value = || value.to_owned();
    vec![
        Field::Text {
            name: "q",
            label: "admin_search_user",
            value: value(),
        },
        Field::Day {
            name: "from",
            label: "admin_from",
            value: value(),
        },
        Field::Select {
            name: "role",
            label: "admin_role",
            choices: roles(),
        },
        Field::Hidden {
            name: "user",
            label: "admin_user",
            value: value(),
        },
    ]
}

pub(super) fn lists() -> Vec<AdminListPage> {
    let full = AdminListPage {
        shell: shell(Section::Users, "root@example.com"),
        title: "admin_users",
        lead: "admin_users_lead",
        action: "/admin/users",
        fields: fields("kim"),
        searched: true,
        links: vec![Link {
            key: "admin_invite",
            about: String::new(),
            href: "/admin/invite".to_owned(),
            hurts: false,
        }],
        rows: names().iter().map(|name| row(name)).collect(),
        next: Some("/admin/users?after=1".to_owned()),
        later: true,
        empty: "admin_users_none",
        problem: None,
    };
    let empty = AdminListPage {
        rows: Vec::new(),
        next: None,
        later: false,
        searched: false,
        fields: fields(""),
        ..full.clone()
    };
    let wrong = AdminListPage {
        shell: shell(Section::Audit, EVIL),
        fields: fields(EVIL),
        problem: Some("admin_bad_search"),
        next: Some(format!("/admin/audit?who={EVIL}")),
        ..full.clone()
    };
    let done = AdminListPage {
        shell: Shell {
            done: Some("done_disable"),
            ..shell(Section::Clients, "root@example.com")
        },
        ..empty.clone()
    };
    vec![full, empty, wrong, done]
}

pub(super) fn details() -> Vec<AdminDetailPage> {
    let of = |name: &String| {
        let row = row(name);
        AdminDetailPage {
            shell: shell(Section::Users, "root@example.com"),
            title: name.clone(),
            badges: row.badges.clone(),
            facts: row.facts.clone(),
            roles: roles(),
            id: EVIL.to_owned(),
            rows_title: "admin_grants",
            rows: vec![row],
            empty: "admin_grants_none",
            links: vec![link(name)],
        }
    };
    let mut all: Vec<_> = names().iter().map(of).collect();
    all.push(AdminDetailPage {
        roles: Vec::new(),
        rows: Vec::new(),
        links: Vec::new(),
        ..of(&"Grafana".to_owned())
    });
    all
}

pub(super) fn confirmations() -> Vec<AdminConfirmPage> {
    let of = |name: &String| AdminConfirmPage {
        shell: shell(Section::Users, "root@example.com"),
        csrf: "c".repeat(43),
        request: format!("act=disable&id={name}"),
        title: "confirm_disable",
        subject: name.clone(),
        effects: vec![
            Fact::text("effect_sessions", "3"),
            Fact::text("effect_grants", "1000+"),
            Fact::key("effect_login", "effect_login_off"),
        ],
        button: "admin_act_disable",
        back: "/admin/user?id=1".to_owned(),
        refused: None,
    };
    let mut all: Vec<_> = names().iter().map(of).collect();
    all.push(AdminConfirmPage {
        refused: Some("refused_own"),
        ..of(&"root@example.com".to_owned())
    });
    all
}

pub(super) fn invites() -> Vec<AdminInvitePage> {
    let problems = [None, Some("invite_taken"), Some("invite_bad_email")];
    problems
        .map(|problem| AdminInvitePage {
            shell: shell(Section::Invitations, "root@example.com"),
            csrf: "c".repeat(43),
            email: problem.map_or(String::new(), |_| EVIL.to_owned()),
            name: problem.map_or(String::new(), |_| EVIL.to_owned()),
            roles: roles(),
            problem,
        })
        .to_vec()
}

pub(super) fn links() -> Vec<AdminLinkPage> {
    [("kim@example.com", false), (EVIL, true)]
        .map(|(email, reset)| AdminLinkPage {
            shell: shell(Section::Invitations, "root@example.com"),
            email: email.to_owned(),
            link: format!(
                "https://loop.example.com/oauth/invitation?token={}",
                "t".repeat(43)
            ),
            until: When::new(moment(7 * 86_400), moment(0)),
            reset,
        })
        .to_vec()
}

pub(super) fn invitations() -> Vec<InvitationPage> {
    let of = |email: &str, problem, reset, done| InvitationPage {
        csrf: "c".repeat(43),
        token: "t".repeat(43),
        email: email.to_owned(),
        reset,
        problem,
        done,
    };
    vec![
        of("kim@example.com", None, false, false),
        of(EVIL, Some("password_short"), true, false),
        of("kim@example.com", Some("password_differs"), false, false),
        of("kim@example.com", None, false, true),
    ]
}
