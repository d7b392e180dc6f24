//! Randomness from the browser, for seeds and identifiers.

use lamplight_core::address::Token;

use crate::letters::hex;

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .is_some_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        // Every browser that runs WebAssembly has it; should one refuse, identifiers still differ, and none is a secret.
        for byte in &mut bytes {
            *byte = (js_sys::Math::random() * 256.0) as u8;
        }
    }
    bytes
}

/// A seed for one life of an agent.
pub fn seed() -> u64 {
    u64::from_le_bytes(bytes())
}

/// A new identifier for a tab or a device: 96 bits after a letter that says which.
pub fn token(kind: char) -> Token {
    let mut text = String::from(kind);
    for byte in bytes::<12>() {
        text.push_str(&hex(byte.into(), 2));
    }
    Token::parse(&text).expect("hexadecimal digits make a token")
}
