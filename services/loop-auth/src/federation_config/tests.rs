use super::*;

fn resolve(args: &FederationArgs) -> Result<FederationConfig, String> {
    let mut problems = Problems::new();
    let config = args.resolve(&mut problems);
    problems
        .finish()
        .map(|_| config)
        .map_err(|wrong| wrong.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "settings are optional")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn all() -> FederationArgs {
    FederationArgs {
        google_client_id: text("g"),
        google_client_secret: Some("google's secret".into()),
        github_client_id: text("h"),
        github_client_secret: Some("github's secret".into()),
        oidc_issuer: text("https://id.example.com/realms/x/"),
        oidc_client_id: text("o"),
        oidc_client_secret: Some("oidc's secret".into()),
        allowed_users: text("kim@example.com, group:engineers"),
        ..FederationArgs::default()
    }
}

#[test]
fn there_are_no_providers_unless_they_are_set() {
    let config = resolve(&FederationArgs::default()).unwrap();
    assert!(config.providers.is_empty() && config.rules.providers.is_empty());
    let empty = FederationArgs {
        google_client_id: text(""),
        oidc_issuer: text(""),
        ..FederationArgs::default()
    };
    assert!(resolve(&empty).unwrap().providers.is_empty());
}

#[test]
fn several_providers_stand_side_by_side_with_the_names_people_know() {
    let config = resolve(&all()).unwrap();
    let seen: Vec<_> = config
        .providers
        .iter()
        .map(|it| {
            (
                it.provider.id.as_str(),
                it.provider.name.as_str(),
                it.provider.issuer.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("google", "Google", "https://accounts.google.com"),
            ("github", "GitHub", "https://github.com"),
            ("oidc", "id.example.com", "https://id.example.com/realms/x"),
        ]
    );
    let github = &config.providers[1];
    assert_eq!(
        github.api.as_ref().unwrap().as_str(),
        "https://api.github.com/"
    );
    assert_eq!(
        github.scopes, "read:user user:email read:org",
        "a rule names a group"
    );
    let own = FederationArgs {
        github_url: text("https://git.example.com/"),
        allowed_users: None,
        ..all()
    };
    let own = resolve(&own).unwrap().providers.remove(1);
    assert_eq!(own.api.unwrap().as_str(), "https://git.example.com/api/v3");
    assert_eq!(own.scopes, "read:user user:email");
    assert!(!format!("{:?}", config.providers).contains("secret\""));
}

#[test]
fn every_mistake_is_named_and_no_secret_shown() {
    let args = FederationArgs {
        google_client_secret: None,
        github_client_id: None,
        oidc_client_id: None,
        oidc_trust_email: text("maybe"),
        oidc_scopes: text("email"),
        allowed_users: text("a@"),
        allowed_domains: text("localhost"),
        oidc_providers_file: Some("/nowhere.json".into()),
        ..all()
    };
    let said = resolve(&args).unwrap_err();
    for name in [
        "GOOGLE_CLIENT_SECRET",
        "GITHUB_CLIENT_ID",
        "OIDC_CLIENT_ID",
        "ALLOWED_USERS",
        "localhost",
        "OIDC_PROVIDERS_FILE",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("'s secret"), "{said}");
    for (issuer, scopes, trust) in [
        ("ftp://id.example.com", "openid", "true"),
        ("https://id.example.com", "email", "true"),
        ("https://id.example.com", "openid", "1"),
        ("id.example.com", "openid", "true"),
        ("https://id.example.com?x", "openid", "true"),
    ] {
        let args = FederationArgs {
            oidc_issuer: text(issuer),
            oidc_scopes: text(scopes),
            oidc_trust_email: text(trust),
            ..all()
        };
        assert!(
            resolve(&args).unwrap_err().contains("OIDC_"),
            "{issuer} {scopes} {trust}"
        );
    }
}

#[test]
fn further_providers_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("p.json"), folder.path().join("s"));
    std::fs::write(&secret, "corp's secret\n").unwrap();
    let entry = |id: &str, issuer: &str| {
        serde_json::json!({
            "id": id, "issuer": issuer, "client_id": "c", "client_secret_file": secret,
            "name": "Corp", "groups_claim": "roles",
        })
    };
    let with = |entries: serde_json::Value| {
        std::fs::write(&file, entries.to_string()).unwrap();
        resolve(&FederationArgs {
            oidc_providers_file: Some(file.clone()),
            ..all()
        })
    };
    let good = with(serde_json::json!([entry(
        "corp",
        "https://corp.example.com"
    )]))
    .unwrap();
    let corp = &good.providers[3];
    assert_eq!(
        (corp.provider.name.as_str(), corp.groups_claim.as_str()),
        ("Corp", "roles")
    );
    for wrong in [
        serde_json::json!([entry("Corp", "https://corp.example.com")]),
        serde_json::json!([entry("google", "https://corp.example.com")]),
        serde_json::json!([entry("group", "https://corp.example.com")]),
        serde_json::json!([entry("corp", "https://accounts.google.com/")]),
        serde_json::json!([entry("corp", "nonsense")]),
        serde_json::json!([{"id": "corp"}]),
        serde_json::json!({"id": "corp"}),
        serde_json::json!([{"id": "corp", "issuer": "https://c.example", "client_id": "c", "client_secret_file": "/nowhere"}]),
    ] {
        let said = with(wrong.clone()).unwrap_err();
        assert!(said.contains("OIDC_PROVIDERS_FILE"), "{wrong}: {said}");
    }
}
