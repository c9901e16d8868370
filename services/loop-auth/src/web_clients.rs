//! The services' own pages as clients: registered at the start, so that people can sign in out of the box.
//!
//! In: `WEB_CLIENTS`. Out: a secret in a file that the service reads too, and a client that an operator would have added
//! by hand. Never: prints the secret, fails the start because a page could not be registered.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use clap::Args;
use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin, GrantType},
    config::Context,
    demands::Demands,
    first_party,
    oidc::ClientLogout,
    secret::{RawClientSecret, SecretHash},
};
use loop_shared::{
    service::config::{ExternalUrl, Problems, http_url, list, wrong_web_secret},
    web_login::WebClient,
};
use secrecy::{ExposeSecret as _, SecretString};

/// Longest secret file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1_024;

/// Flags and variables of the services' own pages.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Pages of the services")]
pub struct WebClientArgs {
    /// Pages that people sign in to, separated by commas, each: PATH SERVICE-URL SECRET-FILE NAME, such as
    /// "/ http://public-api:8081 /data/web/vault.secret Loop vault"; the file is made if it is not there. Pages with an
    /// EXTERNAL_URL of their own have that instead of PATH [default: none]
    #[arg(long, env = "WEB_CLIENTS", value_name = "LIST")]
    pub web_clients: Option<String>,
}

/// The pages of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebClientConfig {
    /// Their own `EXTERNAL_URL`, where they are not under this server's.
    pub external: Option<ExternalUrl>,
    /// Path under `EXTERNAL_URL`, with slashes at both ends.
    pub path: String,
    /// Where this server reaches the service, without a slash at its end.
    pub service: String,
    /// The file that both read.
    pub secret_file: PathBuf,
    /// What people read at the consent.
    pub name: String,
}

/// Why pages were not registered; told in the log.
#[derive(Debug, thiserror::Error)]
enum WebClientError {
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error("{0}: {1}")]
    Secret(String, &'static str),
    #[error("no random bytes")]
    Entropy,
    #[error(transparent)]
    Client(#[from] first_party::FirstPartyError),
}

impl WebClientArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> Vec<WebClientConfig> {
        let read = |entry: &str| {
            let parsed = parse(entry);
            if parsed.is_none() {
                let fix = "Write each as: /path/ http://service:port /secret/file Name.";
                problems.add(
                    "WEB_CLIENTS",
                    format!("{entry:?} is not such an entry"),
                    fix,
                );
            }
            parsed
        };
        list(self.web_clients.as_deref()).filter_map(read).collect()
    }
}

fn parse(entry: &str) -> Option<WebClientConfig> {
    let mut words = entry.split_ascii_whitespace();
    let (place, service, file) = (words.next()?, words.next()?, words.next()?);
    let (external, path) = if place.contains("://") {
        (Some(ExternalUrl::parse(place).ok()?), "/")
    } else {
        (None, place)
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
    let is_path = path.starts_with('/')
        && path.ends_with('/')
        && !path.contains("//")
        && path.bytes().all(plain);
    let service = http_url(service).ok()?;
    let name = words.collect::<Vec<_>>().join(" ");
    (is_path && !name.is_empty()).then(|| WebClientConfig {
        external,
        path: path.to_owned(),
        service: service.as_str().trim_end_matches('/').to_owned(),
        secret_file: PathBuf::from(file),
        name,
    })
}

/// Registers every page, or brings its registration up to date.
#[tracing::instrument(name = "web_clients.ensure", skip_all)]
pub(crate) async fn ensure(cx: &Context<'_>, external: &ExternalUrl, pages: &[WebClientConfig]) {
    for page in pages {
        let external = page.external.as_ref().unwrap_or(external);
        if let Err(error) = ensure_one(cx, external, page).await {
            tracing::error!(%error, path = page.path, "nobody can sign in to these pages (WEB_CLIENTS)");
        }
    }
}

async fn ensure_one(
    cx: &Context<'_>,
    external: &ExternalUrl,
    page: &WebClientConfig,
) -> Result<(), WebClientError> {
    let secret = secret(cx, &page.secret_file)?;
    let web = WebClient::new(external, &page.path, &secret);
    let wanted = client(cx, external, page, &web);
    Ok(first_party::ensure(cx, &wanted, WebClient::ID_PREFIX).await?)
}

fn client(
    cx: &Context<'_>,
    external: &ExternalUrl,
    page: &WebClientConfig,
    web: &WebClient,
) -> Client {
    let resource = cx
        .rules
        .resources
        .find(&external.join(&format!("{}mcp", page.path)));
    Client {
        id: ClientId(web.id.clone()),
        name: page.name.clone(),
        auth_method: ClientAuthMethod::Basic,
        secret_hash: Some(SecretHash::of(web.secret.expose_secret())),
        redirect_uris: vec![web.redirect_uri.clone()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        // No more than its own resource, whatever it asks for.
        scope: resource.map(|resource| resource.scopes),
        client_uri: None,
        origin: ClientOrigin::Operator,
        metadata_hash: None,
        created_at: cx.now,
        first_login_at: None,
        pkce: None,
        logout: ClientLogout {
            redirects: vec![web.after_logout.clone()],
            backchannel: Some(format!("{}{}", page.service, web.back_channel)),
            session_required: true,
        },
        keys: None,
        demands: Demands::default(),
    }
}

/// The secret of a file, which is made when it is not there.
fn secret(cx: &Context<'_>, path: &Path) -> Result<SecretString, WebClientError> {
    let wrong = |error| WebClientError::File(path.display().to_string(), error);
    let text = match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let fresh =
                RawClientSecret::generate(cx.entropy).map_err(|_| WebClientError::Entropy)?;
            match write(path, fresh.expose()) {
                // Another replica was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                written => written.map_err(wrong)?,
            }
            read(path).map_err(wrong)?
        }
        read => read.map_err(wrong)?,
    };
    let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
    match wrong_web_secret(&secret) {
        Some(wrong) => Err(WebClientError::Secret(path.display().to_string(), wrong)),
        None => Ok(secret),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Writes the whole file beside, then gives it its name unless there is one: nobody reads half a secret.
fn write(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)?;
    }
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_path_service_file_and_name() {
        for (entry, good) in [
            (
                "/ http://public-api:8081 /data/vault.secret Loop vault",
                true,
            ),
            ("/team/ https://a.example/x/ vault.secret 볼트", true),
            ("/ http://public-api:8081 /data/vault.secret", false),
            ("team/ http://a file Name", false),
            ("/team http://a file Name", false),
            ("/a//b/ http://a file Name", false),
            ("/a%2f/ http://a file Name", false),
            ("/ ftp://a file Name", false),
            ("https://mcp.example/ http://proxy:8080 file Name", true),
            ("ftp://mcp.example/ http://proxy:8080 file Name", false),
            (
                "https://mcp.example/?a=b http://proxy:8080 file Name",
                false,
            ),
            ("/", false),
        ] {
            let args = WebClientArgs {
                web_clients: Some(entry.to_owned()),
            };
            let mut problems = Problems::new();
            let read = args.resolve(&mut problems);
            assert_eq!(
                (read.len() == 1, problems.is_empty()),
                (good, good),
                "{entry}"
            );
        }
    }

    #[test]
    fn pages_with_an_address_of_their_own_are_at_its_root() {
        let entry = parse("https://mcp.example/tools/ http://proxy:8080 file Tools").unwrap();
        let external = entry.external.unwrap();
        assert_eq!(
            (external.as_str(), entry.path.as_str()),
            ("https://mcp.example/tools", "/")
        );
    }

    #[test]
    fn several_pages_are_separated_by_commas() {
        let text = "/ http://a:1/ one.secret Loop vault, /team/ http://b:2 two.secret Team";
        let args = WebClientArgs {
            web_clients: Some(text.to_owned()),
        };
        let read = args.resolve(&mut Problems::new());
        assert_eq!(
            (read[0].service.as_str(), read[0].name.as_str()),
            ("http://a:1", "Loop vault")
        );
        assert_eq!((read[1].path.as_str(), read.len()), ("/team/", 2));
    }
}
