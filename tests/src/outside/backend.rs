//! The backend of somebody else's site, which vouches for its visitors by tokens.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::Relay;
use super::relay::program;

/// What it was given when the site was registered.
#[derive(Clone)]
pub struct Backend {
    pub kid: String,
    pub secret: String,
    /// Of the site's pages.
    pub origin: String,
}

impl Backend {
    /// A backend with the key that a registration over HTTP answered.
    pub fn of(key: &Value, origin: &str) -> Self {
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        Self {
            kid: text("kid"),
            secret: text("secret"),
            origin: origin.to_owned(),
        }
    }

    /// Registers `shop.example` for this address at the command line, while the relay runs.
    pub fn registers(relay: &Relay, origin: &str, chat: &str, more: &[&str]) -> Self {
        let words = ["site", "add", "shop.example", "--origin", origin];
        let output = Command::new(program())
            .args(words)
            .args(["--chat", chat])
            .args(more)
            .arg("--data")
            .arg(relay.folder())
            .current_dir(relay.folder())
            .output()
            .expect("lamplight starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{problem}");
        let between = |begin: &str, end: char| {
            let found = said
                .split_once(begin)
                .and_then(|(_, rest)| rest.split_once(end));
            let (word, _) = found.unwrap_or_else(|| panic!("no {begin} in {said}"));
            word.to_owned()
        };
        Self {
            kid: between("\"kid\": \"", '"'),
            secret: ["lamp_", &between("lamp_", '\n')].concat(),
            origin: origin.to_owned(),
        }
    }

    /// A token for this visitor, that was never used.
    pub fn mints(&self, sub: &str) -> String {
        self.signs(&claims(&self.origin, sub))
    }

    /// The same with what the visitor is called.
    pub fn vouches(&self, sub: &str, name: &str) -> String {
        let mut claims = claims(&self.origin, sub);
        claims["name"] = name.into();
        self.signs(&claims)
    }

    pub fn signs(&self, claims: &Value) -> String {
        self.signs_as(&json!({ "alg": "HS256", "kid": self.kid }), claims)
    }

    pub fn signs_as(&self, header: &Value, claims: &Value) -> String {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        signed(header, claims, |bytes| {
            hmac::sign(&secret, bytes).as_ref().to_vec()
        })
    }
}

/// What a site with pages of this origin says of its visitor; each time of another token.
pub fn claims(origin: &str, sub: &str) -> Value {
    let mut jti = [0; 16];
    chance(&mut jti);
    json!({
        "sub": sub,
        "aud": "localhost",
        "iat": now(),
        "exp": now() + 300,
        "jti": URL_SAFE_NO_PAD.encode(jti),
        "origin": origin,
    })
}

/// A token of these two parts, signed in some way.
pub fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = parts.join(".");
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs()
}

pub fn chance(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("random numbers");
}
