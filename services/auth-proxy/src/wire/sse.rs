//! Reads event streams (HTML Living Standard, "Server-sent events").

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its type; `message` unless told otherwise.
    pub(crate) event: String,
    /// Its data.
    pub(crate) data: String,
}

/// Turns bytes into events. Holds back at most `limit` bytes of one event.
#[derive(Debug)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    event: Option<String>,
    data: Option<String>,
    limit: usize,
    start: bool,
}

/// An event is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Decoder {
    /// A decoder at the start of a stream.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            event: None,
            data: None,
            limit,
            start: true,
        }
    }

    /// Takes the next bytes and gives the events that are complete.
    ///
    /// # Errors
    /// [`TooLong`].
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, TooLong> {
        self.buffer.extend_from_slice(bytes);
        if self.start && self.buffer.len() >= 3 {
            self.start = false;
            if self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
        }
        let mut events = Vec::new();
        let mut from = 0;
        while let Some((line_end, next)) = self.line_end(from) {
            let line = String::from_utf8_lossy(&self.buffer[from..line_end]).into_owned();
            events.extend(self.line(&line));
            from = next;
        }
        self.buffer.drain(..from);
        let held = self.buffer.len() + self.data.as_ref().map_or(0, String::len);
        if held > self.limit {
            return Err(TooLong);
        }
        Ok(events)
    }

    /// Where the line from `from` ends and the next begins; a `\r` at the very end may be half of `\r\n`.
    fn line_end(&self, from: usize) -> Option<(usize, usize)> {
        let rest = &self.buffer[from..];
        let at = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        if rest[at] == b'\n' {
            return Some((from + at, from + at + 1));
        }
        match rest.get(at + 1) {
            None => None,
            Some(b'\n') => Some((from + at, from + at + 2)),
            Some(_) => Some((from + at, from + at + 1)),
        }
    }

    fn line(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let data = self.data.take();
            let event = self.event.take();
            return data.map(|data| SseEvent {
                event: event.unwrap_or_else(|| "message".to_owned()),
                data,
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments, `id` and `retry`, and what nobody knows.
            _ => {}
        }
        None
    }
}
