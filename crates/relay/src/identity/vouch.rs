//! Tokens by which a site's backend vouches for a visitor: signed JSON (JWT, RFC 7519) of one narrow kind.
//!
//! Only what the relay itself keeps of a site decides how a token is checked: the header names one of the site's keys and must
//! repeat that key's algorithm, nothing else of it is followed. What is wrong with the claims is said only once the signature
//! holds, so that it tells nobody but the site's own developers anything.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_core::code::Code;
use lamplight_core::time::Timestamp;
use ring::{hmac, signature};
use serde::{Deserialize, Deserializer};

use super::keys;
use crate::store::sites::{Algorithm, Key};

/// Longest token: the head of a request would not take a longer one either.
const TOKEN_MAX: usize = 8 * 1024;
/// A token lasts at most this long.
const LIFE_MAX_S: u64 = 600;
/// By how much the clocks of site and relay may differ.
const SKEW_S: u64 = 60;
/// Longest `sub` and `jti`.
const ID_MAX: usize = 255;

/// A token, taken apart and not believed yet.
pub struct Token<'a> {
    pub kid: String,
    algorithm: String,
    signed: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

/// What a token says of a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The site's own name for its visitor.
    pub sub: String,
    pub jti: String,
    pub name: Option<String>,
    /// Until when it must be remembered that the token was used.
    pub until: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions that must be understood; there are none.
    #[serde(default)]
    crit: Said,
}

#[derive(Deserialize)]
struct Body {
    sub: String,
    aud: Audience,
    exp: u64,
    iat: u64,
    #[serde(default)]
    nbf: u64,
    jti: String,
    origin: String,
    #[serde(default)]
    name: Option<String>,
}

/// For whom a token is. One that is for several could be used by each at the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(#[allow(dead_code, reason = "told from what reads as nothing")] Vec<String>),
}

/// Whether a field is there at all, whatever it holds.
#[derive(Default)]
struct Said(bool);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    pub fn read(text: &'a str) -> Result<Self, Code> {
        let read = || {
            if text.len() > TOKEN_MAX {
                return None;
            }
            let (signed, signature) = text.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
            let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
            let plain =
                header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT")) && !header.crit.0;
            plain.then_some(Self {
                kid: header.kid,
                algorithm: header.alg,
                signed,
                claims: decode(claims)?,
                signature: decode(signature)?,
            })
        };
        read().ok_or(Code::TokenInvalid)
    }

    /// Checks a token with a key of the site whose pages have this origin. `is_here` knows the names of this relay.
    pub fn check(
        &self,
        key: &Key,
        origin: &str,
        is_here: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<Claims, Code> {
        if self.algorithm != key.algorithm.name() || !self.is_signed_by(key) {
            return Err(Code::TokenInvalid);
        }
        let body: Body = serde_json::from_slice(&self.claims).map_err(|_| Code::TokenInvalid)?;
        let fits = |text: &str| (1..=ID_MAX).contains(&text.len());
        if !fits(&body.sub) || !fits(&body.jti) {
            return Err(Code::TokenInvalid);
        }
        match &body.aud {
            Audience::One(audience) if is_here(audience) => {}
            _ => return Err(Code::TokenWrongAudience),
        }
        if keys::origin(&body.origin).as_deref() != Some(origin) {
            return Err(Code::TokenWrongOrigin);
        }
        let (exp, latest) = (body.exp, (now.0 / 1_000).saturating_add(SKEW_S));
        if exp.saturating_add(SKEW_S) <= now.0 / 1_000 {
            return Err(Code::TokenExpired);
        }
        let begins = body.iat.max(body.nbf);
        if begins > latest || exp <= begins || exp - body.iat > LIFE_MAX_S {
            return Err(Code::TokenWrongTimes);
        }
        Ok(Claims {
            sub: body.sub,
            jti: body.jti,
            name: body.name,
            // Somewhat longer than it holds, for what waits between this check and the store. It cannot overflow: it is at most
            // some minutes from now.
            until: Timestamp((exp + 2 * SKEW_S) * 1_000),
        })
    }

    fn is_signed_by(&self, key: &Key) -> bool {
        let (bytes, signed) = (key.bytes.0.as_slice(), self.signed.as_bytes());
        let by = |algorithm: &'static dyn signature::VerificationAlgorithm| {
            signature::UnparsedPublicKey::new(algorithm, bytes)
                .verify(signed, &self.signature)
                .is_ok()
        };
        match key.algorithm {
            Algorithm::Hs256 => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, bytes);
                hmac::verify(&secret, signed, &self.signature).is_ok()
            }
            Algorithm::EdDsa => by(&signature::ED25519),
            Algorithm::Rs256 => by(&signature::RSA_PKCS1_2048_8192_SHA256),
        }
    }
}

#[cfg(test)]
mod tests {
    use lamplight_core::private::Private;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;

    const ORIGIN: &str = "https://shop.example";
    const NOW_S: u64 = 1_764_000_000;
    const NOW: Timestamp = Timestamp(NOW_S * 1_000);
    const SECRET: &[u8] = b"lamp_not-so-secret";

    fn key(algorithm: Algorithm, bytes: &[u8]) -> Key {
        Key {
            kid: "one".into(),
            algorithm,
            bytes: Private(bytes.to_vec()),
            added: Timestamp(0),
            until: None,
        }
    }

    fn claims() -> Value {
        json!({
            "sub": "customer 17", "aud": "localhost", "iat": NOW_S, "exp": NOW_S + 300, "jti": "a", "origin": ORIGIN,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn signed(header: &str, claims: &str) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let signed = parts.join(".");
        let secret = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        let signature = hmac::sign(&secret, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    const HEADER: &str = r#"{"alg": "HS256", "kid": "one", "typ": "JWT"}"#;

    fn checked(token: &str) -> Result<Claims, Code> {
        let is_here = |audience: &str| audience == "localhost";
        let key = key(Algorithm::Hs256, SECRET);
        Token::read(token)?.check(&key, ORIGIN, is_here, NOW)
    }

    fn read(claims: &Value) -> Result<Claims, Code> {
        checked(&signed(HEADER, &claims.to_string()))
    }

    #[test]
    fn a_token_says_who_a_visitor_is() {
        let expected = Claims {
            sub: "customer 17".into(),
            jti: "a".into(),
            name: None,
            until: Timestamp((NOW_S + 420) * 1_000),
        };
        assert_eq!(read(&claims()), Ok(expected));
        let named = read(&with("name", json!("Maria"))).unwrap();
        assert_eq!(named.name.as_deref(), Some("Maria"));
        assert!(read(&with("more", json!({"of": "this"}))).is_ok());
        assert!(read(&with("origin", json!("https://SHOP.example:443/"))).is_ok());
    }

    #[test]
    fn a_header_that_is_not_of_this_kind_is_refused() {
        let claims = claims().to_string();
        for header in [
            r#"{"alg": "none", "kid": "one"}"#,
            r#"{"alg": "RS256", "kid": "one"}"#,
            r#"{"alg": "hs256", "kid": "one"}"#,
            r#"{"alg": "HS256"}"#,
            r#"{"alg": "HS256", "kid": 1}"#,
            r#"{"alg": "HS256", "kid": "one", "crit": ["exp"]}"#,
            r#"{"alg": "HS256", "kid": "one", "crit": null}"#,
            r#"{"alg": "HS256", "kid": "one", "typ": "JWE"}"#,
            r#"{"alg": "none", "alg": "HS256", "kid": "one"}"#,
            r#"["HS256", "one"]x"#,
            "",
        ] {
            assert_eq!(
                checked(&signed(header, &claims)),
                Err(Code::TokenInvalid),
                "{header}"
            );
        }
        assert!(checked(&signed(r#"{"alg": "HS256", "kid": "one"}"#, &claims)).is_ok());
    }

    #[test]
    fn a_token_that_was_changed_or_cut_is_refused() {
        let good = signed(HEADER, &claims().to_string());
        assert!(checked(&good).is_ok());
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(checked(&changed), Err(Code::TokenInvalid), "at {at}");
            assert_eq!(checked(&good[..at]), Err(Code::TokenInvalid), "to {at}");
        }
        for more in ["=", "A", ".", " ", "\n"] {
            let longer = format!("{good}{more}");
            assert_eq!(checked(&longer), Err(Code::TokenInvalid), "{more:?}");
        }
        let unsigned = good.rsplit_once('.').unwrap().0;
        assert_eq!(checked(&format!("{unsigned}.")), Err(Code::TokenInvalid));
        let large = read(&with("more", json!("a".repeat(TOKEN_MAX))));
        assert_eq!(large, Err(Code::TokenInvalid));
    }

    #[test]
    fn every_claim_must_be_there_and_be_what_it_should() {
        for name in ["sub", "aud", "exp", "iat", "jti", "origin"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&without), Err(Code::TokenInvalid), "{name}");
            let nothing = read(&with(name, Value::Null));
            assert_eq!(nothing, Err(Code::TokenInvalid), "{name}");
        }
        for (name, value) in [
            ("exp", json!("1764000300")),
            ("exp", json!(1_764_000_300.5)),
            ("exp", json!(1e300)),
            ("exp", json!(-1)),
            ("iat", json!("now")),
            ("sub", json!("")),
            ("sub", json!("a".repeat(ID_MAX + 1))),
            ("sub", json!(17)),
            ("jti", json!("")),
            ("name", json!(["Maria"])),
        ] {
            let refused = read(&with(name, value.clone()));
            assert_eq!(refused, Err(Code::TokenInvalid), "{name}: {value}");
        }
        let twice = claims().to_string().replacen('{', r#"{"sub": "eve","#, 1);
        assert_eq!(checked(&signed(HEADER, &twice)), Err(Code::TokenInvalid));
        let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
        assert_eq!(checked(&signed(HEADER, &deep)), Err(Code::TokenInvalid));
    }

    #[test]
    fn a_token_is_for_this_relay_and_that_page_alone() {
        for audience in [
            json!("elsewhere"),
            json!(["localhost"]),
            json!(["elsewhere", "localhost"]),
            json!(""),
        ] {
            let refused = read(&with("aud", audience.clone()));
            assert_eq!(refused, Err(Code::TokenWrongAudience), "{audience}");
        }
        for origin in [
            "https://shop.example.evil.example",
            "https://shop.example:444",
            "http://shop.example",
            "null",
            "",
        ] {
            let refused = read(&with("origin", json!(origin)));
            assert_eq!(refused, Err(Code::TokenWrongOrigin), "{origin}");
        }
    }

    #[test]
    fn a_token_holds_for_ten_minutes_at_most_and_clocks_may_differ_by_one() {
        let times = |iat: i64, exp: i64| {
            let at = |by: i64| json!(NOW_S.checked_add_signed(by).unwrap());
            let mut claims = claims();
            claims["iat"] = at(iat);
            claims["exp"] = at(exp);
            read(&claims).map(|_| ())
        };
        assert_eq!(times(0, 600), Ok(()));
        assert_eq!(times(60, 660), Ok(()), "a clock that is ahead");
        assert_eq!(times(-360, -59), Ok(()), "a clock that is behind");
        assert_eq!(times(-360, -60), Err(Code::TokenExpired));
        assert_eq!(times(0, 601), Err(Code::TokenWrongTimes));
        assert_eq!(times(61, 300), Err(Code::TokenWrongTimes));
        assert_eq!(times(300, 200), Err(Code::TokenWrongTimes));
        assert_eq!(times(10, 10), Err(Code::TokenWrongTimes));
        let later = read(&with("nbf", json!(NOW_S + 61))).err();
        assert_eq!(later, Some(Code::TokenWrongTimes));
        let endless = read(&with("exp", json!(u64::MAX))).err();
        assert_eq!(endless, Some(Code::TokenWrongTimes));
    }

    #[test]
    fn a_public_key_verifies_its_own_algorithm_alone() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = pair.public_key().as_ref();
        let sign = |header: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
            let parts = [header, &claims().to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
            let signed = parts.join(".");
            let signature = sign(signed.as_bytes());
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        let check = |token: &str| {
            let token = Token::read(token).unwrap();
            let key = key(Algorithm::EdDsa, public);
            token
                .check(&key, ORIGIN, |audience| audience == "localhost", NOW)
                .map(|claims| claims.sub)
        };
        let own = |bytes: &[u8]| pair.sign(bytes).as_ref().to_vec();
        let good = sign(r#"{"alg": "EdDSA", "kid": "one"}"#, &own);
        assert_eq!(check(&good).as_deref(), Ok("customer 17"));
        // Whoever knows the public key, as everyone may, signs with it as if it were a secret.
        let with_public = |bytes: &[u8]| {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, public);
            hmac::sign(&secret, bytes).as_ref().to_vec()
        };
        for alg in ["HS256", "EdDSA", "RS256", "none"] {
            let header = json!({ "alg": alg, "kid": "one" }).to_string();
            let forged = sign(&header, &with_public);
            assert_eq!(check(&forged), Err(Code::TokenInvalid), "{alg}");
        }
    }
}
