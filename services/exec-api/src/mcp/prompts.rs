//! Prompts: the questions that come back every week.
//!
//! In: a prompt's name and arguments. Out: the message that the model gets. Never: reads the vault or a provider; the model
//! does that with the tools that the message names.

use loop_shared::auth::Scope;
use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role,
};

/// Longest argument that is taken over, in characters.
const MAX_ARGUMENT_CHARS: usize = 500;

/// One prompt: a text in which `{}` is its argument.
pub(super) struct PromptSpec {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    /// What the tools that it names need.
    pub(super) scope: Scope,
    /// Name, meaning, and what is meant without it; empty when it must be given.
    argument: (&'static str, &'static str, &'static str),
    text: &'static str,
}

/// Every prompt.
pub(super) static ALL: [PromptSpec; 4] = [
    PromptSpec {
        name: "weekly_kpi_review",
        title: "Weekly KPI review",
        about: "Reports what the KPIs did last week, against the week before.",
        scope: Scope::KpiRead,
        argument: (
            "focus",
            "What to look at more closely.",
            "nothing in particular",
        ),
        text: "Review last week's KPIs, in the language of the conversation. Look more closely at: {}\n\n\
            Take the configured KPIs of `kpi_list`, ask `kpi_get` with `interval=week` for the last eight full weeks of each, and report \
            value, change and direction in one table. Name every value that is `stale` with its age, leave running weeks out, \
            and end with the three changes that matter and what to ask next. Do not explain a change that the data does not explain.",
    },
    PromptSpec {
        name: "cash_if_we_hire",
        title: "How long does our cash last if we hire?",
        about: "Compares the base outlook with one that hires more people.",
        scope: Scope::McpExec,
        argument: ("people", "How many people, such as 3.", "3"),
        text: "How long does our cash last if we hire {} more people?\n\n\
            Ask `runway` once with `hires` set to that number, and once more with `hiring=plan` added. Report months left and the day the cash ends \
            for base, for the hires, and for the hires on top of the hiring plan, with what a hire was taken to cost and from which notes. \
            Tell every warning and how old the cash figure is.",
    },
    PromptSpec {
        name: "month_in_cash",
        title: "A month's cash flow against its plan",
        about: "Explains where a month's cash went and how that differs from the plan.",
        scope: Scope::McpExec,
        argument: (
            "month",
            "The month, such as 2026-10.",
            "the last closed month",
        ),
        text: "Explain the cash flow of {} against its plan.\n\n\
            Ask `cashflow` for that month and the two before it, by category and then by counterparty. Report income, burn and net of each currency \
            by itself, the five largest differences from the plan, and what is new against the months before. Quote the notes.",
    },
    PromptSpec {
        name: "headcount_review",
        title: "Headcount and hiring plan",
        about: "Reports who came and went, and what is planned.",
        scope: Scope::McpExec,
        argument: ("team", "One team; all of them without it.", "all teams"),
        text: "Report headcount, joins, leaves and the hiring plan of {}.\n\n\
            Ask `people` (without `detail`), and `runway` with `hiring=plan` for what the plan does to our cash. Costs that are withheld stay withheld.",
    },
];

impl PromptSpec {
    /// How clients see it.
    pub(super) fn listed(&self) -> Prompt {
        let (name, about, otherwise) = self.argument;
        let argument = PromptArgument::new(name)
            .with_description(about)
            .with_required(otherwise.is_empty());
        Prompt::new(self.name, Some(self.about), Some(vec![argument])).with_title(self.title)
    }
}

/// The prompt with a name.
///
/// # Errors
/// Invalid params (-32602) naming those that exist.
pub(super) fn find(name: &str) -> Result<&'static PromptSpec, ErrorData> {
    ALL.iter().find(|spec| spec.name == name).ok_or_else(|| {
        let known = ALL.each_ref().map(|spec| spec.name).join(", ");
        ErrorData::invalid_params(format!("Unknown prompt. There are: {known}."), None)
    })
}

/// The message of a prompt.
///
/// # Errors
/// Invalid params (-32602) for an overlong argument.
pub(super) fn get(
    spec: &PromptSpec,
    request: &GetPromptRequestParams,
) -> Result<GetPromptResult, ErrorData> {
    let (name, _, otherwise) = spec.argument;
    let arguments = request.arguments.as_ref();
    let given = arguments.and_then(|arguments| arguments.get(name)?.as_str());
    let argument = given
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or(otherwise);
    if argument.chars().count() > MAX_ARGUMENT_CHARS {
        let text = format!("The argument {name} has more than {MAX_ARGUMENT_CHARS} characters.");
        return Err(ErrorData::invalid_params(text, None));
    }
    let message = PromptMessage::new_text(Role::User, spec.text.replacen("{}", argument, 1));
    Ok(GetPromptResult::new(vec![message]).with_description(spec.about))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(name: &str, arguments: &serde_json::Value) -> Result<String, ErrorData> {
        let params: GetPromptRequestParams =
            serde_json::from_value(json!({ "name": name, "arguments": arguments })).unwrap();
        let got = get(find(name)?, &params)?;
        Ok(serde_json::to_string(&got.messages).unwrap())
    }

    #[test]
    fn every_prompt_puts_its_argument_or_what_is_meant_without_it_into_its_message() {
        for spec in &ALL {
            let (argument, _, otherwise) = spec.argument;
            assert!(
                ask(spec.name, &json!({ argument: " 다섯 {} " }))
                    .unwrap()
                    .contains("다섯 {}")
            );
            assert!(ask(spec.name, &json!({})).unwrap().contains(otherwise));
            let long = "x".repeat(MAX_ARGUMENT_CHARS + 1);
            assert!(ask(spec.name, &json!({ argument: long })).is_err());
        }
        assert!(
            ask("other", &json!({}))
                .unwrap_err()
                .message
                .contains("cash_if_we_hire")
        );
    }
}
