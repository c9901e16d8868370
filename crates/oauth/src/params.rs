//! Request parameters, as RFC 6749 §3.1 and §3.2 want them read.
//!
//! In: decoded name-value pairs, in order, repetitions and all. Out: at most one value for a name.
//! Never: picks one of two ("parameters MUST NOT be included more than once").

/// A parameter came more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parameter is repeated")]
pub struct Repeated;

/// Decoded parameters of one request.
#[derive(Clone, Copy)]
pub struct Params<'a>(&'a [(String, String)]);

impl<'a> Params<'a> {
    /// Wraps decoded pairs.
    #[must_use]
    pub const fn new(pairs: &'a [(String, String)]) -> Self {
        Self(pairs)
    }

    /// The one value of `name`. "Parameters sent without a value MUST be treated as if they were
    /// omitted from the request" (RFC 6749 §3.1).
    ///
    /// # Errors
    /// [`Repeated`] when the name stands there twice, whatever the values.
    pub fn once(&self, name: &str) -> Result<Option<&'a str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The value of a name that may be repeated with one value (`resource`, RFC 8707 §2).
    ///
    /// # Errors
    /// [`Repeated`] when two values differ.
    pub fn agreed(&self, name: &str) -> Result<Option<&'a str>, Repeated> {
        let mut values = self.all(name).filter(|value| !value.is_empty());
        let Some(first) = values.next() else {
            return Ok(None);
        };
        if values.any(|other| other != first) {
            return Err(Repeated);
        }
        Ok(Some(first))
    }

    /// The different values of a name that may be repeated (`resource`, RFC 8707 §2), in order, at most `limit`.
    ///
    /// # Errors
    /// [`Repeated`] when there are more.
    pub fn several(&self, name: &str, limit: usize) -> Result<Vec<&'a str>, Repeated> {
        let mut found: Vec<&str> = Vec::new();
        for value in self.all(name).filter(|value| !value.is_empty()) {
            if found.contains(&value) {
                continue;
            }
            if found.len() == limit {
                return Err(Repeated);
            }
            found.push(value);
        }
        Ok(found)
    }

    /// Names and values together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum()
    }

    fn all(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_once_and_an_empty_value_not_at_all() {
        for (pairs, once, agreed) in [
            (&[][..], Ok(None), Ok(None)),
            (&[("a", "")], Ok(None), Ok(None)),
            (&[("a", "1"), ("b", "2")], Ok(Some("1")), Ok(Some("1"))),
            (&[("a", "1"), ("a", "1")], Err(Repeated), Ok(Some("1"))),
            (&[("a", "1"), ("a", "2")], Err(Repeated), Err(Repeated)),
            (&[("a", ""), ("a", "2")], Err(Repeated), Ok(Some("2"))),
            (&[("A", "1")], Ok(None), Ok(None)),
        ] {
            let pairs: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let params = Params::new(&pairs);
            assert_eq!(params.once("a"), once, "{pairs:?}");
            assert_eq!(params.agreed("a"), agreed, "{pairs:?}");
        }
    }
}
