//! What the connections do: exchange codes, refresh, introspect, try to log in.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Failure,
    http::{self, Connection},
    load::Step,
    seed::{MACHINE, PEOPLE, REDIRECT, VERIFIER},
    server::ADMIN,
};

/// Who answers: paths and client differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) client: &'static str,
    pub(crate) machine: (&'static str, &'static str),
}

/// loop-auth.
pub(crate) const LOOP: Target = Target {
    client: crate::seed::CLIENT,
    machine: MACHINE,
};

/// node-oidc-provider.
pub(crate) const PEER: Target = Target {
    client: "public",
    machine: ("machine", "machine-secret-of-the-bench"),
};

impl Target {
    /// Exchanges a code; the refresh token.
    fn exchange(self, connection: &mut Connection, code: &str) -> Result<String, Failure> {
        let form = format!(
            "grant_type=authorization_code&client_id={}&code={code}&code_verifier={VERIFIER}&\
             redirect_uri=http%3A%2F%2Flocalhost%3A8765%2Fcallback",
            self.client
        );
        debug_assert_eq!(REDIRECT, "http://localhost:8765/callback");
        refresh_token(connection.send(&http::post("/token", "", &form))?)
    }

    /// Refreshes; the next token.
    pub(crate) fn refresh(
        self,
        connection: &mut Connection,
        token: &str,
    ) -> Result<String, Failure> {
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={token}",
            self.client
        );
        refresh_token(connection.send(&http::post("/token", "", &form))?)
    }

    /// An access token of the family of `token`, and the family's next token.
    pub(crate) fn access(self, port: u16, token: &str) -> Result<(String, String), Failure> {
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={token}",
            self.client
        );
        let answer = Connection::open(port)?.send(&http::post("/token", "", &form))?;
        let answer = answer.ok()?;
        let access = answer.member("access_token").ok_or("no access token")?;
        Ok((access.to_owned(), refresh_token_of(&answer)?))
    }

    fn basic(self) -> String {
        let both = STANDARD.encode(format!("{}:{}", self.machine.0, self.machine.1));
        format!("Authorization: Basic {both}\r\n")
    }
}

fn refresh_token(answer: http::Answer) -> Result<String, Failure> {
    refresh_token_of(&answer.ok()?)
}

fn refresh_token_of(answer: &http::Answer) -> Result<String, Failure> {
    let next = answer.member("refresh_token").ok_or("no refresh token")?;
    Ok(next.to_owned())
}

/// Each connection refreshes the families of its own share, one after another.
pub(crate) fn refreshing(
    target: Target,
    families: &mut [String],
    connections: usize,
) -> Vec<Step<'_>> {
    let share = families.len().div_ceil(connections).max(1);
    let step = |mine| refresh_all(target, mine);
    families.chunks_mut(share).map(step).collect()
}

fn refresh_all(target: Target, mine: &mut [String]) -> Step<'_> {
    let mut turn = 0;
    Box::new(move |connection| {
        let token = &mut mine[turn];
        *token = target.refresh(connection, token)?;
        turn = (turn + 1) % mine.len();
        Ok(Some(()))
    })
}

/// Each connection exchanges the codes of its own share and keeps the refresh tokens in their place.
pub(crate) fn exchanging(
    target: Target,
    codes: &mut [String],
    connections: usize,
) -> Vec<Step<'_>> {
    let share = codes.len().div_ceil(connections).max(1);
    let step = |mine| exchange_all(target, mine);
    codes.chunks_mut(share).map(step).collect()
}

fn exchange_all(target: Target, mine: &mut [String]) -> Step<'_> {
    let mut left = mine.iter_mut();
    Box::new(move |connection| {
        let Some(code) = left.next() else {
            return Ok(None);
        };
        *code = target.exchange(connection, code)?;
        Ok(Some(()))
    })
}

/// Every connection introspects one access token.
pub(crate) fn introspecting(
    target: Target,
    access: &str,
    connections: usize,
) -> Vec<Step<'static>> {
    let request = http::post("/introspect", &target.basic(), &format!("token={access}"));
    let step = |_| -> Step<'static> {
        let request = request.clone();
        Box::new(move |connection| {
            let answer = connection.send(&request)?.ok()?;
            if answer.body.contains("\"active\":true") {
                return Ok(Some(()));
            }
            Err("the access token is not active".into())
        })
    };
    (0..connections).map(step).collect()
}

/// Every connection sends this request, which is answered well.
fn repeating(request: &str, connections: usize) -> Vec<Step<'static>> {
    let step = |_| -> Step<'static> {
        let request = request.to_owned();
        Box::new(move |connection| {
            connection.send(&request)?.ok()?;
            Ok(Some(()))
        })
    };
    (0..connections).map(step).collect()
}

/// Every connection shows one access token to an API, which verifies it and answers from memory.
pub(crate) fn verifying(access: &str, connections: usize) -> Vec<Step<'static>> {
    let bearer = format!("Authorization: Bearer {access}\r\n");
    let request = http::get("/api/stats", &bearer);
    repeating(&request, connections)
}

/// Every connection asks for tokens of the client itself.
pub(crate) fn by_itself(target: Target, connections: usize) -> Vec<Step<'static>> {
    let form = "grant_type=client_credentials&scope=mcp%3Aread";
    let request = http::post("/token", &target.basic(), form);
    repeating(&request, connections)
}

/// How long somebody who is told to come back waits in a flood: up to 100 ms and 50 in the middle, each time another while,
/// since people who all come back in the same moment are one burst.
fn back_off(connection: usize, tried: u32) -> Duration {
    let turn = u64::try_from(connection).unwrap_or_default() * 37 + u64::from(tried) * 61;
    Duration::from_millis(turn % 101)
}

/// Every connection tries wrong passwords as fast as it is let, each from another address at another account: no limit
/// but bcrypt's own is to be felt.
pub(crate) fn logging_in(connections: usize) -> Vec<Step<'static>> {
    let step = |connection| -> Step<'static> {
        let mut form: Option<(String, String)> = None;
        let mut tried = 0_u32;
        Box::new(move |open| {
            tried += 1;
            let (cookies, csrf) = match &form {
                Some(known) => known,
                None => form.insert(login_form(open)?),
            };
            let body = format!(
                "csrf={csrf}&email=nobody{connection}.{tried}%40example.com&password=wrong+password"
            );
            let address = format!(
                "10.{}.{}.{}",
                connection % 256,
                (tried >> 8) % 256,
                tried % 256
            );
            let headers = format!("Cookie: {cookies}\r\nX-Forwarded-For: {address}\r\n");
            match open
                .send(&http::post("/oauth/login", &headers, &body))?
                .status
            {
                400 => {}
                503 | 429 => std::thread::sleep(back_off(connection, tried)),
                status => return Err(format!("a login was answered {status}").into()),
            }
            Ok(Some(()))
        })
    };
    (0..connections).map(step).collect()
}

/// Every connection logs people in, each from another address with the right password: a session each.
pub(crate) fn entering(connections: usize) -> Vec<Step<'static>> {
    let step = |connection: usize| -> Step<'static> {
        let mut form: Option<(String, String)> = None;
        let mut person = connection;
        Box::new(move |open| {
            let (cookies, csrf) = match &form {
                Some(known) => known,
                None => form.insert(login_form(open)?),
            };
            let email = format!("person{}%40example.com", person % PEOPLE);
            let body = format!("csrf={csrf}&email={email}&password={}", ADMIN.1);
            let address = format!("10.9.{}.{}", (person >> 8) % 256, person % 256);
            let headers = format!("Cookie: {cookies}\r\nX-Forwarded-For: {address}\r\n");
            person += connections;
            match open
                .send(&http::post("/oauth/login", &headers, &body))?
                .status
            {
                303 => Ok(Some(())),
                status => Err(format!("a login was answered {status}").into()),
            }
        })
    };
    (0..connections).map(step).collect()
}

/// Somebody who was signed in before logs in once more, again and again, in the same browser.
pub(crate) fn returning(port: u16) -> Result<Vec<Step<'static>>, Failure> {
    let known = session(port, ADMIN)?;
    let (form, csrf) = login_form(&mut Connection::open(port)?)?;
    let body = format!("csrf={csrf}&email={}&password={}", ADMIN.0, ADMIN.1);
    let request = http::post(
        "/oauth/login",
        &format!("Cookie: {form}; {known}\r\n"),
        &body,
    );
    let step: Step<'static> = Box::new(move |connection| match connection.send(&request)?.status {
        303 => Ok(Some(())),
        status => Err(format!("a login in a known browser was answered {status}").into()),
    });
    Ok(vec![step])
}

/// The cookies of somebody who logged in.
pub(crate) fn session(port: u16, (email, password): (&str, &str)) -> Result<String, Failure> {
    let mut connection = Connection::open(port)?;
    let (cookies, csrf) = login_form(&mut connection)?;
    let body = format!("csrf={csrf}&email={email}&password={password}");
    let headers = format!("Cookie: {cookies}\r\n");
    let answer = connection.send(&http::post("/oauth/login", &headers, &body))?;
    match answer.status {
        303 => Ok(answer.cookies()),
        status => Err(format!("a login was answered {status}").into()),
    }
}

/// Every connection reads a page that a session sees.
pub(crate) fn reading(cookies: &str, path: &str, connections: usize) -> Vec<Step<'static>> {
    let request = http::get(path, &format!("Cookie: {cookies}\r\n"));
    repeating(&request, connections)
}

/// Every connection reads the login page, in one browser.
pub(crate) fn reading_login(port: u16, connections: usize) -> Result<Vec<Step<'static>>, Failure> {
    let (cookies, _) = login_form(&mut Connection::open(port)?)?;
    Ok(reading(&cookies, "/oauth/login", connections))
}

fn login_form(connection: &mut Connection) -> Result<(String, String), Failure> {
    let page = connection.send(&http::get("/oauth/login", ""))?.ok()?;
    let after = page
        .body
        .split_once("name=\"csrf\" value=\"")
        .ok_or("no login form")?
        .1;
    let csrf = after.split('"').next().unwrap_or_default().to_owned();
    Ok((page.cookies(), csrf))
}
