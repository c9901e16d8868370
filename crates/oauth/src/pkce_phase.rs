//! From whom PKCE is demanded (RFC 7636, RFC 9700 §2.1.1): three phases, from OAuth 2.0 to OAuth 2.1.
//!
//! In: a client and what it sent. Out: the challenge, a refusal, or that the *next* phase would refuse.
//! Never: loosens what a challenge that was sent must prove; reads a phase from a registration.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use loop_shared::service::metrics::PKCE_WOULD_REFUSE;

use crate::{client::Client, code::CodeChallenge, pkce::Requested};

/// A phase, of a server or of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// A challenge is verified when sent; `plain` is a method here and nowhere else.
    Optional,
    /// Required of public clients.
    Public,
    /// Required of every client: OAuth 2.1 (§7.5.2).
    #[default]
    All,
}

impl Enforcement {
    /// The phases in their order.
    pub const ALL: [Self; 3] = [Self::Optional, Self::Public, Self::All];

    /// The setting's and the stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Public => "public",
            Self::All => "all",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// The phase that an operator moves to next.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Optional => Some(Self::Public),
            Self::Public => Some(Self::All),
            Self::All => None,
        }
    }

    /// `code_challenge_methods_supported` of a server in this phase (RFC 8414 §2).
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Optional => &["S256", "plain"],
            Self::Public | Self::All => &["S256"],
        }
    }

    /// Whether this client must send a challenge.
    #[must_use]
    pub fn requires(self, client: &Client) -> bool {
        match self {
            Self::Optional => false,
            Self::Public => client.is_public(),
            Self::All => true,
        }
    }

    /// Reads `code_challenge` and `code_challenge_method`.
    ///
    /// "If the method is not present, it defaults to plain" (RFC 7636 §4.3), so it must be present
    /// wherever `plain` is refused.
    ///
    /// # Errors
    /// What is wrong, safe to show.
    pub fn read(
        self,
        client: &Client,
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Requested, &'static str> {
        let read = match (challenge, method) {
            (None, None) if !self.requires(client) => return Ok(Requested::None),
            (None, _) => return Err("code_challenge is required"),
            (Some(challenge), Some("S256")) => Requested::s256(challenge),
            (Some(challenge), None | Some("plain")) if self == Self::Optional => {
                Requested::plain(challenge)
            }
            (Some(_), _) => return Err("code_challenge_method must be S256"),
        };
        read.map_err(|_| "code_challenge is malformed")
    }

    /// Whether a code with this challenge is still to be exchanged: it may be of an earlier phase.
    #[must_use]
    pub fn honours(self, client: &Client, challenge: &CodeChallenge) -> bool {
        match challenge {
            CodeChallenge::S256(_) => true,
            CodeChallenge::Plain(_) => self == Self::Optional,
            CodeChallenge::None => !self.requires(client),
        }
    }
}

/// How many requests the next phase would have refused since the process started.
#[derive(Debug, Default)]
struct WouldRefuse {
    public: AtomicU64,
    all: AtomicU64,
}

/// The server's phase, and the counters of this process.
#[derive(Clone, Debug, Default)]
pub struct PkceRules {
    /// The phase of every client that has none of its own.
    pub enforcement: Enforcement,
    would_refuse: Arc<WouldRefuse>,
}

impl PkceRules {
    /// Rules in this phase; the counters start at zero.
    #[must_use]
    pub fn new(enforcement: Enforcement) -> Self {
        Self {
            enforcement,
            would_refuse: Arc::default(),
        }
    }

    /// The phase that counts for a client: its own before the server's.
    #[must_use]
    pub fn phase_of(&self, client: &Client) -> Enforcement {
        client.pkce.unwrap_or(self.enforcement)
    }

    /// How many requests this phase would have refused that the one before it accepted.
    #[must_use]
    pub fn would_refuse(&self, phase: Enforcement) -> u64 {
        self.counter(phase)
            .map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Counts an accepted request that the client's next phase would refuse: that phase and its count.
    pub(crate) fn watch(&self, client: &Client, sent: &Requested) -> Option<(Enforcement, u64)> {
        let next = self.phase_of(client).next()?;
        if next.honours(client, &sent.bind()) {
            return None;
        }
        let before = self.counter(next)?.fetch_add(1, Ordering::Relaxed);
        metrics::counter!(PKCE_WOULD_REFUSE, "phase" => next.as_str()).increment(1);
        Some((next, before.saturating_add(1)))
    }

    fn counter(&self, phase: Enforcement) -> Option<&AtomicU64> {
        match phase {
            Enforcement::Optional => None, // nothing comes before it
            Enforcement::Public => Some(&self.would_refuse.public),
            Enforcement::All => Some(&self.would_refuse.all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::ClientAuthMethod,
        testing::{challenge, client},
    };

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn clients() -> [Client; 2] {
        let public = client("public", "https://a.example/cb");
        let confidential = Client {
            auth_method: ClientAuthMethod::Basic,
            ..public.clone()
        };
        [public, confidential]
    }

    /// What each phase answers to a public and to a confidential client.
    #[test]
    fn each_phase_takes_what_it_should_and_no_more() {
        use Enforcement::{All, Optional, Public};
        let s256 = challenge(VERIFIER);
        let s256 = Some(s256.as_str());
        let plain = Some(VERIFIER);
        for (phase, sent, method, expected) in [
            (Optional, None, None, [true, true]),
            (Public, None, None, [false, true]),
            (All, None, None, [false, false]),
            // S256 is fine everywhere
            (Optional, s256, Some("S256"), [true, true]),
            (Public, s256, Some("S256"), [true, true]),
            (All, s256, Some("S256"), [true, true]),
            // plain in the first phase alone, named or by default
            (Optional, plain, Some("plain"), [true, true]),
            (Optional, plain, None, [true, true]),
            (Public, plain, Some("plain"), [false, false]),
            (Public, plain, None, [false, false]),
            (All, plain, Some("plain"), [false, false]),
            (All, s256, None, [false, false]),
            // half a challenge, a malformed one, an unknown method: nowhere
            (Optional, None, Some("S256"), [false, false]),
            (Optional, None, Some("plain"), [false, false]),
            (Public, None, Some("S256"), [false, false]),
            (Optional, Some("short"), Some("S256"), [false, false]),
            (Optional, Some("short"), None, [false, false]),
            (Optional, s256, Some("s256"), [false, false]),
            (Optional, s256, Some("none"), [false, false]),
            (Public, Some("short"), Some("S256"), [false, false]),
        ] {
            let got = clients().map(|client| phase.read(&client, sent, method).is_ok());
            assert_eq!(got, expected, "{phase:?} {sent:?} {method:?}");
        }
    }

    #[test]
    fn a_code_of_an_earlier_phase_is_not_honoured_in_a_later_one() {
        let s256 = CodeChallenge::S256(String::new());
        let plain = CodeChallenge::Plain(String::new());
        for (challenge, expected) in [
            (s256, [[true, true], [true, true], [true, true]]),
            (plain, [[true, true], [false, false], [false, false]]),
            (
                CodeChallenge::None,
                [[true, true], [false, true], [false, false]],
            ),
        ] {
            let got =
                Enforcement::ALL.map(|phase| clients().map(|it| phase.honours(&it, &challenge)));
            assert_eq!(got, expected, "{challenge:?}");
        }
    }

    #[test]
    fn what_the_next_phase_would_refuse_is_counted_for_that_phase() {
        let [public, confidential] = clients();
        let plain = Requested::plain(VERIFIER).unwrap();
        let s256 = Requested::s256(&challenge(VERIFIER)).unwrap();
        let none = Requested::None;
        let (to_public, to_all) = (Some(Enforcement::Public), Some(Enforcement::All));
        for (phase, client, sent, expected) in [
            ("optional", &public, &none, to_public),
            ("optional", &confidential, &none, None), // still fine in the next
            ("optional", &public, &plain, to_public),
            ("optional", &confidential, &plain, to_public),
            ("optional", &public, &s256, None),
            ("public", &confidential, &none, to_all),
            ("public", &confidential, &s256, None),
            ("public", &public, &s256, None),
            ("all", &confidential, &s256, None),
        ] {
            let rules = PkceRules::new(Enforcement::parse(phase).unwrap());
            let got = rules.watch(client, sent);
            assert_eq!(got, expected.map(|next| (next, 1)), "{phase} {sent:?}");
            let counts = Enforcement::ALL.map(|phase| rules.would_refuse(phase));
            let sum: u64 = counts.iter().sum();
            assert_eq!(sum, u64::from(expected.is_some()), "{phase} {sent:?}");
        }
    }

    #[test]
    fn a_clients_own_phase_comes_before_the_servers_either_way() {
        let [public, _] = clients();
        for (server, own, expected) in [
            (Enforcement::All, None, Enforcement::All),
            (
                Enforcement::All,
                Some(Enforcement::Optional),
                Enforcement::Optional,
            ),
            (
                Enforcement::Optional,
                Some(Enforcement::All),
                Enforcement::All,
            ),
        ] {
            let client = Client {
                pkce: own,
                ..public.clone()
            };
            let rules = PkceRules::new(server);
            assert_eq!(rules.phase_of(&client), expected, "{server:?} {own:?}");
            let again = rules.clone();
            let before = again.would_refuse(Enforcement::Public);
            rules.watch(&client, &Requested::None);
            let counted = u64::from(expected == Enforcement::Optional);
            assert_eq!(again.would_refuse(Enforcement::Public), before + counted);
        }
    }
}
