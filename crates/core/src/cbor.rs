//! The binary codec: CBOR (RFC 8949), as much of it as our types are written in.
//!
//! A type says its fields by number (`#[n(0)]`) and derives [`Encode`] and [`Decode`]:
//!
//! | what | as |
//! |---|---|
//! | a struct | the array of its fields, each at the place of its number; what is nothing at the end is left out |
//! | an enum | `[number, [fields]]`; with `#[cbor(index_only)]` its number alone |
//! | `#[cbor(transparent)]` | its one field |
//! | `#[cbor(bytes)]` on a `Vec<u8>` | a byte string |
//! | `#[cbor(default)]` | when it is missing or null, what `Default` says |
//! | `#[cbor(known)]` on an `Option` | nothing only if nothing stands there: where nothing is a wish of its own, such as "forget it" |
//!
//! Reading skips fields that it does not know, and takes an optional field whose variant it does not know for nothing. Bytes are
//! anybody's: a length takes no room before its content has come, and nothing calls itself on what is read. Writing goes by tables of fields and reading fails with no more than "no": a page carries both for every type, and a library that
//! writes each out with its own error costs four times as much there.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub use lamplight_derive::{Decode, Encode};

/// What can be written.
pub trait Encode {
    fn encode(&self, to: &mut Writer);

    /// Nothing: at the end of a row it is left out.
    fn is_nil(&self) -> bool {
        false
    }
}

/// What can be read.
pub trait Decode: Sized {
    /// `None` is an error; the reader knows which.
    fn decode(from: &mut Reader<'_>) -> Option<Self>;

    /// What a missing field of this type is, if it may be missing.
    fn nil() -> Option<Self> {
        None
    }
}

// The first byte of an item: three bits say the kind, five the number that belongs to it or how long that is.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const NULL: u8 = 0xf6;
const BREAK: u8 = 0xff;
const INDEFINITE: u8 = 31;

/// Bytes that are being written.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A kind with its number, as short as it goes.
    fn head(&mut self, kind: u8, number: u64) {
        let kind = kind << 5;
        let bytes = number.to_be_bytes();
        let (code, length) = match number {
            0..24 => return self.bytes.push(kind | number as u8),
            24..0x100 => (24, 1),
            0x100..0x1_0000 => (25, 2),
            0x1_0000..0x1_0000_0000 => (26, 4),
            _ => (27, 8),
        };
        self.bytes.push(kind | code);
        self.bytes.extend_from_slice(&bytes[8 - length..]);
    }

    pub fn number(&mut self, number: u64) {
        self.head(UNSIGNED, number);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Fields, each at the place of its number.
    pub fn row(&mut self, fields: &[&dyn Encode]) {
        let last = fields.iter().rposition(|field| !field.is_nil());
        let fields = &fields[..last.map_or(0, |last| last + 1)];
        self.head(ARRAY, fields.len() as u64);
        for field in fields {
            field.encode(self);
        }
    }

    /// A variant with its fields.
    pub fn variant(&mut self, number: u64, fields: &[&dyn Encode]) {
        self.head(ARRAY, 2);
        self.number(number);
        self.row(fields);
    }
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not CBOR, or not what stands there in our types.
    Broken,
    /// A variant that this build does not know.
    UnknownVariant,
    /// A type of ours, named here, refused its text.
    Refused(&'static str),
}

/// Bytes that are being read.
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fault: Fault,
}

/// An array that is being read: how many elements are left, `None` where its end is marked instead.
pub struct Row(Option<u64>);

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            fault: Fault::Broken,
        }
    }

    /// How many bytes are read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Why the last `None` was.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    pub fn unknown_variant<T>(&mut self) -> Option<T> {
        self.fault = Fault::UnknownVariant;
        None
    }

    pub fn refused<T>(&mut self, what: &'static str) -> Option<T> {
        self.fault = Fault::Refused(what);
        None
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes on behind this byte if it stands here.
    fn passes(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// A kind with its number; a length without an end is `None` there.
    fn head(&mut self) -> Option<(u8, Option<u64>)> {
        let first = self.take(1)?[0];
        let (kind, code) = (first >> 5, first & 31);
        let length = match code {
            0..24 => return Some((kind, Some(code.into()))),
            24..28 => 1 << (code - 24),
            INDEFINITE => return Some((kind, None)),
            _ => return None,
        };
        let number = self.take(length)?.iter();
        let number = number.fold(0, |number, byte| number << 8 | u64::from(*byte));
        // A simple value has one way to be written.
        (first != 0xf8 || number >= 32).then_some((kind, Some(number)))
    }

    /// The number that belongs to an item of this kind.
    fn of_kind(&mut self, wanted: u8) -> Option<u64> {
        match self.head()? {
            (kind, Some(number)) if kind == wanted => Some(number),
            _ => None,
        }
    }

    pub fn number(&mut self) -> Option<u64> {
        self.of_kind(UNSIGNED)
    }

    pub fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = self.of_kind(BYTES)?;
        self.take(length.try_into().ok()?)
    }

    pub fn text(&mut self) -> Option<&'b str> {
        let length = self.of_kind(TEXT)?;
        core::str::from_utf8(self.take(length.try_into().ok()?)?).ok()
    }

    /// Begins a row.
    pub fn open(&mut self) -> Option<Row> {
        match self.head()? {
            (ARRAY, length) => Some(Row(length)),
            _ => None,
        }
    }

    /// Whether the row has another element, which is then to be read.
    fn more(&mut self, row: &mut Row) -> Option<bool> {
        match &mut row.0 {
            Some(0) => return Some(false),
            Some(left) => *left -= 1,
            None if self.passes(BREAK) => {
                row.0 = Some(0);
                return Some(false);
            }
            None => {}
        }
        Some(self.at < self.bytes.len()).filter(|more| *more)
    }

    /// The next field of a row; what is missing or of a variant that nobody here knows is nothing, where it may be.
    pub fn field<T: Decode>(&mut self, row: &mut Row) -> Option<T> {
        if !self.more(row)? {
            return T::nil();
        }
        let start = self.at;
        T::decode(self).or_else(|| {
            let nil = T::nil()?;
            self.pass_unknown(start)?;
            Some(nil)
        })
    }

    /// The same, where what is of an unknown variant must not be taken for nothing.
    pub fn field_known<T: Decode>(&mut self, row: &mut Row) -> Option<T> {
        match self.more(row)? {
            true => T::decode(self),
            false => T::nil(),
        }
    }

    /// The same, where what is missing or null is what `Default` says.
    pub fn field_or_default<T: Decode + Default>(&mut self, row: &mut Row) -> Option<T> {
        match !self.more(row)? || self.passes(NULL) {
            true => Some(T::default()),
            false => T::decode(self),
        }
    }

    /// A field with a number that is not in use.
    pub fn gap(&mut self, row: &mut Row) -> Option<()> {
        if self.more(row)? {
            self.skip()
        } else {
            Some(())
        }
    }

    /// Goes on behind an item that began at `start` and could not be read, if an unknown variant was all that was wrong.
    fn pass_unknown(&mut self, start: usize) -> Option<()> {
        if self.fault != Fault::UnknownVariant {
            return None;
        }
        self.fault = Fault::Broken;
        self.at = start;
        self.skip()
    }

    /// Ends a row; what follows the fields we know is of a newer build.
    pub fn close(&mut self, mut row: Row) -> Option<()> {
        while self.more(&mut row)? {
            self.skip()?;
        }
        Some(())
    }

    /// Begins a variant: its number and the row of its fields.
    pub fn variant(&mut self) -> Option<(u64, Row)> {
        if self.of_kind(ARRAY)? != 2 {
            return None;
        }
        let number = self.number()?;
        if self.peek().is_some_and(|first| first >> 5 == ARRAY) {
            return Some((number, self.open()?));
        }
        self.skip()?;
        Some((number, Row(Some(0))))
    }

    /// Goes on behind the next item, whatever it is and holds. Counts what is open instead of calling itself, since what is read
    /// here may be anybody's.
    pub fn skip(&mut self) -> Option<()> {
        let mut open = Vec::new();
        let mut left = Left::Items(1);
        loop {
            match left {
                Left::Items(0) => match open.pop() {
                    Some(outer) => {
                        left = outer;
                        continue;
                    }
                    None => return Some(()),
                },
                Left::Items(count) => left = Left::Items(count - 1),
                Left::Marked | Left::MarkedPairs if self.passes(BREAK) => {
                    left = Left::Items(0);
                    continue;
                }
                Left::Marked => {}
                Left::MarkedPairs => {
                    open.push(left);
                    left = Left::Items(1);
                }
            }
            let inside = match self.head()? {
                (UNSIGNED | NEGATIVE, Some(_)) => continue,
                (kind @ (BYTES | TEXT), Some(length)) => {
                    self.skip_content(kind, length)?;
                    continue;
                }
                // In pieces.
                (kind @ (BYTES | TEXT), None) => {
                    while !self.passes(BREAK) {
                        let length = self.of_kind(kind)?;
                        self.skip_content(kind, length)?;
                    }
                    continue;
                }
                (ARRAY, Some(count)) => Left::Items(count),
                (ARRAY, None) => Left::Marked,
                (MAP, Some(count)) => Left::Items(count.checked_mul(2)?),
                (MAP, None) => Left::MarkedPairs,
                (TAG, Some(_)) => Left::Items(1),
                // Simple values and floats are all in their head.
                (7, Some(_)) => continue,
                _ => return None,
            };
            open.push(left);
            left = inside;
        }
    }

    /// Goes on behind the content of a string, which must be text if it says so.
    fn skip_content(&mut self, kind: u8, length: u64) -> Option<()> {
        let content = self.take(length.try_into().ok()?)?;
        (kind == BYTES || core::str::from_utf8(content).is_ok()).then_some(())
    }
}

/// What an item that is being skipped still holds.
#[derive(Clone, Copy)]
enum Left {
    Items(u64),
    /// Items until the end is marked.
    Marked,
    /// Keys with their values until the end is marked.
    MarkedPairs,
}

// What the library of the language has.

macro_rules! unsigned {
    ($($number:ty)*) => {
        $(
            impl Encode for $number {
                fn encode(&self, to: &mut Writer) {
                    to.number((*self).into());
                }
            }

            impl Decode for $number {
                fn decode(from: &mut Reader<'_>) -> Option<Self> {
                    Self::try_from(from.number()?).ok()
                }
            }
        )*
    };
}

unsigned!(u8 u16 u32 u64);

impl Encode for i16 {
    fn encode(&self, to: &mut Writer) {
        match u64::try_from(*self) {
            Ok(number) => to.number(number),
            // -1 is 0 there.
            Err(_) => to.head(NEGATIVE, i64::from(!*self) as u64),
        }
    }
}

impl Decode for i16 {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        match from.head()? {
            (UNSIGNED, Some(number)) => number.try_into().ok(),
            (NEGATIVE, Some(number)) => Self::try_from(number).ok().map(|number| !number),
            _ => None,
        }
    }
}

impl Encode for bool {
    fn encode(&self, to: &mut Writer) {
        to.bytes.push(0xf4 | u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        match from.take(1)? {
            [0xf4] => Some(false),
            [0xf5] => Some(true),
            _ => None,
        }
    }
}

impl Encode for String {
    fn encode(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl Decode for String {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        from.text().map(Self::from)
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, to: &mut Writer) {
        (**self).encode(to);
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        T::decode(from).map(Box::new)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, to: &mut Writer) {
        match self {
            Some(value) => value.encode(to),
            None => to.bytes.push(NULL),
        }
    }

    fn is_nil(&self) -> bool {
        self.is_none()
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        if from.passes(NULL) {
            return Some(None);
        }
        T::decode(from).map(Some)
    }

    fn nil() -> Option<Self> {
        Some(None)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, to: &mut Writer) {
        to.head(ARRAY, self.len() as u64);
        for one in self {
            one.encode(to);
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        let mut row = from.open()?;
        // What a length promises takes no room before it has come.
        let mut all = Self::new();
        while from.more(&mut row)? {
            all.push(T::decode(from)?);
        }
        Some(all)
    }
}

impl<T: Encode> Encode for &T {
    fn encode(&self, to: &mut Writer) {
        (*self).encode(to);
    }
}

impl<A: Encode, B: Encode> Encode for (A, B) {
    fn encode(&self, to: &mut Writer) {
        to.head(ARRAY, 2);
        self.0.encode(to);
        self.1.encode(to);
    }
}

impl<A: Decode, B: Decode> Decode for (A, B) {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        match from.of_kind(ARRAY)? {
            2 => Some((A::decode(from)?, B::decode(from)?)),
            _ => None,
        }
    }
}

/// A `Vec<u8>` as a byte string.
pub struct Bytes<'v>(pub &'v [u8]);

impl Encode for Bytes<'_> {
    fn encode(&self, to: &mut Writer) {
        to.bytes(self.0);
    }
}

/// What `#[cbor(bytes)]` reads.
pub struct OwnedBytes(pub Vec<u8>);

impl Decode for OwnedBytes {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        from.bytes().map(|bytes| Self(bytes.into()))
    }
}

/// Stands at the place of a number that is not in use.
pub struct Gap;

impl Encode for Gap {
    fn encode(&self, to: &mut Writer) {
        to.bytes.push(NULL);
    }

    fn is_nil(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{Decode, Encode, Fault, Reader, Writer};

    #[derive(Clone, Debug, PartialEq, Encode, Decode)]
    struct Old {
        #[n(0)]
        number: u64,
        #[n(2)]
        text: Option<String>,
        #[n(3)]
        kind: Option<OldKind>,
        #[cbor(default)]
        #[n(4)]
        many: Vec<i16>,
    }

    #[derive(Clone, Debug, PartialEq, Encode, Decode)]
    enum OldKind {
        #[n(0)]
        Plain,
        #[n(1)]
        Deep(
            #[n(0)] bool,
            #[cbor(bytes)]
            #[n(1)]
            Vec<u8>,
        ),
    }

    #[derive(Encode)]
    struct New {
        #[n(0)]
        number: u64,
        #[n(1)]
        between: String,
        #[n(2)]
        text: Option<String>,
        #[n(3)]
        kind: NewKind,
        #[n(5)]
        more: (u8, bool),
    }

    #[derive(Encode)]
    enum NewKind {
        #[n(7)]
        Unheard(#[n(0)] Vec<(u8, String)>),
    }

    fn written(value: &impl Encode) -> Vec<u8> {
        let mut to = Writer::default();
        value.encode(&mut to);
        to.into_bytes()
    }

    fn read<T: Decode>(bytes: &[u8]) -> Option<T> {
        let mut from = Reader::new(bytes);
        let value = T::decode(&mut from)?;
        (from.position() == bytes.len()).then_some(value)
    }

    #[test]
    fn numbers_are_as_short_as_they_go_and_read_back() {
        let known: [(u64, &[u8]); 5] = [
            (23, &[0x17]),
            (24, &[0x18, 24]),
            (500, &[0x19, 1, 0xf4]),
            (70_000, &[0x1a, 0, 1, 0x11, 0x70]),
            (u64::MAX, &[0x1b, 255, 255, 255, 255, 255, 255, 255, 255]),
        ];
        for (number, bytes) in known {
            assert_eq!(written(&number), bytes);
            assert_eq!(read(bytes), Some(number));
        }
        for number in [0, 1, -1, -24, -25, i16::MAX, i16::MIN] {
            assert_eq!(read(&written(&number)), Some(number));
        }
        assert_eq!(written(&-25_i16), [0x38, 24]);
        assert_eq!(read::<u8>(&written(&256_u64)), None);
    }

    #[test]
    fn a_row_has_its_fields_at_their_numbers_and_nothing_at_its_end_is_left_out() {
        let mut old = Old {
            number: 1,
            text: None,
            kind: Some(OldKind::Plain),
            many: vec![],
        };
        assert_eq!(written(&old), [0x85, 1, 0xf6, 0xf6, 0x82, 0, 0x80, 0x80]);
        assert_eq!(read(&written(&old)), Some(old.clone()));
        old.kind = Some(OldKind::Deep(true, vec![7]));
        assert_eq!(read(&written(&old)), Some(old));
        let least = read::<Old>(&[0x81, 9]).unwrap();
        assert_eq!((least.number, least.many), (9, vec![]));
        assert_eq!(read::<Old>(&[0x80]), None);
    }

    #[test]
    fn what_a_newer_build_adds_is_passed_by() {
        let new = New {
            number: 5,
            between: "?".into(),
            text: Some("t".into()),
            kind: NewKind::Unheard(vec![(1, "x".into())]),
            more: (1, true),
        };
        let bytes = written(&new);
        // The place 4 is a gap there: a field that a newer build has given up.
        let old = read::<Old>(&bytes).unwrap();
        assert_eq!((old.number, old.kind), (5, None));
        assert_eq!((old.text.as_deref(), old.many), (Some("t"), vec![]));
    }

    #[test]
    fn an_array_whose_end_is_marked_reads_as_one_with_a_length() {
        let bytes = [0x9f, 1, 0xf6, 0x61, b't', 0xff];
        let old = read::<Old>(&bytes).unwrap();
        assert_eq!(old.text.as_deref(), Some("t"));
        assert_eq!(read::<Vec<u8>>(&[0x9f, 1, 2, 0xff]), Some(vec![1, 2]));
        assert_eq!(read::<Vec<u8>>(&[0x9f, 1, 2]), None);
    }

    #[test]
    fn anything_can_be_skipped_and_nothing_that_is_cut_off() {
        let whole: [&[u8]; 9] = [
            &[0x20],
            &[0x43, 1, 2, 3],
            &[0x5f, 0x41, 1, 0x41, 2, 0xff],
            &[0xa1, 0x61, b'k', 0x82, 1, 2],
            &[0xbf, 0x61, b'k', 0x9f, 0xff, 0xff],
            &[0xc1, 0x1a, 0, 0, 0, 1],
            &[0xf9, 0x3c, 0],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x82, 0x81, 0x80, 0xa0],
        ];
        for bytes in whole {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.skip(), Some(()), "{bytes:x?}");
            assert_eq!(reader.position(), bytes.len());
            for cut in 0..bytes.len() {
                assert_eq!(Reader::new(&bytes[..cut]).skip(), None, "{bytes:x?}");
            }
        }
    }

    #[test]
    fn what_is_no_cbor_is_not_skipped() {
        let broken: [&[u8]; 10] = [
            &[0xff],
            &[0x1c],
            // A key without its value, and a piece of a text that is none.
            &[0xbf, 1, 0xff],
            &[0x7f, 0x41, 1, 0xff],
            &[0x62, 0xc3, 0x28],
            &[0x5f, 0x5f, 0xff, 0xff],
            // A simple value that is written longer than it is, and an integer without an end.
            &[0xf8, 20],
            &[0x1f, 0xff],
            // More than there can be.
            &[0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ];
        for bytes in broken {
            assert_eq!(Reader::new(bytes).skip(), None, "{bytes:x?}");
        }
        for nested in [0x9b, 0x81, 0x9f, 0xbf, 0xc1, 0xa1, 0x5f] {
            assert_eq!(Reader::new(&vec![nested; 60_000]).skip(), None);
        }
        let mut deep = vec![0x81; 60_000];
        deep.push(0);
        assert_eq!(Reader::new(&deep).skip(), Some(()));
    }

    #[test]
    fn a_length_that_promises_too_much_is_an_error_and_takes_no_room() {
        let most = [255; 8];
        for kind in [0x5b_u8, 0x7b, 0x9b] {
            let bytes = [&[kind][..], &most[..], &[1, 1]].concat();
            assert_eq!(read::<Vec<u64>>(&bytes), None);
            assert_eq!(read::<String>(&bytes), None);
            assert_eq!(Reader::new(&bytes).bytes(), None);
            assert_eq!(read::<Old>(&bytes), None);
        }
        assert_eq!(read::<String>(&[0x62, 0xc3, 0x28]), None, "not UTF-8");
        assert_eq!(read::<String>(&[0x7f, 0x61, b'a', 0xff]), None);
        // Longer than it need be is no fault of a number's.
        assert_eq!(read::<u64>(&[0x1b, 0, 0, 0, 0, 0, 0, 0, 7]), Some(7));
        assert_eq!(read::<i16>(&[0x39, 0x80, 0]), None);
    }

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Wish {
        #[cbor(known)]
        #[n(0)]
        kind: Option<OldKind>,
        #[cbor(default)]
        #[n(1)]
        many: Vec<i16>,
    }

    #[test]
    fn an_unknown_variant_is_no_wish_for_nothing_where_that_means_something() {
        let nothing = Wish {
            kind: None,
            many: vec![],
        };
        for bytes in [&[0x80][..], &[0x81, 0xf6], &[0x82, 0xf6, 0xf6]] {
            assert_eq!(read(bytes).as_ref(), Some(&nothing));
        }
        assert_eq!(read::<Wish>(&[0x81, 0x82, 7, 0x80]), None);
        let mut from = Reader::new(&[0x81, 0x82, 7, 0x80]);
        assert!(Wish::decode(&mut from).is_none());
        assert_eq!(from.fault(), Fault::UnknownVariant);
    }
}
