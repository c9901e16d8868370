//! What people are told when a login does not go on, in every language.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::Inner;
use super::flow::Fault;
use crate::auth::{Role, Scopes};
use crate::web::asset::{BASE_STYLE, PAGES_STYLE};
use crate::web::{Locale, PageError, Pages, Phrase, Scripts, Shell};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A login did not go on.
    Fault(Fault),
    /// Somebody signed out.
    Bye,
    /// A form did not come from one of this session's pages.
    Forged,
    /// The token lacks a scope.
    Lacking(Scopes),
}

/// The whole stylesheet of the notices: that of every page.
pub(crate) fn style() -> String {
    format!("{BASE_STYLE}{PAGES_STYLE}")
}

pub(super) const TEXTS: &[Phrase] = &[
    Phrase::new(
        "title_off",
        "Nobody can sign in here yet",
        "아직 로그인할 수 없습니다",
    ),
    Phrase::new(
        "text_off",
        "These pages have no secret to sign people in with. Whoever runs this server sets WEB_SECRET_FILE.",
        "이 페이지에는 로그인에 쓸 비밀 값이 설정되지 않았습니다. 서버 운영자가 WEB_SECRET_FILE을 설정해야 합니다.",
    ),
    Phrase::new(
        "title_stale",
        "Please sign in once more",
        "다시 로그인해 주세요",
    ),
    Phrase::new(
        "text_stale",
        "This sign-in was begun in another browser, took too long, or was finished before. Cookies must be allowed for this site.",
        "이 로그인은 다른 브라우저에서 시작되었거나, 시간이 지났거나, 이미 끝났습니다. 이 사이트의 쿠키를 허용해야 합니다.",
    ),
    Phrase::new(
        "title_denied",
        "Your account may not see these pages",
        "이 계정으로는 볼 수 없는 페이지입니다",
    ),
    Phrase::new(
        "text_denied",
        "You signed in, but your account has none of the permissions that these pages need, or you chose not to allow it.",
        "로그인은 되었지만, 이 페이지에 필요한 권한이 계정에 없거나 허용하지 않기로 선택했습니다.",
    ),
    Phrase::new(
        "title_failed",
        "The sign-in did not finish",
        "로그인을 마치지 못했습니다",
    ),
    Phrase::new(
        "text_failed",
        "The login server answered something unexpected. Nothing was changed. Try again; if it stays so, whoever runs this server finds the reason in its log.",
        "로그인 서버가 예상과 다르게 응답했습니다. 바뀐 것은 없습니다. 다시 시도해 보고, 계속되면 서버 운영자가 로그에서 이유를 확인할 수 있습니다.",
    ),
    Phrase::new(
        "title_unreachable",
        "The login server does not answer",
        "로그인 서버가 응답하지 않습니다",
    ),
    Phrase::new(
        "text_unreachable",
        "It may be starting again. Wait a moment, then try again.",
        "다시 시작하는 중일 수 있습니다. 잠시 뒤에 다시 시도해 주세요.",
    ),
    Phrase::new("title_over", "Your session is over", "세션이 끝났습니다"),
    Phrase::new(
        "text_over",
        "Sign in again to go on.",
        "계속하려면 다시 로그인해 주세요.",
    ),
    Phrase::new("title_bye", "You are signed out", "로그아웃했습니다"),
    Phrase::new(
        "text_bye",
        "Nothing of you is kept in this browser for these pages.",
        "이 브라우저에는 이 페이지에 대한 정보가 남아 있지 않습니다.",
    ),
    Phrase::new("title_forged", "This form is too old", "오래된 양식입니다"),
    Phrase::new(
        "text_forged",
        "It did not come from a page of your current session. Open the page again, then repeat it.",
        "현재 세션의 페이지에서 온 양식이 아닙니다. 페이지를 다시 열고 시도해 주세요.",
    ),
    Phrase::new(
        "title_lacking",
        "Your account may not see this page",
        "이 계정으로는 볼 수 없는 페이지입니다",
    ),
    Phrase::new(
        "text_lacking",
        "You are signed in, but your account lacks a permission that this page needs:",
        "로그인은 되었지만, 이 페이지에 필요한 권한이 계정에 없습니다.",
    ),
    Phrase::new(
        "how_to_get_it",
        "Ask an administrator for one of these roles, then sign in again.",
        "관리자에게 이 역할 중 하나를 요청한 뒤 다시 로그인해 주세요.",
    ),
    Phrase::new("for_roles", "comes with the roles", "다음 역할에 있습니다:"),
    Phrase::new("link_again", "Sign in", "로그인"),
    Phrase::new("link_retry", "Try again", "다시 시도"),
    Phrase::new(
        "link_switch",
        "Sign in as somebody else",
        "다른 계정으로 로그인",
    ),
    Phrase::new("link_home", "To the first page", "첫 페이지로"),
];

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    text: String,
    needs: Vec<Need>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct Need {
    scope: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
    label: String,
}

/// The notices, ready to render.
pub(super) fn pages(issuer: &str) -> Result<Pages, PageError> {
    let template = ("notice.html", include_str!("../../templates/notice.html"));
    Pages::new(&[template], &[TEXTS], (&style(), &origin(issuer)))
}

/// The origin of an address, for a policy.
pub(crate) fn origin(address: &str) -> String {
    url::Url::parse(address)
        .map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

impl Notice {
    const fn key(self) -> &'static str {
        match self {
            Self::Fault(Fault::Off) => "off",
            Self::Fault(Fault::Stale) => "stale",
            Self::Fault(Fault::Denied) => "denied",
            Self::Fault(Fault::Failed) => "failed",
            Self::Fault(Fault::Unreachable) => "unreachable",
            Self::Fault(Fault::Over) => "over",
            Self::Bye => "bye",
            Self::Forged => "forged",
            Self::Lacking(_) => "lacking",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Fault(Fault::Off | Fault::Unreachable) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(Fault::Stale | Fault::Failed) => StatusCode::BAD_REQUEST,
            Self::Fault(Fault::Over) => StatusCode::UNAUTHORIZED,
            Self::Fault(Fault::Denied) | Self::Forged | Self::Lacking(_) => StatusCode::FORBIDDEN,
            Self::Bye => StatusCode::OK,
        }
    }

    /// Pairs of a text's key and a path below the root.
    const fn links(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Fault(Fault::Off) => &[],
            Self::Fault(Fault::Stale | Fault::Over) | Self::Bye => &[("link_again", "")],
            Self::Fault(Fault::Failed | Fault::Unreachable) => &[("link_retry", "")],
            Self::Fault(Fault::Denied) => &[("link_switch", "signin?switch=1")],
            Self::Forged => &[("link_home", "")],
            Self::Lacking(_) => &[("link_home", ""), ("link_switch", "signin?switch=1")],
        }
    }
}

impl Inner {
    /// The page that tells it. `shell` is what stands around it; without a session there is no menu.
    pub(crate) fn notice(
        &self,
        locale: Locale,
        notice: Notice,
        shell: Option<Shell>,
    ) -> HttpResponse {
        let say = |key: &str| self.notices.say(locale, key);
        let root = self.root();
        let scopes = match notice {
            Notice::Lacking(scopes) => scopes,
            Notice::Fault(Fault::Denied) => self.site.scopes,
            Notice::Fault(_) | Notice::Bye | Notice::Forged => Scopes::NONE,
        };
        let need = |scope: crate::auth::Scope| {
            let roles = Role::ALL
                .into_iter()
                .filter(|role| role.allowed_scopes().contains(scope));
            let roles: Vec<_> = roles.map(Role::as_str).collect();
            Need {
                scope: scope.as_str(),
                text: format!("{} {}", say("for_roles"), roles.join(", ")),
            }
        };
        let link = |(label, path): &(&str, &str)| Link {
            href: format!("{root}{path}"),
            label: say(label),
        };
        let page = Page {
            title: say(&format!("title_{}", notice.key())),
            text: say(&format!("text_{}", notice.key())),
            needs: scopes.into_iter().map(need).collect(),
            links: notice.links().iter().map(link).collect(),
        };
        let shell = shell.unwrap_or_else(|| Shell {
            site: self.site.title.say(locale).to_owned(),
            root: root.clone(),
            ..Shell::default()
        });
        let how = (notice.status(), Scripts::None);
        self.notices
            .answer(how, "notice.html", locale, &shell, &page)
    }
}
