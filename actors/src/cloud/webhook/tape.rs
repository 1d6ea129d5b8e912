//! One pass over JSON: checks it and notes where its values lie. Knows JSON and no word of Meta's.
//!
//! Lenient where Meta is: any bytes may stand inside a string except control characters, so that half an emoji (as
//! an escape or as bytes) spoils nothing. Nesting costs no stack.

mod reader;
mod text;

pub(crate) use text::Text;

/// Values nested deeper than this are checked, not noted: Meta's own words lie at most ten levels deep.
const NOTED_DEPTH: usize = 12;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
}

/// Where a value lies, and which node follows the last of its own.
#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    next: u32,
    shape: Shape,
}

/// Checked JSON with the places of its values. An object's keys stand before their values.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
    bytes: &'a [u8],
    nodes: Vec<Node>,
}

impl<'a> Tape<'a> {
    /// Reads `bytes`; `None` where they are not JSON (or 4 GiB and more).
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        reader::read(bytes).map(|nodes| Self { bytes, nodes })
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Value<'_> {
        Value { tape: self, at: 0 }
    }
}

/// A value on a tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'t> {
    tape: &'t Tape<'t>,
    at: u32,
}

impl<'t> Value<'t> {
    fn node(self) -> Node {
        self.tape.nodes[self.at as usize]
    }

    /// What it is.
    pub(crate) fn shape(self) -> Shape {
        self.node().shape
    }

    /// Where it starts and ends.
    pub(crate) fn span(self) -> (u32, u32) {
        (self.node().start, self.node().end)
    }

    /// Its bytes, as they came.
    pub(crate) fn bytes(self) -> &'t [u8] {
        let Node { start, end, .. } = self.node();
        &self.tape.bytes[start as usize..end as usize]
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        self.shape() == Shape::Object
    }

    /// Whether it is an array.
    pub(crate) fn is_array(self) -> bool {
        self.shape() == Shape::Array
    }

    /// The nodes directly inside: an array's elements, an object's keys and values in turn.
    fn inside(self) -> impl Iterator<Item = Value<'t>> {
        let Node { next: end, shape, .. } = self.node();
        let mut at = if matches!(shape, Shape::Object | Shape::Array) { self.at + 1 } else { end };
        std::iter::from_fn(move || {
            let value = (at < end).then_some(Value { tape: self.tape, at })?;
            at = value.node().next;
            Some(value)
        })
    }

    /// An array's elements; nothing for any other value.
    pub(crate) fn elements(self) -> impl Iterator<Item = Value<'t>> {
        self.inside().filter(move |_| self.is_array())
    }

    /// An object's members, in their order, doubles included; nothing for any other value.
    pub(crate) fn members(self) -> impl Iterator<Item = (Value<'t>, Value<'t>)> {
        let mut inside = self.inside();
        std::iter::from_fn(move || if self.is_object() { Some((inside.next()?, inside.next()?)) } else { None })
    }

    /// The member `name`; the last one where there are several, as most parsers have it.
    pub(crate) fn get(self, name: &str) -> Option<Value<'t>> {
        self.members().filter(|(key, _)| key.says(name)).last().map(|(_, value)| value)
    }

    /// Whether it is the string `word`.
    pub(crate) fn says(self, word: &str) -> bool {
        match self.shape() {
            Shape::Plain => self.quoted() == word.as_bytes(),
            Shape::Escaped => self.text().is_some_and(|text| text == word),
            Shape::Object | Shape::Array | Shape::Number | Shape::Bool | Shape::Null => false,
        }
    }

    /// What stands between the quotes of a string.
    fn quoted(self) -> &'t [u8] {
        let bytes = self.bytes();
        &bytes[1..bytes.len() - 1]
    }

    /// A string's or number's text: ids and times are written either way.
    pub(crate) fn text(self) -> Option<Text<'t>> {
        match self.shape() {
            Shape::Plain => Some(text::plain(self.quoted())),
            Shape::Escaped => Some(text::unescape(self.quoted()).into()),
            Shape::Number => Some(text::plain(self.bytes())),
            Shape::Object | Shape::Array | Shape::Bool | Shape::Null => None,
        }
    }

    /// Whether there is nothing under `name`: no member, `null` or an empty string.
    pub(crate) fn lacks(self, name: &str) -> bool {
        self.get(name).is_none_or(|value| value.shape() == Shape::Null || value.says(""))
    }

    /// The text of the member `name`, unless it is empty.
    pub(crate) fn word(self, name: &str) -> Option<Text<'t>> {
        self.get(name)?.text().filter(|text| !text.is_empty())
    }
}
