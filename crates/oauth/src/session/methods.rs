//! How somebody was authenticated (RFC 8176).

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// A password.
    Password,
    /// A one-time password of an app.
    Otp,
    /// A recovery code.
    Recovery,
    /// A login at another provider.
    Federated,
    /// A passkey, whose device knew the person.
    Passkey,
}

impl Method {
    /// Every one, in writing order.
    pub const ALL: [Self; 5] = [
        Self::Password,
        Self::Otp,
        Self::Recovery,
        Self::Federated,
        Self::Passkey,
    ];

    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "otp",
            Self::Recovery => "recovery",
            Self::Federated => "federated",
            Self::Passkey => "passkey",
        }
    }

    /// Its registered value (RFC 8176 §2); none for what happened elsewhere.
    const fn amr(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("pwd"),
            Self::Otp | Self::Recovery => Some("otp"),
            Self::Federated => None,
            // "Proof-of-Possession (PoP) of a key"
            Self::Passkey => Some("pop"),
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The ways of one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Methods(u8);

impl Methods {
    /// These and one more.
    #[must_use]
    pub const fn with(self, method: Method) -> Self {
        Self(self.0 | method.bit())
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn contains(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    /// Each of them, in writing order.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL
            .into_iter()
            .filter(move |method| self.contains(*method))
    }

    /// Reads the stored form; `None` for an unknown name, or none at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bits = 0;
        for word in text.split_ascii_whitespace() {
            let known = Method::ALL.into_iter().find(|m| m.as_str() == word)?;
            bits |= known.bit();
        }
        (bits != 0).then_some(Self(bits))
    }

    /// The `amr` claim: `mfa` beside the others when there is more than one (RFC 8176 §2).
    #[must_use]
    pub fn amr(self) -> Vec<&'static str> {
        let mut values: Vec<&'static str> = self.iter().filter_map(Method::amr).collect();
        values.dedup();
        // A passkey is two in one: the device, and what it asks of the person.
        if values.len() > 1 || self.contains(Method::Passkey) {
            values.push("mfa");
        }
        values
    }
}

impl From<Method> for Methods {
    fn from(method: Method) -> Self {
        Self(method.bit())
    }
}

impl std::fmt::Display for Methods {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.iter().map(Method::as_str).collect();
        out.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_read_back_as_written_and_are_told_by_their_registered_values() {
        let password = Methods::from(Method::Password);
        for (methods, text, amr) in [
            (password, "password", vec!["pwd"]),
            (
                password.with(Method::Otp),
                "password otp",
                vec!["pwd", "otp", "mfa"],
            ),
            (
                password.with(Method::Recovery),
                "password recovery",
                vec!["pwd", "otp", "mfa"],
            ),
            (Method::Federated.into(), "federated", vec![]),
            (Method::Passkey.into(), "passkey", vec!["pop", "mfa"]),
        ] {
            assert_eq!(methods.to_string(), text);
            assert_eq!(Methods::parse(text), Some(methods));
            assert_eq!(methods.amr(), amr);
        }
        for text in ["", "magic", "password magic"] {
            assert_eq!(Methods::parse(text), None, "{text:?}");
        }
    }
}
