//! The page's files, inside the binary, and the answer to a request for one of them.
//!
//! `build.rs` writes the table; the builder compressed everything beforehand, so an answer is a choice among bytes that lie
//! ready: nothing is compressed, read or allocated for a body while the relay serves. This module knows no web framework:
//! `http` turns an [`AssetResponse`] into its own response and adds the security headers that every answer carries.
//!
//! Files with a hash in their name may be kept for ever; the rest (`/`, the manifest) is asked for each time and mostly
//! answered with 304. Each encoded form has an entity tag of its own, since a strong tag names bytes (RFC 9110, 8.8.3).

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// One file of the page.
#[derive(Debug)]
pub struct Asset {
    /// The address on the relay, from the slash on.
    pub path: &'static str,
    pub content_type: &'static str,
    pub cache: Cache,
    plain: Form,
    brotli: Option<Form>,
    gzip: Option<Form>,
}

/// How long a browser may use a file without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the placeholder page has no hashed file")]
pub enum Cache {
    /// The address carries the hash of the content: for ever.
    Immutable,
    /// The address stays while the content changes: ask each time.
    Revalidate,
}

/// A file's bytes under one content coding.
#[derive(Debug)]
struct Form {
    coding: Coding,
    etag: &'static str,
    bytes: &'static [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the placeholder page has no compressed form")]
enum Coding {
    Identity,
    Brotli,
    Gzip,
}

/// What to answer: everything but the headers that all answers of the relay share.
#[derive(Debug)]
pub struct AssetResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: &'static [u8],
}

/// The file at exactly this address. `/` is the page.
pub fn find(path: &str) -> Option<&'static Asset> {
    PAGE.iter().find(|asset| asset.path == path)
}

/// Every file as it is, with its address.
pub fn plain() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    PAGE.iter().map(|asset| (asset.path, asset.plain.bytes))
}

/// The answer to a GET (or, without its body, a HEAD) of `path` with these two headers of the request.
pub fn respond(
    path: &str,
    accept_encoding: Option<&str>,
    if_none_match: Option<&str>,
) -> AssetResponse {
    match find(path) {
        Some(asset) => asset.respond(accept_encoding, if_none_match),
        None => AssetResponse {
            status: 404,
            headers: vec![
                ("content-type", "text/plain; charset=utf-8"),
                ("cache-control", "no-store"),
            ],
            body: b"There is nothing at this address.\n",
        },
    }
}

impl Asset {
    fn respond(&self, accept_encoding: Option<&str>, if_none_match: Option<&str>) -> AssetResponse {
        let form = self.choose(accept_encoding);
        let mut headers = vec![
            ("etag", form.etag),
            ("cache-control", self.cache.directive()),
        ];
        if self.brotli.is_some() || self.gzip.is_some() {
            headers.push(("vary", "accept-encoding"));
        }
        if if_none_match.is_some_and(|tags| form.is_among(tags)) {
            return AssetResponse {
                status: 304,
                headers,
                body: b"",
            };
        }
        headers.push(("content-type", self.content_type));
        if let Some(coding) = form.coding.header() {
            headers.push(("content-encoding", coding));
        }
        AssetResponse {
            status: 200,
            headers,
            body: form.bytes,
        }
    }

    /// The smallest form that the client can read. Its weights only say what it refuses: which of two readable forms is
    /// better is known here, not there.
    fn choose(&self, accept_encoding: Option<&str>) -> &Form {
        let Some(accepted) = accept_encoding else {
            return &self.plain;
        };
        let readable = |form: &&Form| {
            form.coding
                .header()
                .is_some_and(|name| accepts(accepted, name))
        };
        let compressed = [&self.brotli, &self.gzip];
        compressed
            .into_iter()
            .flatten()
            .find(readable)
            .unwrap_or(&self.plain)
    }
}

impl Cache {
    fn directive(self) -> &'static str {
        match self {
            // 365 days, the longest that RFC 9111 wants honoured.
            Cache::Immutable => "public, max-age=31536000, immutable",
            Cache::Revalidate => "no-cache",
        }
    }
}

impl Coding {
    fn header(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Brotli => Some("br"),
            Coding::Gzip => Some("gzip"),
        }
    }
}

impl Form {
    /// Whether `If-None-Match` names these bytes. The comparison is the weak one (RFC 9110, 13.1.2): a proxy may have
    /// weakened our tag.
    fn is_among(&self, tags: &str) -> bool {
        tags.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

/// Whether `Accept-Encoding` allows a coding: named, or covered by `*`, and not weighted zero.
fn accepts(header: &str, coding: &str) -> bool {
    let weight_of = |wanted: &str| {
        header.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next()?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| parts.find_map(weight).unwrap_or(1.0))
        })
    };
    weight_of(coding)
        .or_else(|| weight_of("*"))
        .is_some_and(|weight| weight > 0.0)
}

fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    let is_weight = name.trim().eq_ignore_ascii_case("q");
    // A weight that is none reads as a refusal: the plain form is never wrong.
    is_weight.then(|| value.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCRIPT: Asset = Asset {
        path: "/assets/page-0a.js",
        content_type: "text/javascript; charset=utf-8",
        cache: Cache::Immutable,
        plain: Form {
            coding: Coding::Identity,
            etag: "\"0a\"",
            bytes: b"plain",
        },
        brotli: Some(Form {
            coding: Coding::Brotli,
            etag: "\"0a-br\"",
            bytes: b"brotli",
        }),
        gzip: Some(Form {
            coding: Coding::Gzip,
            etag: "\"0a-gz\"",
            bytes: b"gzip",
        }),
    };

    fn header(response: &AssetResponse, name: &str) -> Option<&'static str> {
        let mut found = response.headers.iter().filter(|(key, _)| *key == name);
        let value = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    #[test]
    fn a_browser_gets_brotli_with_its_own_tag() {
        let answer = SCRIPT.respond(Some("gzip, deflate, br, zstd"), None);
        assert_eq!((answer.status, answer.body), (200, &b"brotli"[..]));
        assert_eq!(header(&answer, "content-encoding"), Some("br"));
        assert_eq!(header(&answer, "etag"), Some("\"0a-br\""));
        assert_eq!(header(&answer, "vary"), Some("accept-encoding"));
        assert_eq!(header(&answer, "content-type"), Some(SCRIPT.content_type));
    }

    #[test]
    fn a_client_gets_no_coding_that_it_did_not_name_or_that_it_refused() {
        for (accepted, body) in [
            (None, &b"plain"[..]),
            (Some(""), b"plain"),
            (Some("gzip"), b"gzip"),
            (Some("GZIP;q=0.5"), b"gzip"),
            (Some("br;q=0, gzip"), b"gzip"),
            (Some("br; q=0.000 , gzip ; Q=0"), b"plain"),
            (Some("*"), b"brotli"),
            (Some("*, br;q=0"), b"gzip"),
            (Some("*;q=0"), b"plain"),
            (Some("br;q=nonsense"), b"plain"),
            (Some("brotli, x-gzip"), b"plain"),
        ] {
            let answer = SCRIPT.respond(accepted, None);
            assert_eq!(answer.body, body, "{accepted:?}");
            let coded = header(&answer, "content-encoding").is_some();
            assert_eq!(coded, body != b"plain", "{accepted:?}");
        }
    }

    #[test]
    fn who_has_these_bytes_hears_that_nothing_changed() {
        for tags in ["\"0a-br\"", "W/\"0a-br\"", "\"other\", \"0a-br\"", "*"] {
            let answer = SCRIPT.respond(Some("br"), Some(tags));
            assert_eq!((answer.status, answer.body), (304, &b""[..]), "{tags}");
            assert_eq!(header(&answer, "etag"), Some("\"0a-br\""));
            assert_eq!(header(&answer, "vary"), Some("accept-encoding"));
            assert!(header(&answer, "cache-control").is_some());
            assert_eq!(header(&answer, "content-encoding"), None);
        }
    }

    #[test]
    fn who_has_other_bytes_gets_these() {
        for tags in ["\"0b-br\"", "\"0a-gz\"", "0a-br", ""] {
            assert_eq!(SCRIPT.respond(Some("br"), Some(tags)).status, 200, "{tags}");
        }
    }

    #[test]
    fn a_hashed_file_is_kept_for_ever_and_the_page_is_asked_for_each_time() {
        let script = SCRIPT.respond(None, None);
        let kept = header(&script, "cache-control").unwrap();
        assert!(kept.contains("immutable") && kept.contains("max-age=31536000"));
        let page = respond("/", Some("br"), None);
        assert_eq!(page.status, 200);
        assert_eq!(header(&page, "cache-control"), Some("no-cache"));
        assert_eq!(
            header(&page, "content-type"),
            Some("text/html; charset=utf-8")
        );
    }

    #[test]
    fn every_file_of_the_page_has_one_address_and_is_kept_by_the_rule_for_its_name() {
        for asset in PAGE {
            let same = PAGE.iter().filter(|other| other.path == asset.path);
            assert_eq!(same.count(), 1, "{}", asset.path);
            let hashed = asset.path.starts_with("/assets/");
            assert_eq!(asset.cache == Cache::Immutable, hashed, "{}", asset.path);
            assert!(!asset.plain.bytes.is_empty(), "{}", asset.path);
        }
    }

    #[test]
    fn an_address_is_taken_literally() {
        for path in [
            "",
            "/index.html",
            "//",
            "/../Cargo.toml",
            "/assets/",
            "/ASSETS/page.js",
            "/%2e",
        ] {
            let answer = respond(path, Some("br"), None);
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        }
    }
}
