//! A way to a server that can be cut, or that swallows what is sent.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

/// How it is with the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Connections are broken, new ones refused.
    Cut,
    /// Nothing is heard any more, and nothing breaks.
    Silent,
}

/// Forwards connections on a port of its own for as long as it is told to.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    road: Arc<Road>,
}

#[derive(Debug)]
struct Road {
    state: Mutex<State>,
    open: Mutex<Vec<TcpStream>>,
    target: (String, u16),
}

impl Proxy {
    /// A way to this server.
    pub fn to(host: &str, port: u16) -> Self {
        let road = Arc::new(Road {
            state: Mutex::new(State::Open),
            open: Mutex::default(),
            target: (host.to_owned(), port),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let accepting = Arc::clone(&road);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                accepting.forward(client);
            }
        });
        Self { port, road }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks every connection and lets no new one through, as when the server is down.
    pub fn cut(&self) {
        self.road.set(State::Cut);
        for stream in self.road.open.lock().expect("streams").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Breaks every connection once, as when the server restarts.
    pub fn restart(&self) {
        self.cut();
        self.mend();
    }

    /// Swallows everything from now on, as when a cable is pulled.
    pub fn silence(&self) {
        self.road.set(State::Silent);
    }

    /// Lets connections through again. Those that were silenced stay so.
    pub fn mend(&self) {
        self.road.set(State::Open);
    }
}

impl Road {
    fn set(&self, state: State) {
        *self.state.lock().expect("a state") = state;
    }

    fn state(&self) -> State {
        *self.state.lock().expect("a state")
    }

    fn forward(self: &Arc<Self>, client: TcpStream) {
        if self.state() == State::Cut {
            return;
        }
        let (host, port) = &self.target;
        let Ok(server) = TcpStream::connect((host.as_str(), *port)) else {
            return;
        };
        for (from, to) in [(&client, &server), (&server, &client)] {
            let _ = from.set_nodelay(true);
            let pair = from
                .try_clone()
                .and_then(|from| Ok((from, to.try_clone()?)));
            let Ok((from, to)) = pair else { return };
            let road = Arc::clone(self);
            std::thread::spawn(move || road.carry(from, to));
        }
        self.open.lock().expect("streams").extend([client, server]);
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if self.state() == State::Silent {
                // This connection is lost for good; it only does not say so.
                loop {
                    std::thread::sleep(Duration::from_hours(1));
                }
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}
