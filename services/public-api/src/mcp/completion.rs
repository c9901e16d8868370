//! Completion: what may be written for an argument, from what the vault holds.
//!
//! In: what is being completed and the letters typed so far. Out: at most 100 values, those that begin with the letters
//! first. Never: a value that the caller could not read in a note.
//! Source: MCP 2025-11-25 and 2026-07-28, "Completion".

use std::collections::BTreeMap;

use loop_shared::vault::text::fold;
use loop_vault::{Note, Snapshot};
use rmcp::ErrorData;
use rmcp::model::{CompleteResult, CompletionInfo, Reference};

use super::{prompts, resources};

/// Longest text that is completed, in characters; a longer one matches nothing.
const MAX_TYPED: usize = 200;

/// What kind of value an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Anything; there is nothing to propose.
    Free,
    /// Paths of notes.
    Paths,
    /// Ids of entities.
    Ids,
    /// Ids of projects.
    Projects,
    /// People that something is assigned to.
    Assignees,
    /// Tags.
    Tags,
    /// Statuses.
    Statuses,
}

/// Proposes values for `argument` of `reference`, given what is `typed`.
///
/// # Errors
/// Invalid params (-32602) for a prompt, template or argument that is not there.
pub(super) fn complete(
    snapshot: &Snapshot,
    reference: &Reference,
    argument: &str,
    typed: &str,
) -> Result<CompleteResult, ErrorData> {
    let invalid = |text: &str| ErrorData::invalid_params(text.to_owned(), None);
    let values = match reference {
        Reference::Prompt(prompt) => prompts::values_of(&prompt.name, argument),
        Reference::Resource(template) => match (template.uri.as_str(), argument) {
            (resources::NOTE_TEMPLATE, "path") => Some(Values::Paths),
            (resources::ENTITY_TEMPLATE, "id") => Some(Values::Ids),
            _ => None,
        },
        _ => None,
    };
    let values = values.ok_or_else(|| invalid("There is no such prompt, template or argument."))?;
    let found = proposals(snapshot, values, typed);
    let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let more = found.len() > CompletionInfo::MAX_VALUES;
    let first = found.into_iter().take(CompletionInfo::MAX_VALUES).collect();
    let info = CompletionInfo::with_pagination(first, Some(total), more)
        .map_err(|text| ErrorData::internal_error(text, None))?;
    Ok(CompleteResult::new(info))
}

/// Every value that holds the letters: those that begin with them first, then the frequent ones, then by name.
fn proposals(snapshot: &Snapshot, values: Values, typed: &str) -> Vec<String> {
    let typed = fold(typed.trim());
    if typed.chars().count() > MAX_TYPED {
        return Vec::new();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for note in snapshot.notes() {
        each(values, note, &mut |value| {
            *counts.entry(value).or_default() += 1;
        });
    }
    let mut found: Vec<(bool, usize, &str)> = counts
        .into_iter()
        .filter_map(|(value, count)| {
            let folded = fold(value);
            let begins = folded.starts_with(&typed);
            (begins || folded.contains(&typed)).then_some((begins, count, value))
        })
        .collect();
    found.sort_by(|a, b| (b.0, b.1, a.2).cmp(&(a.0, a.1, b.2)));
    found
        .into_iter()
        .map(|(_, _, value)| value.to_owned())
        .collect()
}

fn each<'a>(values: Values, note: &'a Note, take: &mut impl FnMut(&'a str)) {
    let entity = note.entity.as_ref();
    let id = || entity.and_then(|entity| Some(entity.entity_id.as_ref()?.as_str()));
    match values {
        Values::Free => (),
        Values::Paths => take(note.path.as_str()),
        Values::Ids => id().into_iter().for_each(take),
        Values::Projects => {
            let kind = entity.and_then(|entity| entity.entity_type.as_deref());
            let project = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("project"));
            id().filter(|_| project).into_iter().for_each(take);
        }
        Values::Assignees => entity
            .and_then(|entity| entity.assignee.as_deref())
            .into_iter()
            .for_each(take),
        Values::Tags => note.tags.iter().map(String::as_str).for_each(take),
        Values::Statuses => entity
            .and_then(|entity| entity.status.as_deref())
            .into_iter()
            .for_each(take),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Snapshot {
        let task = |id: &str, who: &str, status: &str| {
            format!(
                "---\nentity_type: Task\nentity_id: {id}\nassignee: {who}\nstatus: {status}\ntags: [ops, 결제/환불]\n---\n"
            )
        };
        let project = "---\nentity_type: Project\nentity_id: prj-pay\nstatus: doing\n---\n";
        let notes = [
            ("a/tsk-1.md", task("tsk-1", "김은향", "doing")),
            ("a/tsk-2.md", task("tsk-2", "이도윤", "done")),
            ("b/pay.md", project.to_owned()),
        ];
        Snapshot::of_texts(notes.iter().map(|(p, t)| (*p, t.as_str())))
    }

    #[test]
    fn values_that_begin_with_the_letters_come_first_and_then_the_frequent_ones() {
        let vault = vault();
        for (values, typed, expected) in [
            (Values::Ids, "", &["prj-pay", "tsk-1", "tsk-2"][..]),
            (Values::Ids, "TSK", &["tsk-1", "tsk-2"]),
            (Values::Ids, "2", &["tsk-2"]),
            (Values::Projects, "", &["prj-pay"]),
            (Values::Projects, "tsk", &[]),
            (Values::Assignees, "은", &["김은향"]),
            (Values::Statuses, "do", &["doing", "done"]),
            (Values::Tags, "결", &["결제/환불"]),
            (Values::Paths, "pay", &["b/pay.md"]),
            (Values::Free, "", &[]),
        ] {
            assert_eq!(
                proposals(&vault, values, typed),
                expected,
                "{values:?} {typed:?}"
            );
        }
        assert!(proposals(&vault, Values::Ids, &"t".repeat(MAX_TYPED + 1)).is_empty());
    }

    #[test]
    fn at_most_a_hundred_values_are_given_with_the_true_total() {
        let texts: Vec<_> = (0..250).map(|n| format!("n{n:03}.md")).collect();
        let vault = Snapshot::of_texts(texts.iter().map(|path| (path.as_str(), "")));
        let reference = Reference::for_resource(resources::NOTE_TEMPLATE);
        let info = complete(&vault, &reference, "path", "N0")
            .unwrap()
            .completion;
        assert_eq!((info.values.len(), info.total), (100, Some(100)));
        let info = complete(&vault, &reference, "path", "n")
            .unwrap()
            .completion;
        assert_eq!((info.values.len(), info.total), (100, Some(250)));
        assert_eq!(info.has_more, Some(true));
    }

    #[test]
    fn every_argument_of_every_prompt_can_be_asked_for_and_others_are_refused() {
        let vault = vault();
        for prompt in prompts::listed() {
            for argument in prompt.arguments.unwrap_or_default() {
                let reference = Reference::for_prompt(&prompt.name);
                assert!(
                    complete(&vault, &reference, &argument.name, "").is_ok(),
                    "{}",
                    prompt.name
                );
                assert!(complete(&vault, &reference, "nothing", "").is_err());
            }
        }
        assert!(complete(&vault, &Reference::for_prompt("other"), "question", "").is_err());
        assert!(complete(&vault, &Reference::for_resource("x://{y}"), "y", "").is_err());
    }
}
