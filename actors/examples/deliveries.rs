//! Measures what a delivery costs the courier's thread, against an instant sink. Run with `--release`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use bytes::Bytes;
use wharf_actors::courier::endpoint::{Addresses, Endpoint, HeaderName, HeaderValue, PostOutcome, RouteClient};
use wharf_actors::courier::gate::Gates;

/// Deliveries under way at once, as a route has them by default.
const LANES: usize = 32;

/// How long is measured.
const SPAN: Duration = Duration::from_secs(5);

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || actix_web::rt::System::new().block_on(sink(listener)));
    actix_web::rt::System::new().block_on(measure(&url));
    Ok(())
}

async fn sink(listener: TcpListener) -> std::io::Result<()> {
    let app = || App::new().route("/", web::post().to(async |_: Bytes| HttpResponse::Ok().finish()));
    HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run().await
}

async fn measure(url: &str) {
    let endpoint =
        Endpoint::new(url, Gates::default().gate(url, LANES), Addresses::Any).expect("a URL of our own making");
    let client = RouteClient::default();
    let (begun, busy) = (Instant::now(), cpu());
    let lanes = (0..LANES).map(|_| lane(&client, &endpoint, begun + SPAN));
    let delivered: u64 = futures_util::future::join_all(lanes).await.into_iter().sum();
    let (wall, busy) = (begun.elapsed().as_secs_f64(), (cpu() - busy).as_secs_f64());
    let count = delivered as f64;
    println!("delivered={delivered} per_second={:.0} per_cpu_second={:.0}", count / wall, count / busy);
}

async fn lane(client: &RouteClient, endpoint: &Endpoint, until: Instant) -> u64 {
    let body = Bytes::from(vec![b'x'; 600]);
    let mut delivered = 0;
    while Instant::now() < until {
        let outcome = client.post(endpoint, headers(), body.clone(), Duration::from_secs(10)).await;
        assert!(matches!(outcome, PostOutcome::Answered { status: 200, .. }), "{outcome:?}");
        delivered += 1;
    }
    delivered
}

/// As many as a signed delivery has.
fn headers() -> Vec<(HeaderName, HeaderValue)> {
    let names = ["content-type", "x-hub-signature-256", "webhook-id", "webhook-timestamp", "webhook-signature"];
    let others = ["x-whatsapp-business", "x-whatsapp-account", "x-whatsapp-number", "x-wharf-attempt"];
    let value = HeaderValue::from_static("0123456789012345678901234567890123456789");
    names.iter().chain(&others).map(|name| (HeaderName::from_static(name), value.clone())).collect()
}

/// What this thread has computed so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default())
}
