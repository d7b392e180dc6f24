//! The two precompressed forms of a page's file. The relay never compresses: it hands out what lies here.

use std::io::Write;

use anyhow::Result;
use brotli::enc::BrotliEncoderParams;

/// How hard to try. A release page is compressed once and fetched often; a dev page is looked at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Smallest,
    Quick,
}

/// Below this a compressed form saves no packet, and its header is one more thing to vary by.
const WORTH_IT_BYTES: usize = 256;

/// The brotli form, if it is worth having.
pub fn brotli(raw: &[u8], effort: Effort) -> Result<Option<Vec<u8>>> {
    let params = BrotliEncoderParams {
        quality: match effort {
            Effort::Smallest => 11,
            Effort::Quick => 4,
        },
        lgwin: 24,
        size_hint: raw.len(),
        ..BrotliEncoderParams::default()
    };
    let mut smaller = Vec::new();
    brotli::BrotliCompress(&mut &*raw, &mut smaller, &params)?;
    Ok(worth(raw, smaller))
}

/// The gzip form, if it is worth having.
pub fn gzip(raw: &[u8], effort: Effort) -> Result<Option<Vec<u8>>> {
    let level = match effort {
        Effort::Smallest => flate2::Compression::best(),
        Effort::Quick => flate2::Compression::fast(),
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(raw)?;
    Ok(worth(raw, encoder.finish()?))
}

fn worth(raw: &[u8], smaller: Vec<u8>) -> Option<Vec<u8>> {
    (raw.len() >= WORTH_IT_BYTES && smaller.len() < raw.len()).then_some(smaller)
}

#[cfg(test)]
mod test {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_forms_read_back_as_what_they_came_from() {
        let text = "a lamp in the window says that somebody is at home; ".repeat(200);
        let brotli_form = brotli(text.as_bytes(), Effort::Smallest).unwrap().unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*brotli_form, &mut back).unwrap();
        assert_eq!(back, text.as_bytes());

        let gzip_form = gzip(text.as_bytes(), Effort::Quick).unwrap().unwrap();
        let mut back = String::new();
        flate2::read::GzDecoder::new(&*gzip_form)
            .read_to_string(&mut back)
            .unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn a_small_file_has_no_compressed_form() {
        assert!(brotli(&[b'a'; 100], Effort::Smallest).unwrap().is_none());
        assert!(gzip(&[b'a'; 100], Effort::Smallest).unwrap().is_none());
    }
}
