//! Requests and what may be wrong with them.

use proptest::{collection::vec, prelude::*, sample};

/// A line that must never begin a line of a log.
pub(super) const LOG_MARK: &str = "FORGED-LOG-LINE";
/// A header that no answer may have.
pub(super) const HEADER_MARK: &str = "x-forged";
/// Markup that no page may have.
pub(super) const HTML_MARK: &str = "<forged";

/// What the target puts in as it sends: values that are good at that moment.
pub(super) const PLACES: [&str; 6] = [
    "{{code}}",
    "{{refresh}}",
    "{{access}}",
    "{{client}}",
    "{{machine}}",
    "{{secret}}",
];

/// Parameter names of all endpoints.
const NAMES: [&str; 24] = [
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "token",
    "token_type_hint",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "request",
    "request_uri",
    "nonce",
    "max_age",
    "response_mode",
    "dpop_jkt",
    "device_code",
    "assertion",
];

/// One request.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) query: Vec<u8>,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let query = self.query.escape_ascii();
        write!(out, "{} {}?{query}", self.method, self.path)?;
        for (name, value) in &self.headers {
            write!(out, "\n{name}: {}", value.escape_ascii())?;
        }
        write!(out, "\n\n{}", self.body.escape_ascii())
    }
}

/// Parameters, before they are encoded.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What may happen to parameters. Positions count around.
#[derive(Clone, Debug)]
enum Change {
    Drop(usize),
    Repeat(usize),
    Value(usize, Vec<u8>),
    Splice(usize, usize, Vec<u8>),
    Name(usize, Vec<u8>),
    Add(Vec<u8>, Vec<u8>),
    Swap(usize, usize),
}

/// How a byte that needs escaping is written.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    Percent,
    Raw,
    Twice,
    Broken,
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Values that have broken servers before.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let listed: Vec<Vec<u8>> = [
        &b""[..],
        b" ",
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"%",
        b"%0",
        b"%zz",
        b"%00",
        b"%0d%0a",
        b"\r\n",
        b"\r\nX-Forged: 1",
        b"\r\nX-Forged: 1\r\n\r\n<forged>",
        b"x\nFORGED-LOG-LINE",
        b"x\r\nFORGED-LOG-LINE level=error",
        b"\"}\nFORGED-LOG-LINE",
        b"\x1b[2J\x1b[31m",
        b"<forged a=\"",
        b"\"><forged>",
        b"'><forged>",
        b"{{ 7 * 7 }}",
        b"{% include \"/etc/passwd\" %}",
        b"${jndi:ldap://x}",
        b"' OR 1=1 --",
        b"'; DROP TABLE users; --",
        b"../../etc/passwd",
        b"//evil.example",
        b"https://evil.example/cb",
        b"https://client.example/cb/../evil",
        b"https://client.example@evil.example/cb",
        b"https://client.example/cb#x",
        b"http://localhost:1/",
        b"javascript:alert(1)",
        b"data:text/html,x",
        b"http://[::1",
        b"https://xn--/",
        b"NaN",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"none",
        b"plain",
        b"S256",
        b"openid",
        b"mcp:read mcp:exec",
        b"mcp:read  mcp:read",
        b"MCP:READ",
        b"*",
        b"query.jwt",
        b"form_post",
        b"client_credentials",
        b"password",
        b"implicit",
        b"urn:ietf:params:oauth:grant-type:device_code",
        b"Basic",
        b"Basic ",
        b"Bearer x",
        b"basic Og==",
        b"Basic Og==",
        b"Basic ////",
        b"Digest x",
        "\u{202e}moc.live".as_bytes(),
        "\u{feff}".as_bytes(),
        "e\u{301}\u{301}\u{301}".as_bytes(),
        "한글".as_bytes(),
        "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
        "K".as_bytes(),
        "\u{2028}".as_bytes(),
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let long = (
        sample::select(vec!['a', '%', '[', '{', '"', '\\', '&', '=', '.', '한']),
        1_usize..9_000,
    )
        .prop_map(|(letter, count)| bytes(&letter.to_string().repeat(count)));
    prop_oneof![
        8 => sample::select(listed),
        4 => sample::select(PLACES.to_vec()).prop_map(bytes),
        2 => vec(any::<u8>(), 0..48),
        2 => "\\PC{0,40}".prop_map(|text| bytes(&text)),
        1 => long,
    ]
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => sample::select(NAMES.to_vec()).prop_map(bytes), 1 => hostile()]
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0_usize..16;
    prop_oneof![
        2 => at.clone().prop_map(Change::Drop),
        2 => at.clone().prop_map(Change::Repeat),
        6 => (at.clone(), hostile()).prop_map(|(at, value)| Change::Value(at, value)),
        3 => (at.clone(), 0_usize..64, hostile()).prop_map(|(at, place, value)| Change::Splice(at, place, value)),
        1 => (at.clone(), name()).prop_map(|(at, name)| Change::Name(at, name)),
        3 => (name(), hostile()).prop_map(|(name, value)| Change::Add(name, value)),
        1 => (at.clone(), at).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

fn apply(mut pairs: Pairs, changes: Vec<Change>) -> Pairs {
    for change in changes {
        let count = pairs.len();
        match change {
            Change::Add(name, value) => pairs.push((name, value)),
            _ if count == 0 => {}
            Change::Drop(at) => drop(pairs.remove(at % count)),
            Change::Repeat(at) => pairs.push(pairs[at % count].clone()),
            Change::Value(at, value) => pairs[at % count].1 = value,
            Change::Splice(at, place, value) => {
                let old = &mut pairs[at % count].1;
                let place = place.min(old.len());
                old.splice(place..place, value);
            }
            Change::Name(at, name) => pairs[at % count].0 = name,
            Change::Swap(one, other) => {
                let moved = pairs[one % count].1.clone();
                pairs[one % count].1 = std::mem::replace(&mut pairs[other % count].1, moved);
            }
        }
    }
    pairs
}

/// Writes pairs as a form. Places to fill in stay as they are.
fn encode(pairs: &Pairs, encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(b'&');
        }
        escape(name, encoding, &mut out);
        out.push(b'=');
        escape(value, encoding, &mut out);
    }
    if matches!(encoding, Encoding::Broken) {
        out.extend_from_slice(b"&%&=&&%f");
    }
    out
}

fn escape(text: &[u8], encoding: Encoding, out: &mut Vec<u8>) {
    for byte in text {
        let plain = byte.is_ascii_alphanumeric() || b"-._~{}".contains(byte);
        match encoding {
            _ if plain => out.push(*byte),
            Encoding::Raw => out.push(*byte),
            Encoding::Percent | Encoding::Broken => out.extend(format!("%{byte:02x}").bytes()),
            Encoding::Twice => out.extend(format!("%25{byte:02X}").bytes()),
        }
    }
}

/// A mutation of one of these requests' parameters, encoded.
pub(super) fn parameters(bases: &[&[(&str, &str)]]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let own = |base: &&[(&str, &str)]| -> Pairs {
        base.iter()
            .map(|(name, value)| (bytes(name), bytes(value)))
            .collect()
    };
    let bases: Vec<Pairs> = bases.iter().map(own).collect();
    let encoding = prop_oneof![
        12 => Just(Encoding::Percent),
        2 => Just(Encoding::Raw),
        1 => Just(Encoding::Twice),
        1 => Just(Encoding::Broken),
    ];
    let written = (sample::select(bases), vec(change(), 0..5), encoding)
        .prop_map(|(base, changes, encoding)| encode(&apply(base, changes), encoding));
    prop_oneof![20 => written, 1 => vec(any::<u8>(), 0..400), 1 => huge()]
}

/// A body around the limit.
pub(super) fn huge() -> impl Strategy<Value = Vec<u8>> {
    (sample::select(b"a&=%[\"".to_vec()), 60_000_usize..70_000)
        .prop_map(|(byte, count)| vec![byte; count])
}

/// Header lines, a content type among them.
pub(super) fn headers(kind: &'static str) -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let kinds = [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
        "application/x-www-form-urlencoded",
        "",
    ];
    let kind = prop_oneof![
        12 => Just(bytes(kind)),
        1 => Just(bytes(&format!("{kind}; charset=utf-16"))),
        1 => sample::select(kinds.to_vec()).prop_map(bytes),
        1 => hostile(),
    ];
    let names = [
        "authorization",
        "dpop",
        "origin",
        "cookie",
        "x-request-id",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "host",
        "accept-language",
        "content-encoding",
        "transfer-encoding",
        "if-none-match",
        "referer",
        "sec-fetch-site",
        "accept",
    ];
    let other = (sample::select(names.to_vec()), hostile());
    (kind, vec(other, 0..3)).prop_map(|(kind, mut others)| {
        others.push(("content-type", kind));
        others
    })
}
