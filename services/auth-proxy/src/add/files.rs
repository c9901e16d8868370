//! The files that are written: entry, variables, compose service.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::TryRngCore as _;

use super::plan::Plan;
use super::{AddArgs, AddError};
use crate::server_config::ServerArgs;
use crate::wire::{Object, Raw, raw};

/// Where everything goes.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The file of servers.
    pub(super) config: PathBuf,
    /// Variables.
    pub(super) env: PathBuf,
    /// The compose service.
    pub(super) compose: PathBuf,
}

impl Files {
    /// The files beside a file of servers.
    pub(super) fn beside(config: &Path) -> Self {
        let folder = config.parent().unwrap_or(Path::new(""));
        Self {
            config: config.to_owned(),
            env: folder.join("auth-proxy.env"),
            compose: folder.join("docker-compose.auth-proxy.yml"),
        }
    }

    /// The text of the file of servers with a further entry; every other byte of an entry stays.
    ///
    /// # Errors
    /// The file is no JSON, holds that name already, or the entry has a mistake.
    pub(super) fn with_entry(&self, plan: &Plan) -> Result<String, AddError> {
        let empty = || "{\"servers\": []}".to_owned();
        let text = match std::fs::read_to_string(&self.config) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => empty(),
            Err(error) => return Err(error.into()),
        };
        let entry = raw(&plan.entry());
        let paste = |why: &str| {
            let shown = self.config.display();
            AddError::File(format!("{shown} {why}; add this entry by hand:\n{entry}"))
        };
        let mut root = Object::parse(&text).map_err(|_| paste("is no JSON"))?;
        let servers = root.get("servers");
        let servers = servers.and_then(|it| serde_json::from_str::<Vec<Raw>>(it.get()).ok());
        let mut servers = servers.ok_or_else(|| paste("has no list of servers"))?;
        let taken = servers.iter().any(|server| {
            let name = Object::parse(server.get())
                .ok()
                .and_then(|it| it.text("name"));
            name.as_deref() == Some(&plan.name)
        });
        if taken {
            return Err(AddError::Answer(format!(
                "there is a server {:?} already",
                plan.name
            )));
        }
        servers.push(entry.clone());
        let lines: Vec<&str> = servers.iter().map(|server| server.get().trim()).collect();
        let list = format!("[\n  {}\n]", lines.join(",\n  "));
        let list = serde_json::value::RawValue::from_string(list);
        root.set("servers", list.map_err(|_| paste("cannot be written"))?);
        let whole = format!("{}\n", root.to_raw().get());
        ServerArgs::proofread(&whole).map_err(AddError::File)?;
        Ok(whole)
    }

    /// Whether a variable is set in the file of variables.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn has_variable(&self, name: &str) -> io::Result<bool> {
        let text = match std::fs::read_to_string(&self.env) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            read => read.unwrap_or_default(),
        };
        let start = format!("{name}=");
        Ok(text.lines().any(|line| line.starts_with(&start)))
    }

    /// Writes everything; the file of servers last, and as a whole.
    ///
    /// # Errors
    /// A file cannot be written, or a value has a line end in it.
    pub(super) fn write(
        &self,
        config: &str,
        variables: &[(&str, String)],
        args: &AddArgs,
    ) -> Result<(), AddError> {
        let mut lines = String::new();
        let mut new = vec![("EXTERNAL_URL", args.external_url.clone())];
        for name in ["AUTH_ENCRYPTION_SECRET", "PASSWORD"] {
            new.push((name, random()?));
        }
        new.extend(variables.iter().map(|(name, value)| (*name, value.clone())));
        for (name, value) in new {
            if self.has_variable(name)? {
                continue;
            }
            // A shell and compose read it alike within single quotes.
            if value.contains(['\'', '\n', '\r']) {
                let why = format!("{name} cannot hold a quotation mark or a line end");
                return Err(AddError::Answer(why));
            }
            lines.push_str(&format_line(name, &value));
        }
        private(&self.env)?.write_all(lines.as_bytes())?;
        if !self.compose.exists() {
            std::fs::write(&self.compose, self.service())?;
        }
        let aside = self.config.with_extension("json.new");
        std::fs::write(&aside, config)?;
        std::fs::rename(&aside, &self.config)?;
        Ok(())
    }

    /// What to type next.
    pub(super) fn next(&self) -> String {
        format!(
            "set -a; . {}; set +a; auth-proxy --config {}    (or: docker compose -f {} up --build)",
            self.env.display(),
            self.config.display(),
            self.compose.display()
        )
    }

    fn service(&self) -> String {
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let (config, env) = (name(&self.config), name(&self.env));
        format!(
            "# docker compose -f {} up --build, in Loop's folder.\n\
             services:\n  auth-proxy:\n    build:\n      context: .\n      dockerfile: deploy/docker/service.Dockerfile\n      \
             args: {{SERVICE: auth-proxy}}\n    restart: unless-stopped\n    env_file: [./{env}]\n    environment:\n      \
             CONFIG: /config/{config}\n      DATA_DIR: /data\n      BIND_ADDRESS: 0.0.0.0\n      PORT: \"8080\"\n    \
             ports: [\"127.0.0.1:8080:8080\"]\n    volumes:\n      - ./{config}:/config/{config}:ro\n      \
             - auth-proxy:/data\nvolumes:\n  auth-proxy:\n",
            name(&self.compose)
        )
    }
}

fn format_line(name: &str, value: &str) -> String {
    format!("{name}='{value}'\n")
}

/// A file for its owner alone, to be written at its end.
fn private(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let options = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    Ok(options)
}

/// 256 random bits.
fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
