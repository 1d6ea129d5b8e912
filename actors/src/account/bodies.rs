//! What messages say, for as long as they have not left: in memory while there is room, else on disk. Knows no queue.

use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use wharf_storage::{KeyBuilder, Kind, MessageBody, Noun, Store};

/// Bytes of bodies that an account keeps in memory: a message that leaves at once needs no look at the disk, and a
/// campaign of a hundred thousand takes no more than this.
const IN_MEMORY: usize = 1 << 20;

/// The bodies of one account's messages.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    near: HashMap<Box<str>, Bytes>,
    bytes: usize,
}

impl Bodies {
    /// Keeps the body of a message that is about to become durable, if there is room.
    pub(super) fn keep(&mut self, id: &str, body: &Bytes) {
        if self.bytes + body.len() <= IN_MEMORY {
            self.bytes += body.len();
            self.near.insert(id.into(), body.clone());
        }
    }

    /// The body of a durable message; the error says why there is none.
    pub(super) fn find(
        &mut self,
        store: &Arc<dyn Store>,
        id: &str,
    ) -> impl Future<Output = Result<Bytes, String>> + use<> {
        let near = self.near.remove(id);
        self.bytes -= near.as_ref().map_or(0, Bytes::len);
        let (store, id) = (Arc::clone(store), id.to_owned());
        async move {
            match near {
                Some(body) => Ok(body),
                None => actix_rt::task::spawn_blocking(move || read(store.as_ref(), &id))
                    .await
                    .unwrap_or_else(|_| Err("wharf stopped".to_owned())),
            }
        }
    }
}

/// Reads a body. Blocks.
fn read(store: &dyn Store, id: &str) -> Result<Bytes, String> {
    let found = store.get(Kind::Body, &KeyBuilder::new().text(id).build().0).map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| "the store has lost its body".to_owned())?;
    MessageBody::from_bytes(&found).map(|kept| kept.body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use wharf_storage::{Change, MemoryStore};

    #[test]
    fn what_does_not_fit_into_memory_is_read_from_the_store() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let mut bodies = Bodies::default();
        let large = Bytes::from(vec![b'x'; IN_MEMORY]);
        bodies.keep("msg_1", &large);
        bodies.keep("msg_2", &Bytes::from_static(b"no room"));
        assert_eq!(bodies.find(&store, "msg_1").now_or_never(), Some(Ok(large)));
        let mut change = Change::default();
        change.put(&MessageBody { id: "msg_2".into(), body: Bytes::from_static(b"on disk") });
        store.commit(change, Vec::new());
        assert_eq!(read(store.as_ref(), "msg_2"), Ok(Bytes::from_static(b"on disk")));
        assert!(read(store.as_ref(), "msg_3").is_err());
        bodies.keep("msg_4", &Bytes::from_static(b"room again"));
        assert!(bodies.near.contains_key("msg_4"));
    }
}
