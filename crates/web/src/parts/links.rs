//! Text with its web addresses as links: `http` and `https` alone, opened apart, without telling where from.

use yew::prelude::*;

use crate::draw::{list, tag};

/// The text with links. Only text nodes and anchors are made; nothing in it is read as markup.
pub fn linked(text: &str) -> Html {
    let mut parts: Vec<Html> = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        if let Some((start, end)) = address_in(word) {
            let (start, end) = (at + start, at + end);
            if start > plain_from {
                parts.push(text[plain_from..start].to_owned().into());
            }
            parts.push(anchor(&text[start..end]));
            plain_from = end;
        }
        at += word.len();
    }
    if plain_from < text.len() {
        parts.push(text[plain_from..].to_owned().into());
    }
    list(parts)
}

fn anchor(address: &str) -> Html {
    tag("a")
        .attr_of("href", address)
        .attr("target", "_blank")
        .attr("rel", "noopener noreferrer nofollow")
        .text(address)
        .into()
}

/// Where in a word a web address stands, without the brackets and full stops around it.
fn address_in(word: &str) -> Option<(usize, usize)> {
    let (start, begun) = word
        .match_indices('h')
        .map(|(start, _)| (start, &word[start..]))
        .find(|(_, begun)| begun.starts_with("https://") || begun.starts_with("http://"))?;
    let before = word[..start].chars().next_back();
    if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let address = begun.trim_end_matches(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | ')' | ']' | '>' | '»' | '”'
            )
    });
    let host = address.split_once('/').map_or("", |(_, host)| &host[1..]);
    (!host.is_empty()).then(|| (start, start + address.len()))
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn only_web_addresses_become_links() {
        let found = |word: &'static str| address_in(word).map(|(start, end)| &word[start..end]);
        assert_eq!(found("(https://a.example/b)."), Some("https://a.example/b"));
        assert_eq!(found("http://a"), Some("http://a"));
        assert_eq!(found("javascript:alert(1)"), None);
        assert_eq!(found("xhttps://a"), None);
        assert_eq!(found("https://"), None);
    }
}
