//! What stands before Wharf under its public URL: passes on, byte by byte, or answers something of its own. It is there
//! before Wharf is, so that the settings can name it.

use actix_web::rt::net::TcpStream;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it does with a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Passes everything on.
    Through(SocketAddr),
    /// Answers this, whatever is asked.
    Says(&'static str),
    /// Hangs up.
    HangsUp,
}

/// A front that listens.
pub(crate) struct Front {
    pub(crate) url: String,
    manner: Rc<Cell<Manner>>,
    task: JoinHandle<()>,
}

impl Front {
    /// Listens on a free port; hangs up until it is told otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let manner = Rc::new(Cell::new(Manner::HangsUp));
        let chosen = Rc::clone(&manner);
        let task = actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(actix_web::rt::spawn(serve(stream, chosen.get())));
            }
        });
        Self { url, manner, task }
    }

    /// Its port.
    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().expect("a port")
    }

    /// From now on it does this.
    pub(crate) fn set(&self, manner: Manner) {
        self.manner.set(manner);
    }

    /// From now on it passes on to the server at `url`.
    pub(crate) fn lead_to(&self, url: &str) {
        let (_, address) = url.split_once("://").expect("a URL");
        self.set(Manner::Through(address.parse().expect("an address")));
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manner: Manner) {
    match manner {
        Manner::Through(address) => {
            let Ok(mut behind) = TcpStream::connect(address).await else { return };
            // Either side may hang up.
            let _ = copy_bidirectional(&mut stream, &mut behind).await;
        }
        Manner::Says(answer) => {
            let mut asked = [0; 16 << 10];
            if stream.read(&mut asked).await.is_ok() {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
        Manner::HangsUp => {}
    }
}
