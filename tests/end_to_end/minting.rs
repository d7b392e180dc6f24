//! The example in Rust of docs/EMBEDDING.md, to the letter: everything behind this line stands there.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

/// A token for one visit; `sub` is your own name for the visitor.
pub fn chat_token(kid: &str, secret: &str, sub: &str, name: &str) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let mut jti = [0; 16];
    SystemRandom::new().fill(&mut jti).ok()?;
    let header = json!({ "alg": "HS256", "kid": kid, "typ": "JWT" });
    let claims = json!({
        "sub": sub, "name": name, "aud": "chat.example.org", "origin": "https://shop.example",
        "iat": now, "exp": now + 300, "jti": URL_SAFE_NO_PAD.encode(jti),
    });
    let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = text.join(".");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signature = ring::hmac::sign(&key, text.as_bytes());
    Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
