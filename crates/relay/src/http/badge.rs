//! How a badge looks: one word of presence as a picture for pages of other sites, and as the JSON that shields.io draws from.
//!
//! A pure function of the word and of what the address asks for. The word is said by a shape and in letters, never by a colour
//! alone. Nothing that was asked for stands in the style, and what stands in the text is escaped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::person::Word;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::pidf::escaped;
use super::query;

/// Letters of a label.
const LABEL_MAX: usize = 60;

/// How a badge is wanted: `?label=…&style=…&theme=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What stands before the word; empty: nothing. Without it the name of the address.
    label: Option<String>,
    style: Style,
    theme: Theme,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Style {
    /// Two boxes, 20 pixels high.
    #[default]
    Flat,
    /// Words and a shape on whatever is behind.
    Plain,
    /// Two boxes in capitals, 28 pixels high.
    ForTheBadge,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Theme {
    /// As the reader's system prefers.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Wish {
    /// What stands behind the question mark. Other names than these three are for caches and mean nothing.
    pub fn read(asked: Option<&str>) -> Result<Self, Refusal> {
        let label = the_one(asked, "label")?;
        if let Some(label) = &label
            && (label.chars().count() > LABEL_MAX || !label.chars().all(is_drawn))
        {
            return Err(nonsense(&format!(
                "label is one line of at most {LABEL_MAX} letters."
            )));
        }
        let style = match the_one(asked, "style")?.as_deref() {
            None | Some("flat") => Style::Flat,
            Some("plain") => Style::Plain,
            Some("for-the-badge") => Style::ForTheBadge,
            Some(_) => return Err(nonsense("style is flat, plain or for-the-badge.")),
        };
        let theme = match the_one(asked, "theme")?.as_deref() {
            None | Some("auto") => Theme::Auto,
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            Some(_) => return Err(nonsense("theme is auto, light or dark.")),
        };
        Ok(Self {
            label,
            style,
            theme,
        })
    }

    /// What the badge of someone of this name says before the word.
    fn label<'a>(&'a self, name: &'a str) -> &'a str {
        self.label.as_deref().unwrap_or(name)
    }
}

/// The value of a name that may stand there once.
fn the_one(asked: Option<&str>, name: &str) -> Result<Option<String>, Refusal> {
    let mut all = query::values(asked, name)?;
    match all.len() {
        0 | 1 => Ok(all.pop()),
        _ => Err(nonsense(&format!("{name} stands there more than once."))),
    }
}

fn nonsense(sentence: &str) -> Refusal {
    Refusal {
        sentence: sentence.to_owned(),
        ..Code::BadFrame.refusal()
    }
}

/// Letters that XML can carry and that do not turn the direction of what follows.
fn is_drawn(letter: char) -> bool {
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(letter, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}');
    !letter.is_control() && !turns && !breaks
}

/// A picture, and the policy under which a browser may show it by itself.
pub struct Picture {
    pub svg: String,
    pub policy: String,
}

/// The measures of a style, in pixels.
struct Measures {
    height: u32,
    letters: u32,
    /// Between letters.
    spacing: u32,
    pad: u32,
    shape: u32,
    radius: u32,
    /// Where letters stand.
    base: u32,
}

impl Style {
    fn measures(self) -> Measures {
        match self {
            Self::Flat | Self::Plain => Measures {
                height: 20,
                letters: 11,
                spacing: 0,
                pad: if self == Self::Plain { 2 } else { 7 },
                shape: 10,
                radius: 3,
                base: 14,
            },
            Self::ForTheBadge => Measures {
                height: 28,
                letters: 10,
                spacing: 1,
                pad: 10,
                shape: 12,
                radius: 3,
                base: 18,
            },
        }
    }
}

/// The badge of someone of this name.
pub fn draw(word: Word, name: &str, wish: &Wish) -> Picture {
    let Measures {
        height,
        pad,
        shape,
        radius,
        base,
        ..
    } = wish.style.measures();
    let said = escaped(&sentence(word, wish.label(name)));
    let cased = |text: &str| match wish.style {
        Style::ForTheBadge => text.to_uppercase(),
        Style::Flat | Style::Plain => text.to_owned(),
    };
    let (label, word_said) = (cased(wish.label(name)), cased(words(word)));
    let label_wide = match label.is_empty() {
        true => 0,
        false => width(&label, wish.style) + 2 * pad,
    };
    let word_at = label_wide + pad + shape + 4;
    let whole = word_at + width(&word_said, wish.style) + pad;
    let text = |class: &str, at: u32, text: &str| match text.is_empty() {
        true => String::new(),
        false => format!(
            "<text class=\"{class}\" x=\"{at}\" y=\"{base}\" textLength=\"{}\">{}</text>",
            width(text, wish.style),
            escaped(text)
        ),
    };
    let boxes = match wish.style {
        Style::Plain => String::new(),
        Style::Flat | Style::ForTheBadge => format!(
            "<clipPath id=\"c\"><rect width=\"{whole}\" height=\"{height}\" rx=\"{radius}\"/></clipPath>\
             <g clip-path=\"url(#c)\"><rect class=\"l\" width=\"{label_wide}\" height=\"{height}\"/>\
             <rect class=\"v\" x=\"{label_wide}\" width=\"{}\" height=\"{height}\"/></g>",
            whole - label_wide
        ),
    };
    let style = styled(word, wish);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"{height}\" viewBox=\"0 0 {whole} {height}\" \
         role=\"img\" aria-labelledby=\"t\" lang=\"en\"><title id=\"t\">{said}</title><style>{style}</style>{boxes}{}\
         <svg x=\"{}\" y=\"{}\" width=\"{shape}\" height=\"{shape}\" viewBox=\"0 0 16 16\">{}</svg>{}</svg>\n",
        text("m", pad, &label),
        label_wide + pad,
        (height - shape) / 2,
        shape_of(word),
        text("w", word_at, &word_said),
    );
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    Picture {
        svg,
        policy: format!(
            "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; sandbox"
        ),
    }
}

/// What shields.io draws from (its endpoint badge, version 1).
pub fn shields(word: Word, name: &str, wish: &Wish) -> String {
    let colours = Colours::of(word, false);
    json!({
        "schemaVersion": 1,
        "label": wish.label(name),
        "message": words(word),
        "color": colours.back,
    })
    .to_string()
}

/// The word for people.
fn words(word: Word) -> &'static str {
    match word {
        Word::Available => "available",
        Word::Busy => "busy",
        Word::Away => "away",
        Word::Offline => "offline",
        Word::NotAvailable => "not available",
        Word::Unknown => "unknown",
        Word::NotShared => "not shared",
    }
}

/// What is told to those who do not see the picture.
fn sentence(word: Word, label: &str) -> String {
    match label.is_empty() {
        true => words(word).to_owned(),
        false => format!("{label}: {}", words(word)),
    }
}

/// The shapes of the page: disc, barred octagon, crescent, ring, dotted ring, and a diamond for what is not shared.
fn shape_of(word: Word) -> &'static str {
    match word {
        Word::Available => "<circle class=\"s\" cx=\"8\" cy=\"8\" r=\"7\"/>",
        Word::Busy => {
            "<path class=\"s\" fill-rule=\"evenodd\" d=\"M5 1h6l4 4v6l-4 4H5l-4-4V5zM4 6.800v2.400h8V6.800z\"/>"
        }
        Word::Away => {
            "<path class=\"s\" d=\"M9.500 1.300A7 7 0 1 0 14.800 9.800 5.500 5.500 0 0 1 9.500 1.300z\"/>"
        }
        Word::Offline | Word::NotAvailable => "<circle class=\"o\" cx=\"8\" cy=\"8\" r=\"6\"/>",
        Word::Unknown => {
            "<circle class=\"o\" cx=\"8\" cy=\"8\" r=\"6\" stroke-dasharray=\"2.400 2.300\"/>"
        }
        Word::NotShared => "<path class=\"o\" d=\"M8 1.800L14.200 8 8 14.200 1.800 8z\"/>",
    }
}

/// What one word is drawn in: behind it, and the letters on that; each pair with a contrast of 4.5 to 1 at least.
struct Colours {
    back: &'static str,
    front: &'static str,
}

/// Behind the label, and its letters: by day and by night.
const LABEL: [Colours; 2] = [
    Colours {
        back: "#444c56",
        front: "#ffffff",
    },
    Colours {
        back: "#30363d",
        front: "#e6edf3",
    },
];
/// What the plain badge is taken to stand on.
const PAPER: [Colours; 2] = [
    Colours {
        back: "#ffffff",
        front: "#24292f",
    },
    Colours {
        back: "#0d1117",
        front: "#e6edf3",
    },
];

impl Colours {
    fn of(word: Word, dark: bool) -> Self {
        let (light_back, dark_back) = match word {
            Word::Available => ("#1a7f37", "#3fb950"),
            Word::Busy => ("#b3261e", "#ff8a80"),
            Word::Away => ("#8a5a00", "#e3b341"),
            Word::Offline | Word::NotAvailable | Word::Unknown | Word::NotShared => {
                ("#57606a", "#9aa4af")
            }
        };
        match dark {
            false => Self {
                back: light_back,
                front: "#ffffff",
            },
            true => Self {
                back: dark_back,
                front: "#0d1117",
            },
        }
    }
}

/// The style of the picture. It holds nothing that anybody chose but one of a few words.
fn styled(word: Word, wish: &Wish) -> String {
    let Measures {
        letters, spacing, ..
    } = wish.style.measures();
    let mut style = format!(
        "text{{font:{letters}px Verdana,Geneva,\"DejaVu Sans\",sans-serif;letter-spacing:{spacing}px}}.o{{fill:none;stroke-width:2}}"
    );
    let coloured = |dark: bool| {
        let Colours { back, front } = Colours::of(word, dark);
        match wish.style {
            Style::Plain => {
                let paper = &PAPER[usize::from(dark)];
                format!(
                    ".m,.w{{fill:{}}}.s{{fill:{back}}}.o{{stroke:{back}}}",
                    paper.front
                )
            }
            Style::Flat | Style::ForTheBadge => {
                let label = &LABEL[usize::from(dark)];
                format!(
                    ".l{{fill:{}}}.m{{fill:{}}}.v{{fill:{back}}}.w,.s{{fill:{front}}}.o{{stroke:{front}}}",
                    label.back, label.front
                )
            }
        }
    };
    style.push_str(&coloured(wish.theme == Theme::Dark));
    if wish.theme == Theme::Auto {
        style.push_str("@media(prefers-color-scheme:dark){");
        style.push_str(&coloured(true));
        style.push('}');
    }
    style
}

/// About how wide a text is drawn, in pixels; the picture says so, and the browser keeps to it.
fn width(text: &str, style: Style) -> u32 {
    let Measures {
        letters, spacing, ..
    } = style.measures();
    // In thousandths of the height of letters, of Verdana.
    let wide: u32 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | '\'' | '|' => 300,
            'I' | '.' | ',' | ':' | ';' | '!' | ' ' => 370,
            'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' => 430,
            'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 560,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 970,
            'A'..='Z' => 710,
            '0'..='9' | '+' | '_' | '=' | '~' => 640,
            '\u{0}'..='\u{7f}' => 615,
            '\u{80}'..='\u{10ff}' => 680,
            _ => 1_050,
        })
        .sum();
    (wide * letters).div_ceil(1_000) + spacing * text.chars().count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Word; 7] = [
        Word::Available,
        Word::Busy,
        Word::Away,
        Word::Offline,
        Word::NotAvailable,
        Word::Unknown,
        Word::NotShared,
    ];

    fn wish(asked: &str) -> Wish {
        Wish::read(Some(asked)).unwrap()
    }

    #[test]
    fn the_badge_is_to_the_byte_what_was_looked_at() {
        for (name, word, asked, golden) in [
            ("alice", Word::Available, "", include_str!("badge/flat.svg")),
            (
                "alice",
                Word::Busy,
                "style=plain&theme=light",
                include_str!("badge/plain.svg"),
            ),
            (
                "bob+shop",
                Word::NotShared,
                "style=for-the-badge&theme=dark&label=R%26D%20%3Cnow%3E",
                include_str!("badge/for-the-badge.svg"),
            ),
        ] {
            let svg = draw(word, name, &wish(asked)).svg;
            assert_eq!(
                svg, golden,
                "{asked}: is it what it should be? Then keep it"
            );
        }
    }

    #[test]
    fn no_word_is_told_by_a_colour_alone() {
        let mut shapes: Vec<_> = ALL.map(shape_of).to_vec();
        shapes.dedup();
        assert_eq!(shapes.len(), 6, "offline and not available share one");
        for word in ALL {
            for asked in ["", "style=plain", "label="] {
                let svg = draw(word, "alice", &wish(asked)).svg;
                assert!(svg.contains(&format!(">{}</text>", words(word))), "{svg}");
                assert!(svg.contains(&format!("{}</title>", words(word))), "{svg}");
            }
        }
    }

    #[test]
    fn letters_stand_out_by_day_and_by_night() {
        let light = |colour: &str| {
            let part = |at: usize| {
                let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
                let value = f64::from(value) / 255.0;
                match value <= 0.040_45 {
                    true => value / 12.92,
                    false => ((value + 0.055) / 1.055).powf(2.4),
                }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let contrast = |one: &str, other: &str| {
            let (one, other) = (light(one), light(other));
            (one.max(other) + 0.05) / (one.min(other) + 0.05)
        };
        for (at, dark) in [false, true].into_iter().enumerate() {
            for pair in [&LABEL[at], &PAPER[at]] {
                assert!(contrast(pair.back, pair.front) >= 4.5);
            }
            for word in ALL {
                let of = Colours::of(word, dark);
                assert!(contrast(of.back, of.front) >= 4.5, "{word:?} {dark}");
                let on_paper = contrast(of.back, PAPER[at].back);
                assert!(on_paper >= 3.0, "{word:?} {dark} {on_paper}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_written_and_not_carried_out() {
        let asked = "label=%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E%22%20onload=%22x%27%26";
        for style in ["flat", "plain", "for-the-badge"] {
            let picture = draw(
                Word::Away,
                "alice",
                &wish(&format!("{asked}&style={style}")),
            );
            let svg = picture.svg.to_lowercase();
            assert!(
                !svg.contains("<script") && !svg.contains("\" onload"),
                "{svg}"
            );
            assert_eq!(svg.matches("</title>").count(), 1);
            assert!(svg.contains("&lt;/title&gt;&lt;script&gt;"), "{svg}");
            assert!(!picture.policy.contains("unsafe"));
        }
        let json = shields(Word::Away, "alice", &wish("label=%22%7D"));
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["label"], "\"}");
    }

    #[test]
    fn nonsense_is_told_with_what_would_make_sense() {
        let long = format!("label={}", "x".repeat(LABEL_MAX + 1));
        for (asked, says) in [
            ("style=shiny", "flat, plain or for-the-badge"),
            ("style=", "flat, plain or for-the-badge"),
            ("theme=pink", "auto, light or dark"),
            (long.as_str(), "at most 60 letters"),
            ("label=a%0Ab", "one line"),
            ("label=%EF%BF%BF", "one line"),
            ("label=%E2%80%AEelbaliava", "one line"),
            (
                "theme=dark&theme=light",
                "theme stands there more than once",
            ),
        ] {
            let refusal = Wish::read(Some(asked)).expect_err(asked);
            assert_eq!(refusal.code, Code::BadFrame);
            assert!(refusal.sentence.contains(says), "{refusal}");
        }
        assert!(Wish::read(Some("label=%zz")).is_err());
        assert_eq!(Wish::read(Some("v=7&other")).unwrap(), Wish::default());
    }
}
