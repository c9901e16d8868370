//! Query strings and tool arguments against one table.

use super::*;

const fn param(name: &'static str, kind: Kind) -> Param {
    Param {
        name,
        kind,
        required: false,
        about: "x",
        about_ko: "x",
        example: "x",
    }
}

static TABLE: &[Param] = &[
    param("type", Kind::List),
    param("q", Kind::Text),
    param(
        "limit",
        Kind::Number {
            min: 1,
            max: 100,
            default: 20,
        },
    ),
];
static NEEDED: &[Param] = &[Param {
    required: true,
    ..param("q", Kind::Text)
}];

#[test]
fn lists_are_repeated_or_separated_by_commas_in_query_and_json_alike() {
    for raw in [
        "type=Task&type=Project",
        "type=Task,Project",
        "type=%20Task%20,,Project,",
        "type=Task%2CProject",
    ] {
        let got = Values::from_query(raw, TABLE).unwrap();
        assert_eq!(got.list("type"), ["Task", "Project"], "{raw}");
    }
    for arguments in [
        json!({"type": ["Task", "Project"]}),
        json!({"type": "Task,Project"}),
    ] {
        let got = Values::from_json(arguments.as_object().unwrap(), TABLE).unwrap();
        assert_eq!(got.list("type"), ["Task", "Project"], "{arguments}");
    }
}

#[test]
fn a_refused_query_says_what_to_write() {
    for (raw, expected) in [
        (
            "colour=red",
            "There is no parameter \"colour\" here. Known: type, q, limit.",
        ),
        ("q=a&q=b", "The parameter `q` was sent twice; send it once."),
        (
            "limit=0",
            "The parameter `limit` must be a whole number from 1 to 100.",
        ),
        (
            "limit=ten",
            "The parameter `limit` must be a whole number from 1 to 100.",
        ),
        (
            "limit=",
            "The parameter `limit` must be a whole number from 1 to 100.",
        ),
        (
            "limit=99999999999999999999999",
            "The parameter `limit` must be a whole number from 1 to 100.",
        ),
    ] {
        let got = Values::from_query(raw, TABLE).unwrap_err().to_string();
        assert_eq!(got, expected, "{raw}");
    }
    let long = format!("q={}", "가".repeat(MAX_TEXT + 1));
    assert!(Values::from_query(&long, TABLE).is_err());
    assert!(Values::from_query(&long[..long.len() - 3], TABLE).is_ok());
    assert!(Values::from_query(&format!("type={}", "a,".repeat(MAX_VALUES + 1)), TABLE).is_err());
}

#[test]
fn numbers_fall_back_to_their_default_and_null_counts_as_not_sent() {
    let none = Values::from_query("", TABLE).unwrap();
    assert_eq!(
        (
            none.number("limit", TABLE),
            none.text("q"),
            none.list("type").len()
        ),
        (20, None, 0)
    );
    let arguments = json!({"q": null, "limit": 7, "type": null});
    let some = Values::from_json(arguments.as_object().unwrap(), TABLE).unwrap();
    assert_eq!((some.number("limit", TABLE), some.text("q")), (7, None));
    for bad in [
        json!({"limit": 1.5}),
        json!({"limit": -1}),
        json!({"q": 1}),
        json!({"type": [1]}),
        json!({"type": {}}),
    ] {
        assert!(
            Values::from_json(bad.as_object().unwrap(), TABLE).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn a_required_parameter_must_hold_something() {
    for (raw, good) in [("", false), ("q=", false), ("q=%20", false), ("q=x", true)] {
        assert_eq!(Values::from_query(raw, NEEDED).is_ok(), good, "{raw:?}");
    }
}
