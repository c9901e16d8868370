//! The three services behind a real nginx, as `make run` starts them, on free ports.

use std::path::{Path, PathBuf};
use std::process::Command;

use loop_testkit::{Service, ServiceBuilder, TestIssuer, cargo_binary, free_port};
use tempfile::TempDir;

use super::tools::{tool, top};

/// The first admin of every stack.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");

/// A running stack. Dropping it kills everything.
pub(crate) struct Stack {
    /// What people type, e.g. `http://localhost:40123`.
    pub url: String,
    /// A copy of the sample vault, free to be changed.
    pub vault: PathBuf,
    /// `loop-auth`; `None` when a [`TestIssuer`] stands in its place.
    pub auth: Option<Service>,
    /// `public-api`.
    pub api: Service,
    /// `exec-api`; `None` in the team's tree.
    pub exec: Option<Service>,
    nginx: Service,
    dir: TempDir,
}

/// What a stack may be started with.
#[derive(Default)]
pub(crate) struct Options<'a> {
    /// Verify tokens of this issuer instead of starting loop-auth.
    pub issuer: Option<&'a TestIssuer>,
    /// More settings for loop-auth.
    pub auth: &'a [(&'a str, &'a str)],
    /// More settings for the APIs.
    pub apis: &'a [(&'a str, &'a str)],
}

impl Stack {
    /// The whole stack; `None` without nginx.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&Options::default())
    }

    /// The stack with other settings; `None` without nginx.
    pub(crate) fn start_with(options: &Options<'_>) -> Option<Self> {
        let nginx = tool("LOOP_NGINX")?;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let vault = dir.path().join("vault");
        copy_folder(&top().join("tests/fixtures/vault"), &vault);
        let http_port = free_port();
        let url = format!("http://localhost:{http_port}");

        let (api_port, exec_port) = (free_port(), free_port());
        let web = dir.path().join("web");
        let pages = pages(&web, api_port, exec_port);
        let auth = options.issuer.is_none().then(|| {
            let own = ("WEB_CLIENTS", pages.as_str());
            start_auth(dir.path(), &url, &[&[own], options.auth].concat())
        });
        let (issuer, jwks) = issuer_of(options, &url, auth.as_ref());
        let resource_server = |name: &str| {
            let service = ServiceBuilder::new(cargo_binary(name, name))
                .env("EXTERNAL_URL", &url)
                .env("ISSUER", &issuer)
                .env("JWKS_URL", &jwks);
            let more = options.apis.iter();
            more.fold(service, |service, (name, value)| service.env(name, value))
        };
        let api = resource_server("public-api")
            .port(api_port)
            .env("WEB_SECRET_FILE", secret(&web, "vault"))
            .env("WEB_STATE_DIR", web.join("vault-sessions"))
            .env("VAULT_DIR", &vault)
            .start();
        let exec_home = top().join("services/exec-api");
        let exec = exec_home.is_dir().then(|| {
            resource_server("exec-api")
                .port(exec_port)
                .env("WEB_SECRET_FILE", secret(&web, "exec"))
                .env("WEB_STATE_DIR", web.join("exec-sessions"))
                .env("EXEC_VAULT_DIR", exec_home.join("fixtures/vault"))
                .start()
        });
        let ports = Ports {
            http: http_port,
            auth: auth
                .as_ref()
                .map_or_else(free_port, Service::port)
                .to_string(),
            api: api.port(),
            exec: exec.as_ref().map_or_else(free_port, Service::port),
        };
        let nginx = start_nginx(&nginx, &dir.path().join("nginx"), &ports);
        Some(Self {
            url,
            vault,
            auth,
            api,
            exec,
            nginx,
            dir,
        })
    }

    /// The LOOP vault's resource identifier: its MCP URL.
    pub(crate) fn mcp(&self) -> String {
        format!("{}/mcp", self.url)
    }

    /// The Exec vault's resource identifier.
    pub(crate) fn exec_mcp(&self) -> String {
        format!("{}/exec/mcp", self.url)
    }

    /// loop-auth, which this stack has.
    pub(crate) fn auth(&mut self) -> &mut Service {
        self.auth.as_mut().expect("this stack has its loop-auth")
    }

    /// Runs a `loop-auth` command against the stack's database.
    pub(crate) fn loop_auth(&self, args: &[&str]) -> String {
        let output = Command::new(cargo_binary("loop-auth", "loop-auth"))
            .args(args)
            .env("EXTERNAL_URL", &self.url)
            .env("OAUTH_DB_PATH", self.dir.path().join("loop-auth.db"))
            .env("BCRYPT_COST", "10")
            .output()
            .expect("loop-auth runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "loop-auth {args:?}: {text}{said}");
        text
    }

    /// Runs `loop-auth keys` with the settings of the stack's loop-auth.
    pub(crate) fn keys(&self, args: &[&str], settings: &[(&str, &str)]) -> String {
        let output = Command::new(cargo_binary("loop-auth", "loop-auth"))
            .arg("keys")
            .args(args)
            .env("OAUTH_DB_PATH", self.dir.path().join("loop-auth.db"))
            .envs(settings.iter().copied())
            .output()
            .expect("loop-auth runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "keys {args:?}: {text}{said}");
        text
    }

    /// The stack's own folder.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// A file of it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Everything all parts have written.
    pub(crate) fn logs(&self) -> String {
        let parts = [
            self.auth.as_ref(),
            Some(&self.api),
            self.exec.as_ref(),
            Some(&self.nginx),
        ];
        parts.into_iter().flatten().map(Service::logs).collect()
    }
}

/// Where nginx listens, and where it finds the services.
pub(crate) struct Ports {
    pub http: u16,
    /// One for each replica, with spaces between them.
    pub auth: String,
    pub api: u16,
    pub exec: u16,
}

/// The pages of the services, for loop-auth.
fn pages(folder: &Path, api: u16, exec: u16) -> String {
    let folder = folder.display();
    let vault = format!("/ http://127.0.0.1:{api} {folder}/vault.secret Loop vault");
    let more = format!("/exec/ http://127.0.0.1:{exec} {folder}/exec.secret Loop Exec"); // private:line
    let vault = format!("{vault}, {more}"); // private:line
    vault
}

/// The issuer and the address of its keys.
fn issuer_of(options: &Options<'_>, url: &str, auth: Option<&Service>) -> (String, String) {
    if let Some(issuer) = options.issuer {
        return (issuer.url(), issuer.jwks_url());
    }
    let base = auth.map(Service::base_url).unwrap_or_default();
    (url.to_owned(), format!("{base}/.well-known/jwks.json"))
}

/// The secret that a service's pages share with loop-auth, which has written it; a provider of a test takes any.
fn secret(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.secret"));
    if !file.exists() {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(&file, name.repeat(43).split_at(43).0).expect("a secret");
    }
    file
}

fn start_auth(dir: &Path, url: &str, more: &[(&str, &str)]) -> Service {
    let mut auth = ServiceBuilder::new(cargo_binary("loop-auth", "loop-auth"))
        .env("EXTERNAL_URL", url)
        .env("OAUTH_DB_PATH", dir.join("loop-auth.db"))
        .env("BCRYPT_COST", "10")
        .env("ADMIN_EMAIL", ADMIN.0)
        .env("ADMIN_PASSWORD", ADMIN.1);
    for (name, value) in more {
        auth = auth.env(name, value);
    }
    auth.start()
}

/// Starts nginx on the project's own configuration, put together by the script that `make run` uses.
pub(crate) fn start_nginx(nginx: &Path, dir: &Path, ports: &Ports) -> Service {
    let made = Command::new(top().join("deploy/make/nginx.sh"))
        .arg(dir)
        .env("LOOP_HTTP_PORT", ports.http.to_string())
        .env("LOOP_AUTH_PORT", &ports.auth)
        .env("LOOP_API_PORT", ports.api.to_string())
        .env("LOOP_EXEC_PORT", ports.exec.to_string())
        .status();
    assert!(made.expect("nginx.sh runs").success());
    let as_root = std::fs::metadata("/proc/self")
        .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let user = if as_root { " user root root;" } else { "" };
    let path = dir.display().to_string();
    [
        "-e",
        "stderr",
        "-p",
        &path,
        "-c",
        &format!("{path}/nginx.conf"),
    ]
    .into_iter()
    .fold(ServiceBuilder::new(nginx), ServiceBuilder::arg)
    .arg("-g")
    .arg(format!("daemon off; master_process off;{user}"))
    .port(ports.http)
    .ready_at("/healthz")
    .start()
}

/// Copies a folder of plain files.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder is readable") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
