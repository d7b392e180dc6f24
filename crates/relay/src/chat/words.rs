//! What a person types: a line is a message, unless it begins with a slash.

use lamplight_client::Choice;

/// One typed line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Nothing,
    /// A message to whom one talks with.
    Text(String),
    /// From now on to this one; perhaps at once with a message.
    To(String, Option<String>),
    About(About, String),
    /// A status by hand with its note; without a choice: as the devices are.
    Status(Option<Choice>, String),
    Who,
    Help,
    Quit,
    /// This command needs a name behind it.
    NeedsName(&'static str),
    /// One of the four.
    NeedsStatus,
    Unknown(String),
}

/// What is wanted about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Add,
    Remove,
    Allow,
    Deny,
    Block,
    Admit,
}

/// Reads a line. A message that begins with a slash is typed with two.
pub fn read(line: &str) -> Said {
    let line = line.trim_end();
    if line.trim().is_empty() {
        return Said::Nothing;
    }
    if line.starts_with("//") || !line.starts_with('/') {
        let text = line.strip_prefix('/').unwrap_or(line);
        return Said::Text(text.to_owned());
    }
    let (word, rest) = split(&line[1..]);
    match word.to_lowercase().as_str() {
        "to" | "t" => match split(rest) {
            ("", _) => Said::NeedsName("/to"),
            (name, "") => Said::To(name.to_owned(), None),
            (name, text) => Said::To(name.to_owned(), Some(text.to_owned())),
        },
        "add" => about(About::Add, "/add", rest),
        "remove" => about(About::Remove, "/remove", rest),
        "allow" => about(About::Allow, "/allow", rest),
        "deny" => about(About::Deny, "/deny", rest),
        "block" => about(About::Block, "/block", rest),
        "admit" => about(About::Admit, "/admit", rest),
        "status" => status(rest),
        "who" | "w" => Said::Who,
        "help" | "h" | "?" => Said::Help,
        "quit" | "q" | "exit" => Said::Quit,
        other => Said::Unknown(other.to_owned()),
    }
}

fn about(what: About, word: &'static str, rest: &str) -> Said {
    match split(rest) {
        ("", _) => Said::NeedsName(word),
        (name, _) => Said::About(what, name.to_owned()),
    }
}

fn status(rest: &str) -> Said {
    let (word, note) = split(rest);
    let choice = match word.to_lowercase().as_str() {
        "available" => Some(Choice::Available),
        "busy" => Some(Choice::Busy),
        "away" => Some(Choice::Away),
        "invisible" => Some(Choice::Invisible),
        "clear" => None,
        _ => return Said::NeedsStatus,
    };
    Said::Status(choice, note.to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_message_unless_it_begins_with_a_slash() {
        assert_eq!(read("Tea at four?\r"), Said::Text("Tea at four?".into()));
        assert_eq!(read("//bin is full"), Said::Text("/bin is full".into()));
        assert_eq!(read("   "), Said::Nothing);
        assert_eq!(read("/dance"), Said::Unknown("dance".into()));
    }

    #[test]
    fn who_is_spoken_of_stands_behind_the_word() {
        assert_eq!(read("/to bob"), Said::To("bob".into(), None));
        let at_once = Said::To("bob".into(), Some("Tea at four?".into()));
        assert_eq!(read("/to  bob  Tea at four?"), at_once);
        assert_eq!(
            read("/Add bob@example.org"),
            Said::About(About::Add, "bob@example.org".into())
        );
        assert_eq!(read("/allow"), Said::NeedsName("/allow"));
        assert_eq!(read("/to "), Said::NeedsName("/to"));
    }

    #[test]
    fn a_status_is_a_word_and_perhaps_a_note() {
        let busy = Said::Status(Some(Choice::Busy), "in a meeting".into());
        assert_eq!(read("/status busy in a meeting"), busy);
        assert_eq!(read("/status clear"), Said::Status(None, String::new()));
        assert_eq!(read("/status sleepy"), Said::NeedsStatus);
    }
}
