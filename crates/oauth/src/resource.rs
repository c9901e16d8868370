//! Resource indicators (RFC 8707): which `aud` a token is minted for.
//!
//! In: what a client asked for. Out: one of the configured resources, in its canonical form.
//! Never: a resource nobody configured.

use std::sync::{Arc, OnceLock};

use loop_shared::auth::scope::Scopes;
use url::Url;

/// A protected resource that tokens can be minted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its identifier: the canonical `aud`, no trailing slash.
    pub id: String,
    /// What it can grant.
    pub scopes: Scopes,
}

/// The configured resources, in order; never empty. Clones share the list, also one that replaces it later.
#[derive(Clone, Debug)]
pub struct Resources(Arc<Edition>);

/// A list, and the one that replaced it. Lists are never taken away, so what a request found stays while it is used;
/// they are short, and replaced by an operator alone.
#[derive(Debug)]
struct Edition {
    first: Resource,
    others: Vec<Resource>,
    next: OnceLock<Arc<Self>>,
}

impl Resources {
    /// Reads the setting `url=scope scope,url=scope`.
    ///
    /// # Errors
    /// A sentence for the operator that names the entry.
    pub fn parse(text: &str) -> Result<Self, String> {
        Edition::parse(text).map(|edition| Self(Arc::new(edition)))
    }

    /// Replaces the list, for every clone; what was found before stays as it was.
    ///
    /// # Errors
    /// As [`Resources::parse`]; the list stays then.
    pub fn replace(&self, text: &str) -> Result<(), String> {
        let mut edition = Arc::new(Edition::parse(text)?);
        let mut last = self.current();
        // Of two who replace at once, the later one's list follows the earlier one's.
        while let Err(refused) = last.next.set(edition) {
            edition = refused;
            last = self.current();
        }
        Ok(())
    }

    fn current(&self) -> &Edition {
        let mut edition = &*self.0;
        while let Some(next) = edition.next.get() {
            edition = next;
        }
        edition
    }

    /// All resources, in the configured order.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        let edition = self.current();
        std::iter::once(&edition.first).chain(&edition.others)
    }

    /// The resource a client named; one trailing slash more or less is the same.
    #[must_use]
    pub fn find(&self, requested: &str) -> Option<&Resource> {
        self.iter().find(|resource| same(&resource.id, requested))
    }

    /// The resource for a client that named none: the first that covers all scopes, else the first
    /// that has any of them, else the first.
    #[must_use]
    pub fn for_scopes(&self, scopes: Scopes) -> &Resource {
        self.iter()
            .find(|resource| scopes.is_subset(resource.scopes))
            .or_else(|| {
                self.iter()
                    .find(|resource| !scopes.intersection(resource.scopes).is_empty())
            })
            .unwrap_or(&self.current().first)
    }

    /// Every scope that some resource can grant.
    #[must_use]
    pub fn all_scopes(&self) -> Scopes {
        self.iter()
            .fold(Scopes::NONE, |all, resource| all.union(resource.scopes))
    }
}

impl Edition {
    fn parse(text: &str) -> Result<Self, String> {
        let mut all: Vec<Resource> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let resource = Resource::parse(entry)?;
            if all.iter().any(|other| same(&other.id, &resource.id)) {
                return Err(format!("resource {:?} is listed twice", resource.id));
            }
            all.push(resource);
        }
        let mut all = all.into_iter();
        let first = all.next().ok_or("no resource is configured")?;
        Ok(Self {
            first,
            others: all.collect(),
            next: OnceLock::new(),
        })
    }
}

impl Resource {
    fn parse(entry: &str) -> Result<Self, String> {
        let (id, scopes) = entry
            .rsplit_once('=')
            .ok_or_else(|| format!("{entry:?} is not `url=scope scope`"))?;
        let id = id.trim().trim_end_matches('/');
        let url =
            Url::parse(id).map_err(|error| format!("resource {id:?} is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || has_extras(&url) {
            return Err(format!(
                "resource {id:?} must be an http(s) URL without query, fragment or userinfo"
            ));
        }
        let scopes = Scopes::parse(scopes).map_err(|error| format!("resource {id:?}: {error}"))?;
        if scopes.is_empty() {
            return Err(format!("resource {id:?} grants no scope"));
        }
        Ok(Self {
            id: id.to_owned(),
            scopes,
        })
    }
}

fn has_extras(url: &Url) -> bool {
    url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
}

/// Whether two identifiers name one resource: equal but for one trailing slash and the case of
/// scheme and host (RFC 3986 §6.2.2.1).
#[must_use]
pub fn same(canonical: &str, requested: &str) -> bool {
    fn trim(id: &str) -> &str {
        id.strip_suffix('/').unwrap_or(id)
    }
    if trim(canonical) == trim(requested) {
        return true;
    }
    // Only the case of scheme and authority may differ; the path is compared to the letter.
    let (Some((scheme_a, host_a, path_a)), Some((scheme_b, host_b, path_b))) =
        (split(trim(canonical)), split(trim(requested)))
    else {
        return false;
    };
    scheme_a.eq_ignore_ascii_case(scheme_b)
        && host_a.eq_ignore_ascii_case(host_b)
        && path_a == path_b
}

fn split(id: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = id.split_once("://")?;
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    (!authority.contains('@')).then_some((scheme, authority, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        Resources::parse(
            "http://localhost:8082/mcp=mcp:read, http://localhost:8082/exec/mcp=mcp:exec kpi:read",
        )
        .unwrap()
    }

    #[test]
    fn a_resource_is_found_by_its_name_and_nothing_near_it() {
        for (requested, expected) in [
            (
                "http://localhost:8082/mcp",
                Some("http://localhost:8082/mcp"),
            ),
            (
                "http://localhost:8082/mcp/",
                Some("http://localhost:8082/mcp"),
            ),
            (
                "HTTP://LocalHost:8082/mcp",
                Some("http://localhost:8082/mcp"),
            ),
            (
                "http://localhost:8082/exec/mcp",
                Some("http://localhost:8082/exec/mcp"),
            ),
            ("http://localhost:8082/mcp//", None),
            ("http://localhost:8082/MCP", None),
            ("http://localhost:8082/mcp#x", None),
            ("http://localhost:8082/mcp?x", None),
            ("http://localhost:8082/x/../mcp", None),
            ("http://localhost:8082", None),
            ("http://localhost/mcp", None),
            ("https://localhost:8082/mcp", None),
            ("http://me@localhost:8082/mcp", None),
            ("/mcp", None),
            ("", None),
        ] {
            let resources = resources();
            let got = resources.find(requested).map(|r| r.id.as_str());
            assert_eq!(got, expected, "{requested:?}");
        }
    }

    #[test]
    fn an_absent_resource_is_the_one_the_scopes_belong_to() {
        for (scopes, expected) in [
            ("", "http://localhost:8082/mcp"),
            ("mcp:read", "http://localhost:8082/mcp"),
            ("mcp:exec", "http://localhost:8082/exec/mcp"),
            ("kpi:read mcp:exec", "http://localhost:8082/exec/mcp"),
            ("mcp:read mcp:exec kpi:read", "http://localhost:8082/mcp"),
        ] {
            let resources = resources();
            let got = resources.for_scopes(Scopes::parse(scopes).unwrap());
            assert_eq!(got.id, expected, "{scopes:?}");
        }
    }

    #[test]
    fn a_list_that_is_replaced_is_replaced_for_every_clone_and_keeps_what_was_found() {
        let resources = resources();
        let clone = resources.clone();
        let found = clone.find("http://localhost:8082/mcp").unwrap();
        assert!(resources.replace("http://localhost/a=vault").is_err());
        assert_eq!(
            clone.iter().count(),
            2,
            "a list that is wrong changes nothing"
        );
        resources.replace("http://localhost/a=mcp:read").unwrap();
        resources.replace("http://localhost/b=mcp:exec").unwrap();
        assert_eq!(found.id, "http://localhost:8082/mcp");
        assert!(clone.find("http://localhost:8082/mcp").is_none());
        assert!(clone.find("http://localhost/a").is_none());
        let only = clone.for_scopes(Scopes::NONE);
        assert_eq!(only.id, "http://localhost/b");
        assert_eq!(clone.all_scopes(), only.scopes);
    }

    #[test]
    fn a_setting_that_cannot_work_is_refused_by_name() {
        for (text, problem) in [
            ("", "no resource"),
            ("http://a/mcp", "not `url=scope scope`"),
            ("http://a/mcp=", "grants no scope"),
            ("http://a/mcp=vault", "unknown scope"),
            ("mcp=mcp:read", "not a URL"),
            ("ftp://a/mcp=mcp:read", "http(s)"),
            ("http://a/mcp#f=mcp:read", "fragment"),
            ("http://a/mcp=mcp:read,http://a/mcp/=mcp:read", "twice"),
        ] {
            let got = Resources::parse(text).unwrap_err();
            assert!(got.contains(problem), "{text:?}: {got}");
        }
    }
}
