use std::time::Duration;

use loop_shared::auth::{Scope, Scopes};

use super::*;
use crate::child::Limits;
use crate::connections::provider::Hand;
use crate::peer::Times;
use crate::servers::Backend;

fn defaults() -> Server {
    Server {
        name: "".into(),
        backend: Backend::Stdio {
            command: Vec::new(),
            folder: None,
            env: Vec::new(),
            limits: Limits::DEFAULT,
        },
        scope: Scope::McpRead.into(),
        tools: Vec::new(),
        account: None,
        is_shared: false,
        times: Times {
            start: Duration::from_mins(1),
            silence: Duration::from_mins(5),
        },
        idle: Duration::from_mins(10),
    }
}

fn providers() -> Vec<Arc<Provider>> {
    vec![Arc::new(Provider {
        id: "google".to_owned(),
        name: "Google".to_owned(),
        kind: loop_oauth::federation::provider::ProviderKind::Google,
        issuer: "https://accounts.google.com".to_owned(),
        client_id: "id".to_owned(),
        client_secret: "secret".into(),
        api: None,
    })]
}

fn read_text(text: &str) -> Result<Vec<Server>, Vec<Mistake>> {
    let (defaults, providers) = (defaults(), providers());
    let known = Known {
        defaults: &defaults,
        providers: &providers,
    };
    parse(text, &known)
}

fn mistakes(text: &str) -> Vec<Mistake> {
    read_text(text).err().unwrap_or_default()
}

#[test]
fn json_yaml_and_the_map_of_desktop_clients_say_the_same() {
    let json = "{\"servers\": [\n\t{\"name\": \"files\", \"command\": \"npx\", \"args\": [\"-y\", \"x\"],\n\t\t\
        \"env\": {\"A\": \"b\"}, \"memory_mb\": 99, \"tools\": {\"write_*\": \"mcp:exec\"}, \"idle_seconds\": 5},\n\t\
        {\"name\": \"mail\", \"type\": \"http\", \"transport\": \"sse\", \"url\": \"http:\\/\\/10.0.0.5/sse\", \
        \"scope\": \"kpi:read\"}\n]}";
    let yaml = "servers:\n- name: files\n  command: npx\n  args: [-y, x]\n  env: {A: b}\n  memory_mb: 99\n  \
        tools: {write_*: mcp:exec}\n  idle_seconds: 5\n- {name: mail, type: sse, \
        url: 'http://10.0.0.5/sse', scope: kpi:read}\n";
    let desktop = "{\"mcpServers\": {\"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"x\"], \
        \"env\": {\"A\": \"b\"}, \"memory_mb\": 99, \"tools\": {\"write_*\": \"mcp:exec\"}, \"idle_seconds\": 5}, \
        \"mail\": {\"type\": \"sse\", \"url\": \"http://10.0.0.5/sse\", \"scope\": \"kpi:read\"}}}";
    let mut read = Vec::new();
    for text in [json, yaml, desktop] {
        let servers = read_text(text).unwrap();
        assert_eq!(servers[0].path(), "/files/mcp");
        assert_eq!(servers[0].limits().memory_mb, 99);
        assert_eq!(servers[0].idle.as_secs(), 5);
        assert_eq!(
            servers[0].scopes(),
            Scopes::of(&[Scope::McpRead, Scope::McpExec])
        );
        assert_eq!(
            (servers[1].kind(), servers[1].scope),
            ("sse", Scope::KpiRead.into())
        );
        read.push(servers);
    }
    assert!(read[0] == read[1] && read[1] == read[2]);
}

/// One mistake of each kind.
const MISTAKES: &str = "\
servers:
- name: Files
  command: x
- name: mail
  url: ftp://x
  memory: 3
- name: ok
  command: x
  memory_mb: lots
- name: ok
  command: npx -y thing
- name: meta
  url: http://169.254.169.254/mcp
- name: two
  tools:
    a: mcp:read
    b: mail:send
  env:
    GOOD: fine
    K: ${NO_SUCH_VARIABLE_HERE}
    S: ${AUTH_ENCRYPTION_SECRET}
  command: z
- name: mcp
  command: z
- name: heads
  url: http://x/mcp
  headers:
    Host: elsewhere
    X-Forwarded-User: admin
  processes: 3
- just words
- name: neither
extra: 1
";

#[test]
fn every_mistake_is_told_with_its_line_and_what_to_write_instead() {
    let found = mistakes(MISTAKES);
    let expected = [
        (2, "\"Files\"", "a to z"),
        (5, "ftp://x", "http://"),
        (6, "memory", "did you mean memory_mb?"),
        (9, "memory_mb", "from 1 to"),
        (10, "line 7", "name of its own"),
        (11, "spaces", "\"args\""),
        (13, "metadata", "MCP server"),
        (17, "mail:send", "there are mcp:read"),
        (20, "NO_SUCH_VARIABLE_HERE is not set", "set the variable"),
        (21, "own secret", "set the variable"),
        (23, "\"mcp\"", "another"),
        (28, "host", "take it out"),
        (29, "x-forwarded-user", "take it out"),
        (30, "processes", "take it out"),
        (31, "map", "write"),
        (32, "neither", "add"),
        (33, "\"extra\"", "servers"),
    ];
    for (line, wrong, instead) in expected {
        let there = found.iter().any(|mistake| {
            mistake.line == line
                && mistake.wrong.contains(wrong)
                && mistake.instead.contains(instead)
        });
        assert!(there, "line {line}: {wrong} in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(found.is_sorted_by_key(|mistake| mistake.line));
}

#[test]
fn a_file_that_cannot_be_read_says_where() {
    assert_eq!(mistakes("{\"servers\": [\n  {\"name\": }}\n]}")[0].line, 2);
    assert_eq!(
        mistakes("servers:\n- {name: a, name: b, command: x}")[0].line,
        2
    );
    for text in ["", "[]", "servers: []", "servers: 3", "7", "servers: [[]]"] {
        assert!(!mistakes(text).is_empty(), "{text:?}");
    }
    let defaults = defaults();
    let known = Known {
        defaults: &defaults,
        providers: &[],
    };
    let missing = read(Path::new("/no/such/file"), &known).err().unwrap();
    assert!(missing[0].wrong.contains("cannot be read"));
}

#[test]
fn a_file_that_blows_up_is_given_up() {
    let level = |level: u32| {
        let before = level
            .checked_sub(1)
            .map_or("x".to_owned(), |n| format!("*a{n}"));
        format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "))
    };
    let bomb: String = (0..9).map(level).collect();
    let started = std::time::Instant::now();
    assert!(!mistakes(&bomb).is_empty());
    assert!(!mistakes(&"[".repeat(100_000)).is_empty());
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn no_address_of_a_clouds_metadata_is_a_server() {
    for (url, expected) in [
        ("http://169.254.169.254/latest", true),
        ("http://2852039166/mcp", true),
        ("http://0xa9.0xfe.0xa9.0xfe/mcp", true),
        ("http://[fe80::1]/mcp", true),
        ("http://[fd00:ec2::254]/mcp", true),
        ("http://[::ffff:169.254.169.254]/mcp", true),
        ("http://100.100.100.200/mcp", true),
        ("http://METADATA.google.internal./mcp", true),
        ("http://10.0.0.5:9000/mcp", false),
        ("http://localhost:9000/mcp", false),
        ("http://metadata.example/mcp", false),
    ] {
        let parsed = url::Url::parse(url).unwrap();
        assert_eq!(super::backend::is_metadata(&parsed), expected, "{url}");
        let text = format!("servers: [{{name: a, url: '{url}'}}]");
        assert_eq!(!mistakes(&text).is_empty(), expected, "{url}");
    }
}

#[test]
fn an_account_has_a_provider_scopes_and_a_way_to_the_server() {
    let text = "servers:\n- {name: mail, url: 'http://x/mcp', tier: 2, requires_oauth: true, oauth_provider: google, \
        scopes: ['https://www.googleapis.com/auth/gmail.readonly']}\n- {name: b, command: x, oauth_provider: google, \
        scopes: a b, token_env: GOOGLE_TOKEN}\n- {name: c, url: 'http://x/mcp', oauth_provider: google, scopes: a, \
        token_header: X-Token}\n";
    let hands: Vec<Hand> = read_text(text)
        .unwrap()
        .into_iter()
        .map(|server| server.account.unwrap().hand)
        .collect();
    let header = reqwest::header::HeaderName::from_static("x-token");
    let variable = Hand::Variable("GOOGLE_TOKEN".to_owned());
    assert_eq!(hands, [Hand::Bearer, variable, Hand::Header(header)]);
    for (entry, wrong, instead) in [
        (
            "tier: 2, scopes: a",
            "oauth_provider: it is missing",
            "there are google",
        ),
        (
            "oauth_provider: gogle, scopes: a",
            "\"gogle\"",
            "there are google",
        ),
        ("oauth_provider: google", "scopes: nothing", "write"),
        (
            "tier: 1, oauth_provider: google, scopes: a",
            "contradicts",
            "tier 2",
        ),
        ("tier: 3", "tier: it is no such number", "from 1 to 2"),
        ("scopes: a", "scopes: no account", "tier"),
        (
            "oauth_provider: google, scopes: a, token_env: X",
            "token_env",
            "token_header",
        ),
        (
            "oauth_provider: google, scopes: a, token_header: Host",
            "token_header",
            "X-Upstream-Token",
        ),
        (
            "oauth_provider: google, scopes: ['a b\\tc']",
            "cannot be a scope",
            "one scope",
        ),
    ] {
        let text = format!("servers: [{{name: a, url: 'http://x/mcp', {entry}}}]");
        let found = mistakes(&text);
        let there = found
            .iter()
            .any(|it| it.wrong.contains(wrong) && it.instead.contains(instead));
        assert!(there, "{entry}: {found:#?}");
    }
}

#[test]
fn a_process_is_shared_where_the_file_says_so_and_never_with_an_account() {
    let text = "servers:\n- {name: a, command: x, shared: true}\n- {name: b, command: x}\n";
    let shared = read_text(text).unwrap();
    assert!(shared[0].is_shared && !shared[1].is_shared);
    for (entry, wrong) in [
        ("url: 'http://x/mcp'", "an address serves everybody"),
        (
            "command: x, oauth_provider: google, scopes: a",
            "somebody's own account",
        ),
    ] {
        let text = format!("servers:\n- {{name: a, shared: true, {entry}}}\n");
        let found = mistakes(&text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].wrong.contains(wrong), "{found:#?}");
    }
}
