//! Bytes that must survive, and texts that must not pass.

use proptest::prelude::*;

use super::message::Malformed;
use super::*;

#[test]
fn what_is_not_routed_keeps_its_bytes() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"b":1e400,"a":[1.10,  2],"é":"\u00e9\/"}}"#,
        r#"{"jsonrpc":"2.0","id":"x\u0041","method":"tools/call","params":{"z":12345678901234567890123,"a":null}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.10}}"#,
        r#"{"jsonrpc":"2.0","id":-3,"error":{"code":-32601,"message":"없음"}}"#,
    ] {
        assert_eq!(Message::parse(text).unwrap().line(), text);
    }
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
    ] {
        assert_eq!(Message::parse(text).unwrap_err(), Malformed::NoObject);
    }
    assert!(Object::parse(r#"{"name":"a","name":"b"}"#).is_err());
}

#[test]
fn only_json_rpc_messages_are_taken() {
    for (text, fault) in [
        ("", Malformed::NoObject),
        ("[]", Malformed::NoObject),
        ("1", Malformed::NoObject),
        (r#"{"id":1,"method":"ping"}"#, Malformed::NoMessage),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            Malformed::NoMessage,
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            Malformed::NoMessage,
        ),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            Malformed::NoMessage,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            Malformed::NoMessage,
        ),
        (r#"{"jsonrpc":"2.0","id":1}"#, Malformed::NoMessage),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#,
            Malformed::NoMessage,
        ),
        (r#"{"jsonrpc":"2.0","result":1}"#, Malformed::NoMessage),
    ] {
        assert_eq!(Message::parse(text).unwrap_err(), fault, "{text}");
    }
}

#[test]
fn a_line_end_between_tokens_cannot_start_a_second_message() {
    let smuggled = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\n\
        {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\"}\r\n}}";
    let line = Message::parse(smuggled).unwrap().line();
    assert!(!line.contains(['\n', '\r']), "{line}");
    assert!(Message::parse(&line).is_ok());
}

#[test]
fn an_event_stream_is_read_however_it_is_cut() {
    let stream = "\u{feff}: hello\nevent: endpoint\ndata: /a\n\nid: 7\r\ndata: 1\r\ndata: 2\r\n\r\ndata:\r\rdata: x";
    let expected = [("endpoint", "/a"), ("message", "1\n2"), ("message", "")];
    for size in [1, 2, 3, 7, 1000] {
        let mut decoder = Decoder::new(1000);
        let mut got = Vec::new();
        for part in stream.as_bytes().chunks(size) {
            got.extend(decoder.push(part).unwrap());
        }
        let got: Vec<_> = got
            .iter()
            .map(|event| (event.event.as_str(), event.data.as_str()))
            .collect();
        assert_eq!(got, expected, "{size}");
    }
}

#[test]
fn an_event_longer_than_the_limit_ends_the_stream() {
    let mut decoder = Decoder::new(10);
    assert!(decoder.push(b"data: 1234").is_ok());
    assert!(decoder.push(b"5").is_err());
    let mut decoder = Decoder::new(10);
    let many = b"data: 1\n".repeat(10);
    assert!(decoder.push(&many).is_err());
}

proptest! {
    #[test]
    fn no_text_panics_the_reader(text in ".{0,200}") {
        let _ = Message::parse(&text);
        let _ = Decoder::new(100).push(text.as_bytes());
    }

    #[test]
    fn a_message_survives_its_own_writing(
        method in "\\PC{1,20}", key in "\\PC{0,8}", value in any::<i64>(), id in any::<u32>(),
    ) {
        let params = serde_json::json!({ key: value }).to_string();
        let method = serde_json::Value::from(method).to_string();
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{method},\"params\":{params}}}");
        prop_assert_eq!(Message::parse(&text).unwrap().line(), text);
    }
}
