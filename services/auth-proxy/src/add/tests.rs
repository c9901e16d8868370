use super::*;

/// Adds with these answers; what was said, or why not.
fn added(folder: &Path, kind: Kind, answers: &str) -> Result<String, String> {
    let args = AddArgs {
        kind,
        config: folder.join("mcp_servers.json").display().to_string(),
        external_url: "https://mcp.example.com/".to_owned(),
    };
    let mut said = Vec::new();
    let done = add(&args, &mut answers.as_bytes(), &mut said);
    let said = String::from_utf8(said).unwrap();
    done.map(|()| said).map_err(|error| error.to_string())
}

#[test]
fn a_person_is_asked_told_where_to_register_and_everything_is_written() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = added(
        folder,
        Kind::Gmail,
        "\nhttp://10.0.0.5:9000/mcp\n\nid-1\nsecret-1\n",
    )
    .unwrap();
    for expected in [
        "https://mcp.example.com/connections/callback/google",
        "https://mcp.example.com/oauth/federation/google/callback",
        "https://console.cloud.google.com/",
        "auth-proxy check",
        "https://mcp.example.com/gmail/mcp",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("secret-1"), "{said}");
    let env = folder.join("auth-proxy.env");
    let mode = std::fs::metadata(&env).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let variables = std::fs::read_to_string(&env).unwrap();
    for expected in [
        "GOOGLE_CLIENT_ID='id-1'",
        "GOOGLE_CLIENT_SECRET='secret-1'",
        "AUTH_ENCRYPTION_SECRET='",
        "EXTERNAL_URL='https://mcp.example.com/'",
    ] {
        assert!(variables.contains(expected), "{expected}: {variables}");
    }
    // A second server of the same provider asks for no client again, and leaves the first as it is.
    let said = added(folder, Kind::GoogleDrive, "\nuvx drive-mcp\n\n").unwrap();
    assert!(said.contains("GOOGLE_CLIENT_ID is in"), "{said}");
    added(folder, Kind::Filesystem, "\n/srv\n").unwrap();
    assert_eq!(std::fs::read_to_string(&env).unwrap(), variables);
    let config = std::fs::read_to_string(folder.join("mcp_servers.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    let servers = &config["servers"];
    assert_eq!(
        servers[0]["scopes"][0],
        "https://www.googleapis.com/auth/gmail.readonly"
    );
    assert_eq!(servers[1]["token_env"], "ACCESS_TOKEN");
    assert_eq!(servers[2]["args"][2], "/srv");
    let compose = std::fs::read_to_string(folder.join("docker-compose.auth-proxy.yml")).unwrap();
    assert!(
        compose.contains("CONFIG: /config/mcp_servers.json"),
        "{compose}"
    );
}

#[test]
fn what_somebody_wrote_stays_and_what_cannot_be_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let config = folder.join("mcp_servers.json");
    let written = "{\"servers\": [\n{\"name\":  \"files\", \"command\": \"x\"}\n]}";
    std::fs::write(&config, written).unwrap();
    for (kind, answers, why) in [
        (Kind::Filesystem, "\n/srv\n", "already"),
        (Kind::Filesystem, "Bad Name\n/srv\n", "a to z"),
        (
            Kind::Custom,
            "a\nhttp://169.254.169.254/mcp\nnone\n",
            "metadata",
        ),
        (Kind::Custom, "a\nx\nfacebook\n", "none of these"),
        (Kind::Custom, "", "no answer"),
    ] {
        let got = added(folder, kind, answers);
        let said = got.unwrap_err();
        assert!(said.contains(why), "{answers:?}: {said}");
        assert_eq!(std::fs::read_to_string(&config).unwrap(), written);
    }
    std::fs::write(&config, "servers:\n- {name: a, command: x}\n").unwrap();
    let said = added(folder, Kind::Filesystem, "\n/srv\n").unwrap_err();
    assert!(
        said.contains("by hand") && said.contains("server-filesystem"),
        "{said}"
    );
}
