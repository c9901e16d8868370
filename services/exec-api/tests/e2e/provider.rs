//! A provider of KPIs that is always well.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

/// A provider of KPIs that answers every question with a series of the asked length; its address.
pub(crate) fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it listens"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    while let Some(Ok(first)) = lines.next() {
        for line in lines.by_ref() {
            if line.is_ok_and(|line| line.is_empty()) {
                break;
            }
        }
        let body = series(&first).to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        let told = write!(
            stream,
            "{head}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if told.is_err() {
            return;
        }
    }
}

/// A series from `start` to `end`, in the documented shape.
fn series(request: &str) -> Value {
    let part = |name: &str| {
        let at = request.find(&format!("{name}="))? + name.len() + 1;
        request.get(at..)?.split(['&', ' ']).next()
    };
    let day = |name| NaiveDate::parse_from_str(part(name)?, "%Y%m%d").ok();
    let step = part("i").and_then(|step| step.parse().ok()).unwrap_or(1);
    let (Some(start), Some(end)) = (day("start"), day("end")) else {
        return json!({});
    };
    let mut days = Vec::new();
    let mut at = start;
    while at <= end && days.len() < 400 {
        days.push(at.to_string());
        at = at + Days::new(step);
    }
    let values: Vec<u64> = (0..days.len() as u64)
        .map(|n| 1_000 + n * 37 + (n * 7919) % 113)
        .collect();
    json!({ "data": { "series": [values], "seriesMeta": ["Active"], "xValues": days } })
}
