//! Key presses as a keyboard makes them.

use serde_json::{Value, json};

/// Modifier keys as the protocol counts them.
pub const ALT: u32 = 1;
pub const CONTROL: u32 = 2;
pub const SHIFT: u32 = 8;

/// Key down and key up of one key, as parameters of `Input.dispatchKeyEvent`.
pub fn press(key: &str, modifiers: u32) -> [Value; 2] {
    let (code, number) = place(key);
    let text = match key {
        "Enter" => Some("\r".to_owned()),
        _ if key.chars().count() == 1 && modifiers & (ALT | CONTROL) == 0 => Some(key.to_owned()),
        _ => None,
    };
    let mut down = json!({
        "type": if text.is_some() { "keyDown" } else { "rawKeyDown" },
        "key": key,
        "code": code,
        "windowsVirtualKeyCode": number,
        "nativeVirtualKeyCode": number,
        "modifiers": modifiers,
    });
    if let Some(text) = text {
        down["text"] = text.into();
    }
    // What an editor does with a shortcut that the headless browser has no menu for.
    if key == "a" && modifiers == CONTROL {
        down["commands"] = json!(["selectAll"]);
    }
    let up = json!({
        "type": "keyUp",
        "key": key,
        "code": code,
        "windowsVirtualKeyCode": number,
        "nativeVirtualKeyCode": number,
        "modifiers": modifiers,
    });
    [down, up]
}

/// Where the key is on the board, and its number.
fn place(key: &str) -> (String, u32) {
    let named = |code: &str, number| (code.to_owned(), number);
    match key {
        "Enter" => named("Enter", 13),
        "Escape" => named("Escape", 27),
        "Tab" => named("Tab", 9),
        "Backspace" => named("Backspace", 8),
        "Delete" => named("Delete", 46),
        "ArrowLeft" => named("ArrowLeft", 37),
        "ArrowUp" => named("ArrowUp", 38),
        "ArrowRight" => named("ArrowRight", 39),
        "ArrowDown" => named("ArrowDown", 40),
        "Home" => named("Home", 36),
        "End" => named("End", 35),
        "PageUp" => named("PageUp", 33),
        "PageDown" => named("PageDown", 34),
        " " => named("Space", 32),
        "?" => named("Slash", 191),
        _ => {
            let letter = key.chars().next().unwrap_or_default();
            let upper = letter.to_ascii_uppercase();
            match upper {
                'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
                '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
                _ => (String::new(), 0),
            }
        }
    }
}
