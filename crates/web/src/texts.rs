//! Every sentence of the page, in one table. Another language is another table of the same names.
//!
//! Places to fill in stand in braces; counts come in the two forms that English has, chosen by the browser's plural rules. The
//! sentence for each refusal stands beside its code in core, since the relay says the same one.

use lamplight_embed::{Code, joined};
use yew::prelude::*;

use crate::draw::{Tag, list, words};

macro_rules! texts {
    ($($name:ident: $english:literal;)*) => {
        /// The texts of one language.
        pub struct Texts {
            $(pub $name: &'static str,)*
        }

        static ENGLISH: Texts = Texts {
            $($name: $english,)*
        };
    };
}

texts! {
    language: "en";
    product: "Lamplight";
    tagline: "See who is there, and talk.";

    // The door.
    door_question: "Are you new here?";
    new_here: "New here";
    have_account: "I have an account";
    name: "Name";
    name_hint: "Letters, digits, dots, dashes. Others find you by it.";
    name_missing: "Please enter a name.";
    password: "Password";
    password_hint: "At least 10 characters. A short sentence is easy to keep in mind.";
    password_missing: "Please enter a password.";
    show: "Show";
    hide: "Hide";
    create_account: "Create account";
    sign_in: "Sign in";
    or: "or";
    enter_as_guest: "Enter as guest";
    guest_hint: "No account, no password. A guest is forgotten after a day.";
    one_moment: "One moment …";
    relay_unreachable: "The relay does not answer. Check your connection and try again.";

    // Words of presence, for the middle of a sentence.
    available: "available";
    busy: "busy";
    away: "away";
    offline: "offline";
    not_available: "not available";
    is_available_now: "{name} is available now.";
    unknown: "unknown";
    not_shared: "not shared yet";
    refused: "not shared";
    appearing_offline: "appearing offline";
    last_known: "last known";
    idle_for: "idle for {length}";
    until: "until {time}";
    last_here: "last here {ago}";
    pending_why: "waiting for their answer";
    refused_why: "they do not let you see";
    no_word_why: "nobody can say at the moment";
    messages_wait: "messages will wait";
    inbox_closed_short: "not accepting messages";
    just_now: "just now";
    minutes: "min";
    hours: "h";

    // Myself.
    your_status: "Your status: {words}";
    your_status_title: "Your status";
    now_shown: "Others see:";
    status: "Status";
    choose_available: "Available";
    choose_busy: "Busy";
    choose_away: "Away";
    choose_invisible: "Appear offline";
    invisible_hint: "Everyone sees you as offline. You still see them, and messages still reach you.";
    note: "Note";
    note_hint: "What are you up to?";
    until_label: "Until";
    no_end: "I change it";
    half_an_hour: "30 minutes";
    one_hour: "1 hour";
    four_hours: "4 hours";
    today: "The end of today";
    save: "Save";
    clear_status: "Clear status";
    clear_hint: "Available while you are here, away after five idle minutes.";
    your_address: "Your address";
    copy_address: "Copy address";
    copied: "Copied.";
    not_copied: "This browser did not let the page copy. Select the text and copy it yourself.";

    // People.
    people: "People";
    contacts: "Contacts";
    search: "Search";
    search_hint: "Search people";
    more: "More";
    add_contact: "Add contact";
    add_first: "Add your first contact";
    add_explained: "They are asked whether you may see when they are there. You can write to them at once.";
    address: "Address";
    address_hint: "Like bob@{domain}. For someone of this relay the name is enough.";
    address_missing: "Please enter an address.";
    petname: "What you call them";
    petname_hint: "Optional. Only you see it.";
    send_request: "Send request";
    asked: "Your request to {name} is on its way.";
    nobody_yet: "Nobody here yet.";
    nobody_found: "Nobody matches “{query}”.";
    add_this: "Add “{query}” as a contact";
    not_a_contact: "not a contact";
    unread_one: "{count} unread";
    unread_other: "{count} unread";
    draft: "Draft";
    you_wrote: "You:";

    // Requests.
    requests: "Requests";
    asks_to_see: "{name} asks to see when you are there.";
    ask_back: "Ask to see them too";
    allow: "Allow";
    deny: "Deny";
    block: "Block";
    what_do_they_mean: "What do these mean?";
    allow_means: "Allow: they see your status and your note.";
    deny_means: "Deny: they see nothing, and are told so.";
    block_means: "Block: they are not told. To them you are always offline, and what they write never reaches you.";

    // A conversation.
    conversation: "Conversation";
    conversation_with: "Conversation with {name}";
    contact_menu: "More about {name}";
    back: "Back to the list";
    sees_you: "Sees you";
    does_not_see_you: "Does not see you";
    blocked: "Blocked";
    let_see: "Let them see you";
    stop_showing: "Stop letting them see you";
    unblock: "Unblock";
    rename: "Rename";
    remove: "Remove contact";
    remove_means: "{name} leaves your list, and you no longer see their status. Whether they see yours does not change. Your conversation stays.";
    block_asks: "Block {name}? They are not told. To them you are always offline, and what they write never reaches you. You can unblock them at any time.";
    cancel: "Cancel";
    stranger_hint: "{name} is not among your contacts.";
    loading: "Loading …";
    show_older: "Show earlier messages";
    nothing_said: "Nothing has been said yet. Say hello to {name}.";
    unread_line: "New";
    to_end: "Latest";
    you: "You";
    message: "Message";
    message_hint: "Write a message";
    send: "Send";
    queued: "Waiting for the line";
    sending: "Sending";
    sent: "Sent";
    delivered: "Delivered";
    failed: "Not sent";
    try_again: "Try again";
    discard: "Discard";
    inbox_closed: "This inbox does not accept messages at the moment.";
    too_long_one: "This message is {count} byte too long. Shorten it, or send it in parts.";
    too_long_other: "This message is {count} bytes too long. Shorten it, or send it in parts.";

    // Where nothing is open.
    welcome: "Welcome to Lamplight";
    welcome_new: "Here you see who is there, and talk with them. Begin with someone you know.";
    welcome_share: "Or give somebody your address, so that they can add you:";
    choose_someone: "Choose someone to talk with";
    choose_hint: "Your conversations are beside. Press ? for the keyboard shortcuts.";

    // The line.
    banner: "No connection.";
    banner_works: "You can go on reading and writing; messages go out when the line is back.";
    waiting_one: "{count} message waits.";
    waiting_other: "{count} messages wait.";
    try_now: "Try now";
    trying: "Trying …";
    keeps_nothing: "This browser does not let the page keep anything: messages that wait for the line are lost when you close it.";

    // In passing.
    notices: "Notices";
    dismiss: "Dismiss";
    close: "Close";
    yes: "yes";
    no: "no";

    // Help.
    help: "Help and shortcuts";
    shapes: "What the signs mean";
    available_means: "Available";
    busy_means: "Busy, does not want to be disturbed";
    away_means: "Away, or idle";
    offline_means: "Offline; messages will wait";
    unknown_means: "Unknown: nobody can say at the moment";
    not_shared_means: "Not shared with you, or not yet";
    shortcuts: "Keyboard";
    shift: "Shift";
    key_help: "This help";
    key_search: "Search people";
    key_previous: "Conversation above";
    key_next: "Conversation below";
    key_unread: "Next unread conversation";
    key_walk: "Walk through contacts or messages";
    key_send: "Send; open a contact";
    key_line: "New line";
    key_leave: "From the message to the list; close a dialog";

    // Diagnostics.
    diagnostics: "Diagnostics";
    fact_line: "Line";
    fact_waiting: "Messages waiting";
    fact_principal: "You";
    fact_devices: "Your devices";
    fact_keeps: "Browser keeps drafts";
    fact_version: "Version";
    fact_trace: "Trace";
    line_idle: "not started";
    line_up: "up";
    line_connecting: "connecting";
    line_down: "down";
    recording: "Recording";
    recording_hint: "Everything that happened since this page was opened, so that a fault can be replayed. It holds your messages: give it only to whom you would give those.";
    copy_recording: "Copy recording";
    save_recording: "Save recording";
    sign_out: "Sign out";
}

/// The texts in use.
pub fn t() -> &'static Texts {
    &ENGLISH
}

/// What a person is told about a refusal.
pub fn sentence(code: Code) -> &'static str {
    code.sentence()
}

/// A text with words in the place that stands in braces.
pub fn fill(text: &str, words: &str) -> String {
    let (before, after) = parted(text);
    joined(&[before, words, after])
}

/// A text with something drawn in that place, such as a name that must not disturb the direction of the rest.
pub fn around(text: &'static str, drawn: Tag) -> Html {
    let (before, after) = parted(text);
    list(vec![words(before), drawn.into(), words(after)])
}

/// What stands before the braces and behind them.
fn parted(text: &str) -> (&str, &str) {
    let (before, rest) = text.split_once('{').unwrap_or((text, ""));
    (before, rest.split_once('}').map_or("", |(_, after)| after))
}
