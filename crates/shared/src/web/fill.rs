//! Values in texts: `{name}`.

use std::collections::HashMap;

use serde_json::Value;

/// Template filter `fill(name=value)`: replaces `{name}` in one pass, so that a value which itself
/// looks like a placeholder stays as it is. Not marked safe: the whole text is escaped afterwards.
///
/// # Errors
/// The text is none, a brace stays open, or a name has no value.
#[expect(clippy::implicit_hasher, reason = "tera calls filters like this")]
pub fn fill(text: &Value, values: &HashMap<String, Value>) -> tera::Result<Value> {
    let text = text
        .as_str()
        .ok_or_else(|| tera::Error::msg("fill: not a text"))?;
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| tera::Error::msg("fill: a brace stays open"))?;
        let value = values
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| tera::Error::msg(format!("fill: no value for {name}")))?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_placeholder_stays_as_it_is() {
        let values = HashMap::from([
            ("app".to_owned(), Value::from("{host}")),
            ("host".to_owned(), Value::from("example.com")),
        ]);
        let got = fill(&Value::from("{app} at {host}"), &values).unwrap();
        assert_eq!(got, Value::from("{host} at example.com"));
        assert!(fill(&Value::from("{nobody}"), &values).is_err());
    }
}
