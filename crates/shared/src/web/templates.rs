//! Templates with every text of both languages, ready to render.
//!
//! In: a template's name, a language, values. Out: HTML. The texts stand in contexts that are used again: to copy hundreds of
//! them for every page costs more than the page. Never: a value of one page in the next.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};
use tera::{Context, Filter, Tera};

use super::Locale;

/// Contexts that are kept of each language: rendering never waits, so that as many pages are rendered at once as there are
/// threads; on a machine with more of them some copy the texts.
const KEPT: usize = 8;
/// What templates call the language's tag.
const LANGUAGE: &str = "lang";
/// What templates call the texts.
const WORDS: &str = "t";

/// Templates and texts of one site.
pub struct Templates {
    tera: Tera,
    english: Texts,
    korean: Texts,
}

/// The texts of one language, and contexts that hold nothing else.
struct Texts {
    words: Map<String, Value>,
    ready: Mutex<Vec<Context>>,
}

impl Templates {
    /// Compiles templates of these names. `t` is what `words` gives, `lang` the language's tag.
    ///
    /// # Errors
    /// A template does not parse; the build is broken then.
    pub fn new<'t>(
        templates: impl IntoIterator<Item = (&'t str, &'t str)>,
        words: impl Fn(Locale) -> Map<String, Value>,
    ) -> tera::Result<Self> {
        let mut tera = Tera::default();
        tera.add_raw_templates(templates)?;
        tera.set_escape_fn(escape);
        let texts = |locale| Texts {
            words: words(locale),
            ready: Mutex::default(),
        };
        Ok(Self {
            tera,
            english: texts(Locale::En),
            korean: texts(Locale::Ko),
        })
    }

    /// The same with a filter.
    #[must_use]
    pub fn with_filter(mut self, name: &str, filter: impl Filter + 'static) -> Self {
        self.tera.register_filter(name, filter);
        self
    }

    /// Renders a template with the fields of `values` beside the texts.
    ///
    /// # Errors
    /// The template names something that is not there, or `values` have no fields.
    pub fn render(
        &self,
        template: &str,
        locale: Locale,
        values: &impl Serialize,
    ) -> tera::Result<String> {
        let values = serde_json::to_value(values).map_err(tera::Error::json)?;
        let names: Vec<String> = values
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        let texts = self.texts(locale);
        let mut context = texts.take(locale);
        context.extend(Context::from_value(values)?);
        let html = self.tera.render(template, &context);
        for name in &names {
            context.remove(name);
        }
        texts.give_back(context);
        html
    }

    /// The texts of a language, by key.
    #[must_use]
    pub const fn words(&self, locale: Locale) -> &Map<String, Value> {
        &self.texts(locale).words
    }

    const fn texts(&self, locale: Locale) -> &Texts {
        match locale {
            Locale::En => &self.english,
            Locale::Ko => &self.korean,
        }
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

impl Texts {
    fn take(&self, locale: Locale) -> Context {
        let ready = self.ready().pop();
        ready.unwrap_or_else(|| {
            let mut context = Context::new();
            context.insert(LANGUAGE, locale.tag());
            context.insert(WORDS, &self.words);
            context
        })
    }

    /// Keeps a context whose values were removed, unless one of them stood in the place of the texts.
    fn give_back(&self, context: Context) {
        let whole = [LANGUAGE, WORDS]
            .iter()
            .all(|name| context.contains_key(name));
        let mut ready = self.ready();
        if whole && ready.len() < KEPT {
            ready.push(context);
        }
    }

    fn ready(&self) -> MutexGuard<'_, Vec<Context>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Escapes text for elements and quoted attributes. Tera's own also escapes `/`, which protects nothing here and
/// makes every address unreadable.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        r#"{{ lang }}|{{ t.hello }}|{% if page %}<p title="{{ page }}">{{ page }}</p>{% endif %}"#;

    fn templates() -> Templates {
        let words = |locale| {
            let hello = match locale {
                Locale::En => "hello",
                Locale::Ko => "안녕",
            };
            Map::from_iter([("hello".to_owned(), Value::from(hello))])
        };
        Templates::new(
            [("page.html", PAGE), ("broken.html", "{{ nothing }}")],
            words,
        )
        .unwrap()
    }

    fn shown(templates: &Templates, locale: Locale, values: &Value) -> String {
        templates.render("page.html", locale, values).unwrap()
    }

    #[test]
    fn no_value_of_a_page_is_left_for_the_next_and_no_language_for_the_other() {
        let (templates, nothing) = (templates(), serde_json::json!({}));
        let private = serde_json::json!({ "page": "a secret" });
        let html = shown(&templates, Locale::En, &private);
        assert!(html.contains("a secret"), "{html}");
        assert_eq!(shown(&templates, Locale::En, &nothing), "en|hello|");
        assert_eq!(shown(&templates, Locale::Ko, &nothing), "ko|안녕|");
        let failed = templates.render("broken.html", Locale::En, &private);
        assert!(failed.is_err(), "{failed:?}");
        assert_eq!(shown(&templates, Locale::En, &nothing), "en|hello|");
    }

    #[test]
    fn a_value_that_has_the_name_of_the_texts_does_not_take_their_place_for_good() {
        let templates = templates();
        let evil = serde_json::json!({ "t": { "hello": "evil" }, "lang": "xx" });
        assert_eq!(shown(&templates, Locale::En, &evil), "xx|evil|");
        let nothing = serde_json::json!({});
        assert_eq!(shown(&templates, Locale::En, &nothing), "en|hello|");
    }

    #[test]
    fn many_threads_at_once_get_their_own_page_each_and_few_contexts_are_kept() {
        let templates = templates();
        std::thread::scope(|scope| {
            for thread in 0..2 * KEPT {
                let templates = &templates;
                scope.spawn(move || {
                    for turn in 0..50 {
                        let own = format!("{thread}.{turn}");
                        let html = shown(templates, Locale::Ko, &serde_json::json!({"page": own}));
                        assert_eq!(html, format!("ko|안녕|<p title=\"{own}\">{own}</p>"));
                    }
                });
            }
        });
        let kept = templates.korean.ready.lock().unwrap().len();
        assert!((1..=KEPT).contains(&kept), "{kept}");
    }

    #[test]
    fn what_is_shown_is_escaped_and_a_slash_is_left_alone() {
        let evil = serde_json::json!({ "page": "<a href='/x'>&\"" });
        let html = shown(&templates(), Locale::En, &evil);
        let escaped = "&lt;a href=&#39;/x&#39;&gt;&amp;&quot;";
        assert_eq!(
            html,
            format!("en|hello|<p title=\"{escaped}\">{escaped}</p>")
        );
    }
}
