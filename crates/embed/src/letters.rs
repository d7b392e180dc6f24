//! Texts. Letters by the browser's tables, so that the page need not bring its own: they are as large as all its sentences. Parts
//! put together without the machinery of formatting, of which each use brings along a piece.

use js_sys::JsString;

/// The text in small letters.
pub fn lower(text: &str) -> String {
    // Nearly every text is of this kind, and to ask the browser for ten thousand of them takes a while.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    JsString::from(text).to_lower_case().into()
}

/// The parts, one behind the other.
pub fn joined(parts: &[&str]) -> String {
    let mut whole = String::new();
    for part in parts {
        whole.push_str(part);
    }
    whole
}

/// The lowest `digits` digits of a number, hexadecimal.
pub fn hex(number: u64, digits: u32) -> String {
    let places = (0..digits).rev();
    let digit = |place| char::from_digit((number >> (4 * place)) as u32 & 15, 16);
    places.filter_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, joined};

    #[test]
    fn parts_are_joined_and_numbers_written() {
        assert_eq!(joined(&["a", "", "bc"]), "abc");
        assert_eq!(hex(0x0123_4567_89ab_cdef, 16), "0123456789abcdef");
        assert_eq!(hex(0x1f, 2), "1f");
    }
}
