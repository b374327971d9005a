//! A registry that says exactly what a test wants it to say, byte for byte, over real sockets.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client sends first that takes a plain server for one that speaks TLS.
const TLS_HANDSHAKE: u8 = 22;

/// Often enough that no wait for the next byte ends in time.
const DRIP: Duration = Duration::from_millis(50);

/// The server; it ends when dropped.
pub(crate) struct Scripted {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    stopped: Arc<AtomicBool>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Request line and headers, as they came.
    pub(crate) text: String,
    /// The method.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The Authorization header.
    pub(crate) authorization: Option<String>,
    /// The body, where its length is given.
    pub(crate) body: String,
}

/// What is sent back.
pub(crate) enum Reaction {
    /// These bytes; then the next request is awaited.
    Say(Vec<u8>),
    /// These bytes; then the connection ends.
    SayAndClose(Vec<u8>),
    /// These bytes; then one more every now and then, for ever.
    SayAndDrip(Vec<u8>),
}

impl Scripted {
    /// Starts a server that speaks plain HTTP.
    pub(crate) fn plain(react: impl Fn(&Heard) -> Reaction + Send + Sync + 'static) -> Self {
        Self::start(react, Some)
    }

    /// Starts a server that speaks TLS.
    pub(crate) fn tls(
        config: Arc<ServerConfig>,
        react: impl Fn(&Heard) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self::start(react, move |stream| {
            let connection = ServerConnection::new(config.clone()).ok()?;
            Some(StreamOwned::new(connection, stream))
        })
    }

    /// Starts a server that sends `bytes` to whoever connects, and hangs up.
    pub(crate) fn raw(bytes: &'static [u8]) -> Self {
        Self::start(
            |_| Reaction::Say(Vec::new()),
            move |mut stream: TcpStream| {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(bytes);
                None::<TcpStream>
            },
        )
    }

    /// Returns `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns what arrived so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn start<S: Read + Write + Send + 'static>(
        react: impl Fn(&Heard) -> Reaction + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
            stopped: Arc::default(),
        };
        let (heard, stopped) = (server.heard.clone(), server.stopped.clone());
        let (react, wrap) = (Arc::new(react), Arc::new(wrap));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (heard, react, wrap) = (heard.clone(), react.clone(), wrap.clone());
                thread::spawn(move || serve(stream, &*wrap, &*react, &heard));
            }
        });
        server
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve<S: Read + Write>(
    stream: TcpStream,
    wrap: &dyn Fn(TcpStream) -> Option<S>,
    react: &dyn Fn(&Heard) -> Reaction,
    heard: &Mutex<Vec<Heard>>,
) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let Some(mut stream) = wrap(stream) else {
        return;
    };
    while let Some(request) = read_request(&mut stream) {
        heard.lock().unwrap().push(request.clone());
        let (bytes, after) = match react(&request) {
            Reaction::Say(bytes) => (bytes, After::Listen),
            Reaction::SayAndClose(bytes) => (bytes, After::Close),
            Reaction::SayAndDrip(bytes) => (bytes, After::Drip),
        };
        let mut alive = say(&mut stream, &bytes);
        while alive && after == After::Drip {
            thread::sleep(DRIP);
            alive = say(&mut stream, b"x");
        }
        if !alive || after == After::Close {
            return;
        }
    }
}

/// What follows the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Listen,
    Close,
    Drip,
}

/// Returns whether the other side may have heard it.
fn say(stream: &mut impl Write, bytes: &[u8]) -> bool {
    stream
        .write_all(bytes)
        .and_then(|()| stream.flush())
        .is_ok()
}

fn read_request(stream: &mut (impl Read + Write)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
        if bytes[0] == TLS_HANDSHAKE {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |wanted: &str| {
        let mut headers = headers.iter();
        headers.find_map(|(name, value)| {
            name.eq_ignore_ascii_case(wanted)
                .then(|| (*value).to_owned())
        })
    };
    let authorization = header("authorization");
    let length = header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).ok()?;
    Some(Heard {
        text,
        method,
        path,
        authorization,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// An answer with headers and a body, well formed.
pub(crate) fn reply(status: u16, headers: &[&str], body: &str) -> Reaction {
    let mut text = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    Reaction::Say(format!("{text}\r\n{body}").into_bytes())
}

/// The answer to HEAD: headers alone.
pub(crate) fn head(status: u16, headers: &[&str]) -> Reaction {
    reply(status, headers, "")
}
