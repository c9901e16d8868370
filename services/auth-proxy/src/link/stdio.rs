//! A stdio server: one message a line on its pipes.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::stderr::LastLines;
use super::{Inbox, Incoming, Link, LinkError, MAX_MESSAGE_BYTES, Opened};
use crate::child::{Program, SpawnError, Spawned, spawn};
use crate::mask::Mask;
use crate::wire::Message;

/// Messages that wait for the server to read them.
const OUTGOING: usize = 256;
/// How long a server may live once it has closed its output.
const LINGER: Duration = Duration::from_secs(1);

/// A running child.
#[derive(Debug)]
pub(crate) struct StdioLink {
    out: mpsc::Sender<String>,
    stop: CancellationToken,
    words: LastLines,
}

impl StdioLink {
    /// Starts the program; its pipes are served on `runtime`.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub(crate) fn open(
        program: &Program,
        server: &Arc<str>,
        runtime: &Handle,
    ) -> Result<Opened, SpawnError> {
        let _entered = runtime.enter();
        let Spawned {
            stdin,
            stdout,
            stderr,
            mut leash,
        } = spawn(program)?;
        let (out, lines) = mpsc::channel(OUTGOING);
        let inbox = Inbox::default();
        let words = LastLines::default();
        let stop = CancellationToken::new();
        let mask = Mask::new(program.env.iter().map(|(_, value)| value.clone()));
        let told = runtime.spawn(words.clone().follow(stderr, Arc::clone(server), mask));
        runtime.spawn(write(stdin, lines, stop.clone()));
        let reading = runtime.spawn(read(
            stdout,
            inbox.clone(),
            Arc::clone(server),
            stop.clone(),
        ));
        let (stopped, sink) = (stop.clone(), inbox.clone());
        runtime.spawn(async move {
            let how = tokio::select! {
                how = leash.ended() => {
                    leash.let_go();
                    how
                }
                () = stopped.cancelled() => {
                    leash.finish().await;
                    "it was stopped".to_owned()
                }
            };
            stopped.cancel();
            // What it said last, on both pipes, comes before the news of its end.
            let _ = reading.await;
            let _ = told.await;
            sink.put(Incoming::Closed(how));
        });
        Ok((Arc::new(Self { out, stop, words }), inbox))
    }
}

impl Link for StdioLink {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if self.stop.is_cancelled() {
            return Err(LinkError::Closed);
        }
        let mut line = message.line();
        line.push('\n');
        self.out.try_send(line).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LinkError::Busy,
            mpsc::error::TrySendError::Closed(_) => LinkError::Closed,
        })
    }

    fn close(&self) {
        self.stop.cancel();
    }

    fn last_words(&self) -> String {
        self.words.text()
    }
}

impl Drop for StdioLink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<String>, stop: CancellationToken) {
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            () = stop.cancelled() => None,
        };
        let Some(line) = line else { return };
        let written = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        let written = tokio::select! {
            written = written => written,
            () = stop.cancelled() => return,
        };
        if written.is_err() {
            return;
        }
    }
}

/// Reads to the end. A server that said its last word but lives on is of no use and is stopped.
async fn read(stdout: ChildStdout, inbox: Inbox, server: Arc<str>, stop: CancellationToken) {
    lines(stdout, &inbox, &server).await;
    tokio::spawn(async move {
        tokio::time::sleep(LINGER).await;
        stop.cancel();
    });
}

async fn lines(stdout: ChildStdout, inbox: &Inbox, server: &str) {
    let mut reader = BufReader::with_capacity(64 * 1024, stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match next_line(&mut reader, &mut line).await {
            Line::Complete => {}
            Line::End => return,
            Line::TooLong => {
                tracing::warn!(
                    server,
                    "a message was longer than {MAX_MESSAGE_BYTES} bytes"
                );
                return;
            }
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let Ok(message) = Message::parse(text) else {
            // Banners and stray prints are common; they are nobody's message.
            tracing::debug!(target: "child", server, "a line that is no message");
            continue;
        };
        let incoming = Incoming::Message {
            message,
            about: None,
        };
        if !inbox.put(incoming) {
            return;
        }
    }
}

enum Line {
    Complete,
    End,
    TooLong,
}

/// Reads up to a line end; never more than [`MAX_MESSAGE_BYTES`].
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> Line {
    loop {
        let (taken, done) = match reader.fill_buf().await {
            Ok([]) | Err(_) => return Line::End,
            Ok(bytes) => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
                (end.map_or(bytes.len(), |at| at + 1), end.is_some())
            }
        };
        reader.consume(taken);
        if line.len() > MAX_MESSAGE_BYTES {
            return Line::TooLong;
        }
        if done {
            return Line::Complete;
        }
    }
}
