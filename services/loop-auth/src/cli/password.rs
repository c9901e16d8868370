//! A password from a file, a prompt or standard input; never from an argument, which every process
//! on the machine could read.

use std::{
    fs,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    path::Path,
};

use secrecy::{ExposeSecret as _, SecretString};

/// Longest line that is read, in bytes.
const MAX_BYTES: u64 = 4096;

/// Reads a new password: from `file`, else typed twice at a terminal, else the first line of
/// standard input.
///
/// # Errors
/// One sentence that says what is wrong.
pub(super) fn read(file: Option<&Path>) -> Result<SecretString, String> {
    match file {
        Some(path) => from_file(path),
        None if io::stdin().is_terminal() => typed(),
        None => first_line(&mut io::stdin().lock()),
    }
}

fn from_file(path: &Path) -> Result<SecretString, String> {
    let file = fs::File::open(path).map_err(|error| format!("{} : {error}", path.display()))?;
    first_line(&mut io::BufReader::new(file))
}

fn first_line(input: &mut dyn io::BufRead) -> Result<SecretString, String> {
    let mut line = String::new();
    input
        .take(MAX_BYTES)
        .read_line(&mut line)
        .map_err(|error| format!("the password cannot be read: {error}"))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("no password came in: type it, pipe it in, or use --password-file".to_owned());
    }
    Ok(SecretString::from(password))
}

fn typed() -> Result<SecretString, String> {
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map(SecretString::from)
            .map_err(|error| format!("the password cannot be read: {error}"))
    };
    let first = ask("New password: ")?;
    let second = ask("Again: ")?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err("the two passwords differ; nothing was changed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        for (input, expected) in [
            ("correct horse\n", Some("correct horse")),
            ("correct horse\r\nsecond line\n", Some("correct horse")),
            (" leading and trailing \n", Some(" leading and trailing ")),
            ("no newline", Some("no newline")),
            ("", None),
            ("\n", None),
        ] {
            let got = first_line(&mut input.as_bytes()).ok();
            let got = got.as_ref().map(secrecy::ExposeSecret::expose_secret);
            assert_eq!(got, expected, "{input:?}");
        }
    }
}
