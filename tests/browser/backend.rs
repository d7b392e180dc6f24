//! The backend of somebody else's site: it has registered the site with the relay and vouches for its visitors.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_tests::outside::Relay;
use lamplight_tests::outside::relay::program;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

/// What the relay gave the site when it was registered.
#[derive(Clone)]
pub struct Backend {
    kid: String,
    secret: String,
    origin: String,
}

impl Backend {
    /// Registers a site at the command line, while the relay runs.
    pub fn registers(relay: &Relay, origin: &str, more: &[&str]) -> Self {
        let words = ["site", "add", "shop.example", "--origin", origin];
        let output = Command::new(program())
            .args(words)
            .args(["--chat", "support@localhost"])
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

    /// A token for one visit.
    pub fn mints(&self, sub: &str, name: &str) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.expect("it is after 1970").as_secs();
        let mut jti = [0; 16];
        let chance = SystemRandom::new();
        chance.fill(&mut jti).expect("random numbers");
        let header = json!({ "alg": "HS256", "kid": self.kid });
        let claims = json!({
            "sub": sub, "name": name, "aud": "localhost", "origin": self.origin,
            "iat": now, "exp": now + 300, "jti": URL_SAFE_NO_PAD.encode(jti),
        });
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = parts.join(".");
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
