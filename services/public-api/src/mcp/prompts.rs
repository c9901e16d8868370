//! Prompts: what a person can start a conversation with.
//!
//! In: a prompt's name and arguments. Out: the message that the model gets. Never: reads the vault; the
//! model does that with the tools the message names.

use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role,
};

/// Longest argument that is taken over, in characters.
const MAX_ARGUMENT_CHARS: usize = 2_000;

/// One prompt: a text with one `{}` for its one argument.
struct PromptSpec {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    argument: (&'static str, &'static str),
    text: &'static str,
}

static ALL: [PromptSpec; 2] = [
    PromptSpec {
        name: "ask_vault",
        title: "Ask the vault",
        about: "Answers a question from the team's notes, with sources.",
        argument: ("question", "What you want to know, in Korean or English."),
        text: "Answer this question from the team's vault, in the language of the question:\n\n{}\n\n\
            Use `search` with a few different wordings (Korean and English), read the notes that matter with `fetch`, \
            and name the path of every note you rely on. Say so plainly when the vault does not answer it.",
    },
    PromptSpec {
        name: "project_status",
        title: "Status of a project",
        about: "Reports where a project stands: done, doing, blocked, due.",
        argument: (
            "project",
            "Id or name of the project, such as prj-sori-beta.",
        ),
        text: "Report where this project stands: {}\n\n\
            Find it with `get_entity` (or `search` when that is not its id), list its tasks with `query_entities` \
            filtered by `project`, and report what is done, what is being done and by whom, what is blocked and why, \
            and what is due next. Count from the answers' `total`, not from a page.",
    },
];

/// All prompts.
pub(super) fn listed() -> Vec<Prompt> {
    let listed = |spec: &PromptSpec| {
        let (name, about) = spec.argument;
        let argument = PromptArgument::new(name)
            .with_description(about)
            .with_required(true);
        Prompt::new(spec.name, Some(spec.about), Some(vec![argument])).with_title(spec.title)
    };
    ALL.iter().map(listed).collect()
}

/// The message of a prompt.
///
/// # Errors
/// Invalid params (-32602) for an unknown prompt and for a missing or overlong argument.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let invalid = |text: String| ErrorData::invalid_params(text, None);
    let Some(spec) = ALL.iter().find(|spec| spec.name == request.name) else {
        let known = ALL.each_ref().map(|spec| spec.name).join(", ");
        return Err(invalid(format!("Unknown prompt. There are: {known}.")));
    };
    let (name, about) = spec.argument;
    let arguments = request.arguments.as_ref();
    let given = arguments.and_then(|arguments| arguments.get(name)?.as_str());
    let argument = given.map(str::trim).filter(|text| !text.is_empty());
    let Some(argument) = argument else {
        return Err(invalid(format!("The argument {name} is missing: {about}")));
    };
    if argument.chars().count() > MAX_ARGUMENT_CHARS {
        return Err(invalid(format!(
            "The argument {name} has more than {MAX_ARGUMENT_CHARS} characters."
        )));
    }
    let text = spec.text.replacen("{}", argument, 1);
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(spec.about))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(name: &str, arguments: &serde_json::Value) -> Result<GetPromptResult, ErrorData> {
        let params = json!({"name": name, "arguments": arguments});
        get(&serde_json::from_value(params).unwrap())
    }

    #[test]
    fn every_listed_prompt_puts_its_argument_into_its_message() {
        for prompt in listed() {
            let argument = prompt.arguments.unwrap().remove(0).name;
            let got = ask(&prompt.name, &json!({argument: " {} 롤백 절차 "})).unwrap();
            let text = serde_json::to_string(&got.messages).unwrap();
            assert!(text.contains("{} 롤백 절차"), "{text}");
        }
    }

    #[test]
    fn an_unknown_prompt_and_a_bad_argument_say_what_to_do() {
        let long = "x".repeat(MAX_ARGUMENT_CHARS + 1);
        for (name, arguments, expected) in [
            ("other", json!({}), "There are: ask_vault, project_status."),
            ("ask_vault", json!({}), "question is missing"),
            (
                "ask_vault",
                json!({"question": "  "}),
                "question is missing",
            ),
            ("ask_vault", json!({"question": 7}), "question is missing"),
            ("project_status", json!({"project": long}), "more than 2000"),
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
