//! What the bare road costs: client → `serve` → `HttpLink` → a tiny server, all on loopback, each in a process of its own.
//!
//! `cargo run --release -p doorward-transport --example bare_proxy` prints calls per second and the CPU time of the proxy
//! per call, with 1 and with 32 connections. `plain` is the same proxy out of hyper's own parts, for comparison.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measuring tool, not a service"
)]

use bytes::Bytes;
use doorward_audit::Receipt;
use doorward_engine::{Outbound, OutboundKind, testing::permit_for_tests};
use doorward_transport::{
    egress::{Egress, EgressSettings, TlsRoots, Trust},
    guard::{Guard, GuardSettings},
    serve::{Body, Bound, Peer, ServeSettings, read_body},
    upstream::{HttpLink, HttpSettings, PostBody, SessionHeaders},
};
use doorward_vocab::CallId;
use http::{Request, Response, Uri, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"0123456789012345678901234567890123456789012345678901234567890123"}}}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["upstream", size] => run(upstream(size.parse().unwrap())),
        ["doorward", to] => run(doorward(to.parse().unwrap())),
        ["plain", to] => run(plain(to.parse().unwrap())),
        ["load", to, connections] => {
            println!("{}", load(to.parse().unwrap(), connections.parse().unwrap(), Duration::from_secs(2)));
        }
        _ => compare(),
    }
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work);
}

fn compare() {
    println!("{:<10} {:>8} {:>6} {:>12} {:>16}", "proxy", "reply B", "conns", "calls/s", "CPU us/call");
    for size in [64, 262_144] {
        for connections in [1, 32] {
            for _ in 0..3 {
                for proxy in ["plain", "doorward"] {
                    let (mut server, upstream) = start(&["upstream", &size.to_string()]);
                    let (mut middle, address) = start(&[proxy, &upstream.to_string()]);
                    load(address, connections, Duration::from_millis(300));
                    let before = cpu(middle.id());
                    let seconds = Duration::from_secs(2);
                    let calls = load(address, connections, seconds);
                    let spent = cpu(middle.id()) - before;
                    let rate = calls as f64 / seconds.as_secs_f64();
                    let each = spent.as_secs_f64() * 1e6 / calls as f64;
                    println!("{proxy:<10} {size:>8} {connections:>6} {rate:>12.0} {each:>16.1}");
                    middle.kill().and_then(|()| middle.wait()).unwrap();
                    server.kill().and_then(|()| server.wait()).unwrap();
                }
            }
        }
    }
}

fn start(arguments: &[&str]) -> (Child, SocketAddr) {
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

/// CPU time of all threads of a process.
fn cpu(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanos = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanos.sum())
}

/// Calls as fast as `connections` blocking clients can; gives the number of calls.
fn load(to: SocketAddr, connections: usize, time: Duration) -> u64 {
    let end = Instant::now() + time;
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            thread::spawn(move || {
                let mut socket = TcpStream::connect(to).unwrap();
                socket.set_nodelay(true).unwrap();
                let length = CALL.len();
                let request = format!(
                    "POST /mcp HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\n\
                     Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
                     Mcp-Method: tools/call\r\nMcp-Name: echo\r\nContent-Length: {length}\r\n\r\n{CALL}"
                );
                let mut buffer = vec![0; 512 << 10];
                let mut calls = 0;
                while Instant::now() < end {
                    socket.write_all(request.as_bytes()).unwrap();
                    let mut filled = 0;
                    let mut wanted = None;
                    while wanted != Some(filled) {
                        let read = socket.read(&mut buffer[filled..]).unwrap();
                        assert!(read > 0, "the connection broke off");
                        filled += read;
                        wanted = wanted.or_else(|| length_of(&buffer[..filled]));
                    }
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    clients.into_iter().map(|c| c.join().unwrap()).sum()
}

/// The length of a response, once its head is whole.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    let length = text.split("content-length: ").nth(1).expect("a length").split('\r').next().unwrap();
    Some(head + length.parse::<usize>().unwrap())
}

async fn upstream(size: usize) {
    let body = Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{}"}}"#, "x".repeat(size)));
    let service = move |request: Request<Incoming>, _: Arc<Peer>| {
        let body = body.clone();
        async move {
            read_body(request.into_body(), 1 << 20, Duration::from_secs(5)).await.unwrap();
            json(Body::full(body))
        }
    };
    listen(service).await;
}

async fn doorward(to: SocketAddr) {
    let roots = TlsRoots::system_and(None).unwrap();
    let egress = Arc::new(Egress::new(roots, EgressSettings::default()));
    let url = format!("http://{to}/mcp").parse().unwrap();
    let link = HttpLink::new(&url, Trust::Configured, &[], egress, HttpSettings::default()).unwrap();
    let link = Arc::new(link);
    let guard = Arc::new(std::sync::OnceLock::new());
    let mirrored: Arc<[(Box<str>, Box<str>)]> = Arc::new([
        ("MCP-Protocol-Version".into(), "2026-07-28".into()),
        ("Mcp-Method".into(), "tools/call".into()),
        ("Mcp-Name".into(), "echo".into()),
    ]);
    let call: CallId = "call_00000000000000000000000000".parse().unwrap();
    let service = move |request: Request<Incoming>, peer: Arc<Peer>| {
        let (link, guard, headers) = (link.clone(), guard.clone(), mirrored.clone());
        async move {
            let guard: &Guard = guard.get_or_init(|| guard_of(peer.local));
            guard.check(request.uri(), request.version(), request.headers()).unwrap();
            let bytes = read_body(request.into_body(), 1 << 20, Duration::from_secs(5)).await.unwrap();
            let kind = OutboundKind::Request { id: "7".into() };
            let message = Outbound { bytes, kind, method: "tools/call", headers };
            #[expect(clippy::disallowed_methods, reason = "there is no trail to measure here")]
            let receipt = Receipt::assertion(call, 0, false);
            let permitted = permit_for_tests(message, call, false);
            let reply = link.post(permitted, receipt, &SessionHeaders::default()).await.unwrap();
            match reply.body {
                PostBody::Json(bytes) => json(Body::full(bytes)),
                other => panic!("{other:?}"),
            }
        }
    };
    listen(service).await;
}

fn guard_of(listen: SocketAddr) -> Guard {
    let settings = GuardSettings {
        listen,
        public_url: None,
        allowed_hosts: Vec::new(),
        allowed_origins: Vec::new(),
        max_target: 2048,
    };
    Guard::new(&settings).unwrap()
}

fn json(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

async fn listen(service: impl doorward_transport::serve::Serve) {
    let bound = Bound::bind(([127, 0, 0, 1], 0).into()).unwrap();
    println!("{}", bound.address());
    let _running = bound.serve(Arc::new(service), ServeSettings::default(), None);
    std::future::pending().await
}

/// The bare proxy: hyper's server, hyper's pooled client, bodies passed through.
async fn plain(to: SocketAddr) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let client = client.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let path = request.uri().path_and_query().unwrap().as_str();
            *request.uri_mut() = format!("http://{to}{path}").parse::<Uri>().unwrap();
            client.request(request)
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}
