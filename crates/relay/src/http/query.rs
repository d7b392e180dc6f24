//! What stands behind the question mark of an address.

use lamplight_core::code::{Code, Refusal};

/// The values of one name, in their order; an address that does not read is refused.
pub fn values(query: Option<&str>, name: &str) -> Result<Vec<String>, Refusal> {
    let pairs = query.unwrap_or_default().split('&');
    let mut values = Vec::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == name {
            let value = decoded(value).ok_or_else(|| Code::BadFrame.refusal())?;
            values.push(value);
        }
    }
    Ok(values)
}

/// A text with its percent signs read; a plus stays one, as names of addresses have it.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let read = match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        };
        bytes.push(read);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_their_order_and_percent_signs_are_read() {
        let query = Some("of=alice@localhost&x=1&of=bob%40localhost&of=eve+tag@localhost&of");
        let expected = ["alice@localhost", "bob@localhost", "eve+tag@localhost", ""];
        assert_eq!(values(query, "of").unwrap(), expected);
        assert_eq!(values(None, "of").unwrap(), Vec::<String>::new());
        assert_eq!(values(Some("of=%C3%A9"), "of").unwrap(), ["é"]);
        for broken in ["of=%", "of=%4", "of=%zz", "of=%ff"] {
            assert!(values(Some(broken), "of").is_err(), "{broken}");
        }
    }
}
