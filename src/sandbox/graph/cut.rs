//! Closing a caller's connection instead of answering: a second handle on its socket. Knows no Graph.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;

/// The caller's connection.
struct Wire(TcpStream);

/// Keeps a handle on a new connection, for [`cut`].
pub(in crate::sandbox) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    // Without a handle, when there are no more files to be had, the connection is answered instead of cut.
    if let Ok(handle) = stream.as_fd().try_clone_to_owned() {
        data.insert(Wire(handle.into()));
    }
}

/// Closes the connection that `req` came by: not a byte of an answer reaches the caller.
pub(super) fn cut(req: &HttpRequest) {
    if let Some(Wire(stream)) = req.conn_data() {
        // One that the caller has closed meanwhile needs no closing.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
