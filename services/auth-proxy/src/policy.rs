//! Which tools need which scopes: in calls and in lists alike.
//!
//! In: rules of the configuration, a caller's scopes. Out: yes, or what is needed. Never: shows a tool that may not
//! be called, trusts a name that two readers could read differently.

use loop_shared::auth::Scopes;

use crate::wire::{Object, Raw, raw};

/// Tools whose names match need these scopes too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolRule {
    /// A name in which `*` stands for anything.
    pub(crate) pattern: String,
    /// What is needed besides what opens the server.
    pub(crate) scopes: Scopes,
}

/// What the tool `name` needs by all rules that match.
pub(crate) fn needs(rules: &[ToolRule], name: &str) -> Scopes {
    let matching = rules.iter().filter(|rule| matches(&rule.pattern, name));
    matching.fold(Scopes::NONE, |all, rule| all.union(rule.scopes))
}

/// A result of `tools/list` without the tools for which `may` does not hold; the others keep their bytes.
pub(crate) fn filtered(result: &Raw, may: impl Fn(&str) -> bool) -> Raw {
    let none = || raw(&serde_json::json!({ "tools": [] }));
    let Ok(mut object) = Object::parse(result.get()) else {
        return none();
    };
    let tools = object
        .get("tools")
        .and_then(|tools| serde_json::from_str::<Vec<Raw>>(tools.get()).ok());
    let Some(mut tools) = tools else {
        return none();
    };
    let all = tools.len();
    tools.retain(|tool| {
        let name = Object::parse(tool.get())
            .ok()
            .and_then(|tool| tool.text("name"));
        name.is_some_and(|name| may(&name))
    });
    if tools.len() == all {
        return result.clone();
    }
    let kept = serde_json::value::to_raw_value(&tools);
    object.set(
        "tools",
        kept.unwrap_or_else(|_| raw(&serde_json::json!([]))),
    );
    object.to_raw()
}

/// Whether `pattern`, in which `*` stands for anything, fits the whole `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use loop_shared::auth::Scope;

    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_the_whole_name_must_fit() {
        for (pattern, name, expected) in [
            ("write_file", "write_file", true),
            ("write_file", "write_file2", false),
            ("write_*", "write_file", true),
            ("write_*", "rewrite_file", false),
            ("*", "", true),
            ("*_file", "write_file", true),
            ("*_file", "write_files", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn all_matching_rules_count_and_lists_keep_the_bytes_of_what_stays() {
        let rules =
            [("write_*", Scope::McpExec), ("*_kpi", Scope::KpiRead)].map(|(pattern, scope)| {
                ToolRule {
                    pattern: pattern.to_owned(),
                    scopes: scope.into(),
                }
            });
        let both = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);
        for (name, expected) in [
            ("read", Scopes::NONE),
            ("write_x", Scope::McpExec.into()),
            ("write_kpi", both),
        ] {
            assert_eq!(needs(&rules, name), expected, "{name}");
        }
        let result: Raw = serde_json::from_str(
            r#"{"tools":[{"name":"read","z":1.0},{"name":"write_x"},{"n":1}],"x":1e2}"#,
        )
        .unwrap();
        let kept = filtered(&result, |name| needs(&rules, name).is_empty());
        assert_eq!(kept.get(), r#"{"tools":[{"name":"read","z":1.0}],"x":1e2}"#);
        for odd in [
            r#"{"tools":{"name":"x"}}"#,
            r#"{"tools":[],"tools":[{"name":"x"}]}"#,
            "7",
        ] {
            let odd: Raw = serde_json::from_str(odd).unwrap();
            assert_eq!(filtered(&odd, |_| false).get(), r#"{"tools":[]}"#);
        }
    }
}
