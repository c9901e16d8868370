//! Just enough HTML to fill in our own forms.

/// A form: where it goes, what it already says, which buttons send it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent; empty means the page's own address.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Inputs with a name, and their values.
    pub fields: Vec<(String, String)>,
    /// Submit buttons with a name, and their values.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// Whether it has an input of this name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// The value of an input.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Types into an input.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }
}

/// All forms of a page, in order.
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    for tag in tags(html) {
        let attribute = |name: &str| {
            tag.attributes
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        match tag.name.as_str() {
            "form" => {
                let method = attribute("method")
                    .unwrap_or_else(|| "get".to_owned())
                    .to_lowercase();
                forms.push(Form {
                    action: attribute("action").unwrap_or_default(),
                    method,
                    ..Form::default()
                });
                open = true;
            }
            "/form" => open = false,
            "input" | "button" if open => {
                let Some(form) = forms.last_mut() else {
                    continue;
                };
                let Some(name) = attribute("name") else {
                    continue;
                };
                let value = attribute("value").unwrap_or_default();
                let kind = attribute("type").unwrap_or_default();
                let unticked = kind == "checkbox" && attribute("checked").is_none();
                if tag.name == "button" || kind == "submit" {
                    form.buttons.push((name, value));
                } else if !unticked {
                    form.fields.push((name, value));
                }
            }
            _ => {}
        }
    }
    forms
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = tag_end(rest);
        found.push(tag(&rest[..end]));
        rest = &rest[end..];
    }
    found
}

/// Where the tag ends: at a `>` outside quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn tag(text: &str) -> Tag {
    let text = text.trim_end_matches('/');
    let name_end = text.find(|c: char| c.is_whitespace()).unwrap_or(text.len());
    let mut attributes = Vec::new();
    let mut rest = text[name_end..].trim_start();
    while !rest.is_empty() {
        let key_end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let key = rest[..key_end].to_lowercase();
        rest = rest[key_end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (raw, left) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            value = unescape(raw);
            rest = left.trim_start();
        }
        attributes.push((key, value));
    }
    Tag {
        name: text[..name_end].to_lowercase(),
        attributes,
    }
}

/// Turns the entities that templates write back into characters.
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let decoded = rest
            .find(';')
            .and_then(|end| Some((entity(&rest[1..end])?, end)));
        if let Some((c, end)) = decoded {
            out.push(c);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_fields_and_buttons() {
        let page = r#"<!-- <form action="/no"> --><p title="a > b">x</p>
            <form method="POST" action="/oauth/consent?a=1&amp;b=&#x2F;">
              <input type=hidden name=csrf value='a"b'><input name="email" required/>
              <input type="checkbox" name="off" value="1"><input type="checkbox" name="on" value="1" checked>
              <button name="decision" value="allow">Allow</button><button type="submit" name="decision" value="deny"></button>
            </form><input name="outside">"#;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Form {
            action: "/oauth/consent?a=1&b=/".to_owned(),
            method: "post".to_owned(),
            fields: vec![pair("csrf", "a\"b"), pair("email", ""), pair("on", "1")],
            buttons: vec![pair("decision", "allow"), pair("decision", "deny")],
        };
        assert_eq!(forms(page), [expected]);
    }
}
