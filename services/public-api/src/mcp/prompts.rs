//! Prompts: what a person can start a conversation with.
//!
//! In: a prompt's name and arguments. Out: the message that the model gets. Never: reads the vault; the
//! model does that with the tools the message names.

use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role,
};

use super::completion::Values;

/// Longest argument that is taken over, in characters.
const MAX_ARGUMENT_CHARS: usize = 2_000;

/// One argument of a prompt.
struct ArgumentSpec {
    name: &'static str,
    about: &'static str,
    values: Values,
    /// What stands in the text when it is not sent; `None` when it must be.
    otherwise: Option<&'static str>,
}

/// One prompt: a text in which `{name}` stands for an argument.
struct PromptSpec {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    arguments: &'static [ArgumentSpec],
    text: &'static str,
}

static ALL: [PromptSpec; 5] = [
    PromptSpec {
        name: "ask_vault",
        title: "Ask the vault",
        about: "Answers a question from the team's notes, with sources.",
        arguments: &[ArgumentSpec {
            name: "question",
            about: "What you want to know, in Korean or English.",
            values: Values::Free,
            otherwise: None,
        }],
        text: "Answer this question from the team's vault, in the language of the question:\n\n{question}\n\n\
            Use `search` with a few different wordings (Korean and English), read the notes that matter with `fetch`, \
            and name the path of every note you rely on. Say so plainly when the vault does not answer it.",
    },
    PromptSpec {
        name: "project_status",
        title: "Status of a project",
        about: "Reports where a project stands: done, doing, blocked, due.",
        arguments: &[ArgumentSpec {
            name: "project",
            about: "Id or name of the project, such as prj-sori-beta.",
            values: Values::Projects,
            otherwise: None,
        }],
        text: "Report where this project stands: {project}\n\n\
            Find it with `get_entity` (or `search` when that is not its id), list its tasks with `query_entities` \
            filtered by `project`, and report what is done, what is being done and by whom, what is blocked and why, \
            and what is due next. Count from the answers' `total`, not from a page.",
    },
    PromptSpec {
        name: "weekly_review",
        title: "Weekly review",
        about: "Reviews the week: what was closed, what moves, what is stuck or overdue.",
        arguments: &[
            ArgumentSpec {
                name: "assignee",
                about: "Whose work; everybody's when it is left out.",
                values: Values::Assignees,
                otherwise: Some("everybody"),
            },
            ArgumentSpec {
                name: "tag",
                about: "Only entities with this tag; all when it is left out.",
                values: Values::Tags,
                otherwise: Some("any"),
            },
        ],
        text: "Write the weekly review. Whose work: {assignee}. Tag: {tag}.\n\n\
            List entities with `query_entities` by status (doing, blocked, done, todo), with the filters above when they name \
            somebody or something, most recently updated first. Report: closed in the last seven days; being done and since when; blocked \
            and on what; past its due date; what to decide next. Read the notes that matter with `fetch`, name ids and paths, and count \
            from the answers' `total`, not from a page.",
    },
    PromptSpec {
        name: "list_work",
        title: "List work by status",
        about: "Lists what has a status, by project, the most urgent first.",
        arguments: &[
            ArgumentSpec {
                name: "status",
                about: "A status, such as doing or blocked.",
                values: Values::Statuses,
                otherwise: None,
            },
            ArgumentSpec {
                name: "assignee",
                about: "Whose work; everybody's when it is left out.",
                values: Values::Assignees,
                otherwise: Some("everybody"),
            },
        ],
        text: "List the work with this status: {status}. Whose work: {assignee}.\n\n\
            Use `query_entities` with these filters and follow `next_cursor` to the end. Group by project, the earliest due date and the \
            highest priority first, name ids and assignees, and mark what is overdue. Say how many there are: the answers' `total`.",
    },
    PromptSpec {
        name: "find_contradictions",
        title: "Find contradictions",
        about: "Compares what the notes say about one subject and points out where they disagree.",
        arguments: &[ArgumentSpec {
            name: "topic",
            about: "The subject, such as a decision, a number or a project.",
            values: Values::Free,
            otherwise: None,
        }],
        text: "Find where the team's notes contradict each other about this: {topic}\n\n\
            `search` for it with several wordings (Korean and English), read every note that states something about it with `fetch`, \
            and compare: statuses, dates, numbers, owners, decisions, and hypotheses beside the experiments that validate them. For each \
            contradiction quote both places with their paths and dates, and say which is newer. Say so plainly when there is none.",
    },
];

/// All prompts.
pub(super) fn listed() -> Vec<Prompt> {
    let argument = |spec: &ArgumentSpec| {
        PromptArgument::new(spec.name)
            .with_description(spec.about)
            .with_required(spec.otherwise.is_none())
    };
    let listed = |spec: &PromptSpec| {
        let arguments = spec.arguments.iter().map(argument).collect();
        Prompt::new(spec.name, Some(spec.about), Some(arguments)).with_title(spec.title)
    };
    ALL.iter().map(listed).collect()
}

/// What an argument of a prompt takes; `None` when there is no such argument.
pub(super) fn values_of(prompt: &str, argument: &str) -> Option<Values> {
    let prompt = ALL.iter().find(|spec| spec.name == prompt)?;
    let argument = prompt.arguments.iter().find(|spec| spec.name == argument)?;
    Some(argument.values)
}

/// The message of a prompt.
///
/// # Errors
/// Invalid params (-32602) for an unknown prompt and for a missing or overlong argument.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let Some(spec) = ALL.iter().find(|spec| spec.name == request.name) else {
        let known = ALL.each_ref().map(|spec| spec.name).join(", ");
        return Err(invalid(format!("Unknown prompt. There are: {known}.")));
    };
    let mut text = String::with_capacity(spec.text.len());
    for (at, part) in spec.text.split(['{', '}']).enumerate() {
        match spec.arguments.iter().find(|argument| argument.name == part) {
            Some(argument) if at % 2 == 1 => text.push_str(value(argument, request)?),
            _ => text.push_str(part),
        }
    }
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(spec.about))
}

fn value<'a>(
    argument: &ArgumentSpec,
    request: &'a GetPromptRequestParams,
) -> Result<&'a str, ErrorData> {
    let ArgumentSpec { name, about, .. } = argument;
    let sent = request.arguments.as_ref();
    let sent = sent.and_then(|sent| sent.get(*name)?.as_str());
    let sent = sent.map(str::trim).filter(|text| !text.is_empty());
    match sent.or(argument.otherwise) {
        None => Err(invalid(format!("The argument {name} is missing: {about}"))),
        Some(text) if text.chars().count() > MAX_ARGUMENT_CHARS => Err(invalid(format!(
            "The argument {name} has more than {MAX_ARGUMENT_CHARS} characters."
        ))),
        Some(text) => Ok(text),
    }
}

fn invalid(text: String) -> ErrorData {
    ErrorData::invalid_params(text, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn ask(name: &str, arguments: &serde_json::Value) -> Result<GetPromptResult, ErrorData> {
        let params = json!({"name": name, "arguments": arguments});
        get(&serde_json::from_value(params).unwrap())
    }

    fn text(result: &GetPromptResult) -> String {
        let json = serde_json::to_value(&result.messages[0]).unwrap();
        json["content"]["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn every_listed_prompt_puts_its_arguments_into_its_message_and_leaves_no_place_open() {
        for prompt in listed() {
            let names = prompt.arguments.unwrap().into_iter().map(|a| a.name);
            let sent: Map<_, _> = names
                .map(|name| (name.clone(), json!(format!(" {name} 롤백 "))))
                .collect();
            let got = text(&ask(&prompt.name, &json!(sent)).unwrap());
            for name in sent.keys() {
                assert!(got.contains(&format!("{name} 롤백")), "{got}");
            }
            assert!(!got.contains(['{', '}']), "{got}");
        }
    }

    #[test]
    fn a_place_written_inside_an_argument_is_only_text() {
        let got = text(&ask("weekly_review", &json!({"assignee": "{tag}", "tag": "ops"})).unwrap());
        assert!(got.contains("Whose work: {tag}. Tag: ops."), "{got}");
    }

    #[test]
    fn an_argument_that_may_be_left_out_has_a_word_in_its_place() {
        let got = text(&ask("weekly_review", &json!({"tag": "ops"})).unwrap());
        assert!(got.contains("Whose work: everybody. Tag: ops."), "{got}");
    }

    #[test]
    fn an_unknown_prompt_and_a_bad_argument_say_what_to_do() {
        let long = "x".repeat(MAX_ARGUMENT_CHARS + 1);
        for (name, arguments, expected) in [
            ("other", json!({}), "There are: ask_vault, project_status,"),
            ("ask_vault", json!({}), "question is missing"),
            (
                "ask_vault",
                json!({"question": "  "}),
                "question is missing",
            ),
            ("ask_vault", json!({"question": 7}), "question is missing"),
            ("project_status", json!({"project": long}), "more than 2000"),
            ("weekly_review", json!({"tag": long}), "more than 2000"),
        ] {
            let error = ask(name, &arguments).unwrap_err();
            assert!(
                error.message.contains(expected),
                "{name}: {}",
                error.message
            );
        }
    }
}
