//! The pass itself: the grammar of JSON (RFC 8259), without recursion. Notes nodes; reads no meaning into them.

use super::{NOTED_DEPTH, Node, Shape};

/// The nodes of `bytes`; `None` where they are not JSON.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Node>> {
    u32::try_from(bytes.len()).ok()?;
    let nodes = Vec::with_capacity(bytes.len() / 12 + 4);
    let mut reader = Reader { bytes, at: 0, nodes, open: Vec::with_capacity(16) };
    reader.whole()?;
    Some(reader.nodes)
}

/// A container that is not closed yet.
struct Open {
    shape: Shape,
    /// Its node; `None` where it lies too deep to be noted.
    node: Option<u32>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    open: Vec<Open>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Option<()> {
        loop {
            let opened = self.value()?;
            if !opened && !self.after_value()? {
                return (self.at == self.bytes.len()).then_some(());
            }
        }
    }

    /// Reads a value, or the opening of a container that has something inside: then the first value inside is next.
    fn value(&mut self) -> Option<bool> {
        match self.peek()? {
            b'{' => return self.open(Shape::Object),
            b'[' => return self.open(Shape::Array),
            b'"' => self.string()?,
            b't' => self.literal(b"true", Shape::Bool)?,
            b'f' => self.literal(b"false", Shape::Bool)?,
            b'n' => self.literal(b"null", Shape::Null)?,
            _ => self.number()?,
        }
        Some(false)
    }

    /// Goes on behind a value: closes what closes. Whether another value is next; if not, the outermost has ended.
    fn after_value(&mut self) -> Option<bool> {
        loop {
            let Some(shape) = self.open.last().map(|open| open.shape) else {
                self.skip_space();
                return Some(false);
            };
            match (self.peek()?, shape) {
                (b',', Shape::Array) => {
                    self.at += 1;
                    return Some(true);
                }
                (b',', _) => {
                    self.at += 1;
                    self.key()?;
                    return Some(true);
                }
                (b']', Shape::Array) | (b'}', Shape::Object) => self.close(),
                _ => return None,
            }
        }
    }

    fn open(&mut self, shape: Shape) -> Option<bool> {
        let start = self.at;
        self.at += 1;
        let node = self.note(start, shape);
        self.open.push(Open { shape, node });
        match (self.peek()?, shape) {
            (b']', Shape::Array) | (b'}', Shape::Object) => {
                self.close();
                Some(false)
            }
            (_, Shape::Object) => {
                self.key()?;
                Some(true)
            }
            _ => Some(true),
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let Some(node) = self.open.pop().and_then(|open| open.node) {
            let next = self.nodes.len() as u32;
            let node = &mut self.nodes[node as usize];
            node.end = self.at as u32;
            node.next = next;
        }
    }

    fn key(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string()?;
        self.expect(b':')
    }

    /// Notes a value that ends here (a container's end is set when it closes).
    fn note(&mut self, start: usize, shape: Shape) -> Option<u32> {
        if self.open.len() > NOTED_DEPTH {
            return None;
        }
        let at = self.nodes.len() as u32;
        self.nodes.push(Node { start: start as u32, end: self.at as u32, next: at + 1, shape });
        Some(at)
    }

    fn string(&mut self) -> Option<()> {
        let start = self.at;
        let mut shape = Shape::Plain;
        self.at += 1;
        loop {
            self.at += special(&self.bytes[self.at..])?;
            match self.bytes[self.at] {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return None,
            }
            shape = Shape::Escaped;
        }
        self.at += 1;
        self.note(start, shape);
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    fn literal(&mut self, word: &[u8], shape: Shape) -> Option<()> {
        let start = self.at;
        self.at += word.len();
        (self.bytes.get(start..self.at)? == word).then_some(())?;
        self.note(start, shape);
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_one(b"-");
        if !self.skip_one(b"0") {
            self.digits()?;
        }
        if self.skip_one(b".") {
            self.digits()?;
        }
        if self.skip_one(b"eE") {
            self.skip_one(b"+-");
            self.digits()?;
        }
        self.note(start, Shape::Number);
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then_some(())
    }

    fn skip_one(&mut self, any_of: &[u8]) -> bool {
        let found = self.bytes.get(self.at).is_some_and(|byte| any_of.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then_some(())?;
        self.at += 1;
        Some(())
    }
}

/// How far it is to the next byte that means something in a string: a quote, a backslash or a control character.
/// Eight bytes at a time: names and message texts are most of a webhook.
fn special(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = special_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    Some(words.len() * 8 + found)
}

/// The high bit of each special byte, exact up to and including the lowest one (a borrow can only mark a byte above
/// one that is special itself).
fn special_marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let slash = word ^ (ONES * 0x5C);
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_slash = slash.wrapping_sub(ONES) & !slash;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_slash | is_control) & HIGHS
}
