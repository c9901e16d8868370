//! An actix server in this process, on a thread of its own.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::{Server, ServerHandle};

/// A running server. Dropping it stops it without waiting for requests.
pub struct InProcess {
    port: u16,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    /// Runs what `build` makes, on a free port. It should take few workers and no signals.
    pub fn start(build: impl FnOnce(TcpListener) -> Server + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        Self::listening(listener, build)
    }

    /// Runs what `build` makes, on a listener.
    pub fn listening(
        listener: TcpListener,
        build: impl FnOnce(TcpListener) -> Server + Send + 'static,
    ) -> Self {
        let port = listener.local_addr().expect("it listens").port();
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = build(listener);
                send.send(server.handle()).expect("somebody waits");
                server.await.expect("the server ends well");
            });
        });
        Self {
            port,
            handle: receive.recv().expect("the server starts"),
            thread: Some(thread),
        }
    }

    /// A full address.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        // The command is sent by the call; the thread's end is what to wait for.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
