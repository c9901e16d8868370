//! Which proxies may say where a request comes from.
//!
//! In: clap arguments as text, a request's peer and headers. Out: the caller's address. Never: the issuer or a link; those are
//! configured. A service of this machine is trusted, nothing else unless `TRUSTED_PROXIES` names it.

use std::net::IpAddr;

use actix_web::HttpRequest;
use clap::Args;
use loop_oauth::client_metadata_document::Network;
use loop_shared::service::config::{Problems, list};

/// Addresses of `X-Forwarded-For` that are looked at, from its end.
const MOST_HOPS: usize = 20;

/// Flags and variables about proxies.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Proxies")]
pub struct ProxyArgs {
    /// Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8; this machine always is [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "CIDRS")]
    pub trusted_proxies: Option<String>,
}

/// The networks of proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl ProxyArgs {
    /// Checks the setting, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> TrustedProxies {
        let mut networks = Vec::new();
        for part in list(self.trusted_proxies.as_deref()) {
            match Network::parse(part) {
                Some(network) => networks.push(network),
                None => problems.add(
                    "TRUSTED_PROXIES",
                    format!("{part:?} is no network"),
                    "Write networks as 10.0.0.0/8 or fd00::/8, with commas between them.",
                ),
            }
        }
        TrustedProxies(networks)
    }
}

impl TrustedProxies {
    /// Where a request comes from: its peer, or what the last trusted proxy says.
    #[must_use]
    pub fn caller(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        let headers = request.headers().get_all("x-forwarded-for");
        let said: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
        Some(self.behind(peer, &said.join(",")))
    }

    fn behind(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let mut address = peer.to_canonical();
        // Each proxy adds whom it heard from at the end: what stands before an untrusted one may be made up.
        for said in forwarded_for.rsplit(',').take(MOST_HOPS) {
            if !self.trusts(address) {
                break;
            }
            match said.trim().parse::<IpAddr>() {
                Ok(before) => address = before.to_canonical(),
                Err(_) => break,
            }
        }
        address
    }

    fn trusts(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.0.iter().any(|network| network.has(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<TrustedProxies, String> {
        let args = ProxyArgs {
            trusted_proxies: Some(text.to_owned()),
        };
        let mut problems = Problems::new();
        let proxies = args.resolve(&mut problems);
        problems
            .finish()
            .map(|_| proxies)
            .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn an_address_is_believed_only_from_a_trusted_proxy() {
        let proxies = resolve("10.0.0.0/8, fd00::/8").unwrap();
        for (peer, said, expected) in [
            ("192.0.2.1", "", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("::1", "198.51.100.7", "198.51.100.7"),
            ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
            ("fd00::5", "2001:db8::1", "2001:db8::1"),
            // what a client made up stands before what the proxy added
            ("127.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
            (
                "127.0.0.1",
                "1.1.1.1, 198.51.100.7, 10.0.0.9",
                "198.51.100.7",
            ),
            ("127.0.0.1", "1.1.1.1,,10.0.0.9", "10.0.0.9"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
        ] {
            let got = proxies.behind(peer.parse().unwrap(), said);
            assert_eq!(got.to_string(), expected, "{peer} says {said:?}");
        }
        let all_proxies = vec!["10.0.0.1"; 1_000].join(",");
        let got = proxies.behind("10.0.0.1".parse().unwrap(), &all_proxies);
        assert_eq!(got.to_string(), "10.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/",
            "10.0.0.0/-1",
        ] {
            let said = resolve(text).unwrap_err();
            assert!(
                said.contains("TRUSTED_PROXIES") && said.contains(text),
                "{said}"
            );
        }
        assert_eq!(resolve(" , ").unwrap(), TrustedProxies::default());
    }
}
