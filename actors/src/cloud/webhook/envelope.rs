//! An envelope of its own for each item: Meta's, copied byte for byte, around one item. Knows bytes, no meaning.

use super::tape::Value;
use std::borrow::Cow;

/// What stands before and behind an item, all levels from the POST inwards.
#[derive(Debug, Default)]
pub(super) struct Shell {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Shell {
    /// The shell inside `outer` around what will stand in the place of `chosen`, a member of `object`: for an array
    /// in it, for any other value instead of it. `copy` says what the other members' values become; `None` leaves
    /// one out.
    pub(super) fn around<'t>(
        outer: &Shell,
        object: Value<'t>,
        chosen: Value<'t>,
        copy: impl Fn(Value<'t>, Value<'t>) -> Option<Cow<'t, [u8]>>,
    ) -> Shell {
        let mut head = Vec::with_capacity(outer.head.len() + 256);
        head.extend(&outer.head);
        let mut shell = Shell { head, tail: Vec::with_capacity(outer.tail.len() + 64) };
        let mut into_tail = false;
        let mut separator = b'{';
        for (key, value) in object.members() {
            let is_chosen = value.span() == chosen.span();
            let bytes = if is_chosen { Some(Cow::Borrowed(opening(chosen))) } else { copy(key, value) };
            let Some(bytes) = bytes else {
                continue;
            };
            let side = if into_tail { &mut shell.tail } else { &mut shell.head };
            side.push(separator);
            side.extend(key.bytes());
            side.push(b':');
            side.extend(&*bytes);
            separator = b',';
            if is_chosen {
                into_tail = true;
                shell.tail.extend(closing(chosen));
            }
        }
        shell.tail.push(b'}');
        shell.tail.extend(&outer.tail);
        shell
    }

    /// The envelope with `item` in its place, and where that is.
    pub(super) fn filled(mut self, item: Value<'_>) -> (Vec<u8>, (u32, u32)) {
        let start = self.head.len() as u32;
        self.head.extend(item.bytes());
        let end = self.head.len() as u32;
        self.head.extend(self.tail);
        (self.head, (start, end))
    }

    /// A copy to fill.
    pub(super) fn copied(&self, item: Value<'_>) -> Shell {
        let mut head = Vec::with_capacity(self.len() + item.bytes().len());
        head.extend(&self.head);
        Shell { head, tail: self.tail.clone() }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

fn opening(chosen: Value<'_>) -> &'static [u8] {
    if chosen.is_array() { b"[" } else { b"" }
}

fn closing(chosen: Value<'_>) -> &'static [u8] {
    if chosen.is_array() { b"]" } else { b"" }
}

/// `[a,b]` of `elements`, each as it came.
pub(super) fn array_of(elements: &[Value<'_>]) -> Vec<u8> {
    let mut array = vec![b'['];
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            array.push(b',');
        }
        array.extend(element.bytes());
    }
    array.push(b']');
    array
}
