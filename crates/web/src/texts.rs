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
        #[allow(dead_code, reason = "the page reads some, the conversation on other sites reads others")]
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
    invite_explained: "Not here yet? Whoever opens your link gets an account, and you are each other's contacts.";
    invite: "Copy an invitation link";
    invite_copied: "Copied. The link is for one person and holds for some days.";
    invited_by: "{who} invites you.";
    invited: "You are invited.";
    invited_admin: "Choose a name and a password. You will be the admin of this relay.";
    choose_password: "Choose a new password.";
    save_password: "Save password";
    signed_in_as: "You are signed in as {me}. You will be each other's contacts.";
    become_contacts: "Become contacts";
    not_now: "Not now";
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
    list_by_presence: "Sort people by presence";
    list_by_group: "Group people by your headings (Family, Work …)";
    unread: "Unread";
    not_shared_with_you: "Not shared with you";
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
    not_to_be_seen: "Nobody can be seen at {name}, but perhaps written to.";
    nobody_yet: "Nobody here yet.";
    nobody_found: "Nobody matches “{query}”.";
    add_this: "Add “{query}” as a contact";
    not_a_contact: "not a contact";
    unread_one: "{count} unread";
    unread_other: "{count} unread";
    draft: "Draft";
    you_wrote: "You:";
    writing: "is writing …";

    // A conversation on another site's page.
    visitor_name: "Your name";
    visitor_name_hint: "Optional. It stands beside what you write.";
    start: "Start";
    writes_as: "You write as {name}.";
    writes_as_guest: "You write as a guest.";
    leave_message: "Nobody is here right now. Leave a message: it waits, and the answer will stand here when you come back.";
    forgets: "This browser keeps nothing for this page. When you leave it, this conversation is gone for you.";
    visit_over: "Your visit here has ended. Start again to go on.";
    not_here: "This conversation belongs on a page of another site. It does not open by itself.";

    // Requests.
    requests: "Requests";
    asks_to_see: "{name} asks to see when you are there.";
    only_availability: "Show them only whether you are available";
    ask_back: "Ask to see them too";
    allow: "Allow";
    deny: "Deny";
    block: "Block";
    what_do_they_mean: "What do these mean?";
    allow_means: "Allow: they see your status and your note.";
    deny_means: "Deny: they see nothing, and are told so.";
    block_means: "Block: they are not told. To them it looks as if you were away, and what they write never reaches you.";

    // A conversation.
    conversation: "Conversation";
    conversation_with: "Conversation with {name}";
    contact_menu: "More about {name}";
    back: "Back to the list";
    sees_you: "Sees you";
    does_not_see_you: "Does not see you";
    waits_for_you: "Waits for your answer";
    has_not_asked: "Has not asked to see you";
    blocked_word: "blocked";
    blocked_hint: "{name} is blocked. They are not told, and what they write never reaches you.";
    leave_list: "Remove from list";
    blocked: "Blocked";
    sees_availability_of_you: "Sees only whether you are available";
    sees_parts_of_you: "Sees some of it";
    about: "About {name}";
    tell_when: "Tell me when they are available";
    tell_no_more: "Do not tell me when they are available";
    types: "{name} is writing …";
    by_way_of: "by way of your address +{tag}";
    by: "answered by {name}";
    say_password: "Enter my password";
    show_me: "Show them my name";
    unblock: "Unblock";
    rename: "Rename";
    remove: "Remove contact";
    remove_means: "{name} leaves your list, and you no longer see their status. Whether they see yours does not change. Your conversation stays.";
    block_asks: "Block {name}? They are not told. To them it looks as if you were away, and what they write never reaches you. You can unblock them at any time.";
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
    inbox_closed_why: "This inbox does not accept messages at the moment: {why}";
    too_long_one: "This message is {count} byte too long. Shorten it, or send it in parts.";
    too_long_other: "This message is {count} bytes too long. Shorten it, or send it in parts.";

    // Where nothing is open.
    welcome: "Welcome to Lamplight";
    welcome_new: "Here you see who is there, and talk with them. Begin with someone you know.";
    welcome_share: "Or give somebody your address, so that they can add you:";
    choose_someone: "Choose someone to talk with";
    choose_hint: "Pick one from the list of people. Press ? for the keyboard shortcuts.";

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
    undo: "Undo";
    denied_now: "{name} sees nothing of you now, and is told so.";
    blocked_now: "{name} is blocked now, and is not told.";
    close: "Close";
    yes: "yes";
    no: "no";

    // One person.
    sees_of_you: "What {name} sees of you";
    everything: "Everything";
    availability: "Only whether you are available";
    everything_means: "How you are, your note, your devices, when you were last here, and other ways to reach you.";
    availability_means: "Available or not, and nothing else: no note, no devices, no times.";
    nothing_told_means: "They read that you do not let them see you.";
    nothing_untold_means: "To them you look offline, and what they write never reaches you.";
    nothing_told: "Nothing, and they are told so";
    nothing_untold: "Nothing, and they are not told (blocked)";
    leave_to_rules: "Leave it to your rules";
    unanswered: "Nothing yet: you have not answered.";
    as_if_unanswered: "Nothing: it looks as if you had not answered yet.";
    not_let: "Nothing, and they read that you do not let them see you.";
    gets_now: "What {name} gets now";
    what_they_get: "What they get";
    a_device: "A device: {word}";
    because_person: "Because you decided so about them.";
    because_rule: "Because of rule {number}";
    rule_says: ": {rule}.";
    because_default: "Because nothing was decided about them and no rule speaks of them: you are asked first.";
    because_nobody: "Because no rule lets people see you who have not signed in.";
    reach_now: "The best way to reach {name} now:";
    reach: "Ways to reach {name}";
    stand_with: "When you look at {name}, they see you";
    as_with_others: "As everyone else does";
    your_list: "In your list";
    name_and_heading: "Name and heading";
    no_heading: "Others";
    group: "Heading";
    group_hint: "Family, Work …";
    back_up: "Back";
    means_im: "Messages";
    means_tel: "Telephone";
    means_mail: "Mail";
    means_sip: "Internet call";
    means_web: "Web page";
    open: "open";
    closed: "closed";

    // What strangers wrote.
    held: "Messages from strangers";
    held_hint: "They wait here until you decide. Whoever wrote them does not learn whether you have seen them.";
    held_here: "{name} is a stranger to you. They do not learn that you read this. Links work once you accept.";
    nothing_held: "Nothing waits here.";
    messages_one: "{count} message";
    messages_other: "{count} messages";
    accept: "Accept";
    delete: "Delete";
    refuse: "Block and delete";
    refuse_all: "Refuse all";
    refuse_all_hint: "Blocks everyone here without telling them, and deletes what they wrote.";

    // The password once more.
    step_up: "Your password, once more";
    step_up_hint: "This needs to be surely you. Then it goes on by itself.";
    go_on: "Go on";
    wrong_password: "That is not your password.";

    // Privacy and addresses.
    settings: "Privacy and addresses";
    which_face: "Which of your addresses";
    watchers: "Who sees you";
    watchers_hint: "Who watches, who looked, who asked and got nothing, in the last seven days";
    watching_now: "Watching";
    looked: "Looked now and then";
    watch_ended: "Not watching any more";
    got_nothing: "Asked and got nothing";
    kind_live: "follows you, and is there now";
    kind_subscriber: "follows you";
    kind_ended: "followed you";
    kind_poller: "looks regularly";
    kind_fetcher: "looked";
    kind_attempt: "got nothing";
    times: "{count} times";
    first_at: "first {ago}";
    last_at: "last {ago}";
    counted_one: "{count} more who does not show their name.";
    counted_other: "{count} more who do not show their names.";
    turned_one: "{count} was turned away because they do not show their name.";
    turned_other: "{count} were turned away because they do not show their names.";
    nobody_watches: "Nobody has looked.";
    stop_showing: "Show nothing (they are told)";
    people_see: "What people see of you";
    people_see_hint: "Whom you decided about, and rules for everyone else";
    people_decided: "Decided one by one";
    people_decided_hint: "This comes before every rule.";
    nobody_decided: "You have not decided about anybody yet.";
    everyone_else: "Everyone else";
    rules_hint: "Rules are tried from the top; the first that fits decides. If none fits, they have to ask you.";
    no_rules: "No rules: everyone has to ask you.";
    add_rule: "Add a rule";
    move_up: "Move up";
    move_down: "Move down";
    remove_rule: "Remove";
    abroad: "On other sites";
    abroad_hint: "Switched on, a badge tells whoever reads a web page or README how you are.";
    abroad_rule: "The switch adds a rule to those under “What people see of you”. It begins with “Anyone on the web who has not signed in”.";
    by_badge: " (the picture on other sites)";
    abroad_on: "Show there whether you are available";
    abroad_busy: "Also whether you are busy or away";
    abroad_now: "The picture now: {word}";
    abroad_alt: "Presence of {name}";
    copy_live: "Copy live badge";
    copy_html: "Copy HTML";
    copy_markdown: "Copy Markdown";
    visitors_of: "Visitors of {site}";
    unknown_site: "an unknown site";
    names: "Names";
    demand: "Only people who show their name may see you";
    demand_hint: "People may look without telling you who they are. If you want to know, they have to show themselves first.";
    sure: "To be seen, a device of yours must have signed in";
    sure_enough: "in whatever way";
    sure_account: "with your password";
    sure_fresh: "with your password, in the last 15 minutes";
    sure_hint: "A device that signed in less safely is not shown, and cannot change your status.";
    view_as: "View as …";
    view_as_hint: "Exactly what somebody gets of you now, and why";
    seen_by: "Seen by";
    viewer_account: "Someone with an account";
    viewer_nobody: "Anyone on the web who has not signed in";
    looking: "How you look at others";
    looking_hint: "By name, as one of a number, or unseen";
    visibility: "When you look at others, they see you";
    by_name: "By name";
    as_a_number: "Only as one of a number";
    hidden: "Not at all";
    exceptions: "Except";

    // What is mine.
    who_writes: "Who may write to you";
    who_writes_hint: "When your inbox is open, and what becomes of messages from strangers";
    your_inbox: "Your inbox";
    inbox_is: "Your inbox is {state}";
    change: "Change";
    takes_messages: "Messages";
    takes: "Your inbox takes them";
    takes_none: "Your inbox is closed";
    why_closed: "What people read when it is closed";
    why_closed_hint: "Back on Monday";
    rules: "Rules";
    delivery_hint: "Rules are tried from the top; the first that fits decides.";
    no_delivery_rules: "No rules: people you know may write to you, everyone else waits among the messages from strangers.";
    addresses: "Addresses to give away";
    addresses_hint: "One for each shop or form: see what comes by it, and take it back";
    new_address: "New address";
    make: "Make it";
    tag: "Word in the address";
    tag_hint: "shop";
    tag_missing: "One word of small letters, digits, dots or dashes, please.";
    label: "What it is for";
    label_hint: "Optional. Only you see it.";
    ended: "ended {time}";
    came: "{count} delivered";
    were_held: "{count} waited";
    were_refused: "{count} refused";
    revoke: "Revoke";
    rules_of_address: "Rules of this address";
    faces: "Work and private, apart";
    faces_hint: "Several addresses of yours, each with a status and rules of its own";
    face_tag: "Word in the address";
    face_tag_hint: "work";
    face_label_hint: "Work";
    new_face: "Add an address";
    ways: "Other ways to reach you";
    ways_hint: "Telephone, mail, calls, a web page, and at what hours";
    ways_who: "Whoever sees everything of you sees these.";
    no_ways: "Nothing but your inbox.";
    add_way: "Add a way";
    way: "What";
    contact: "Number or address";
    contact_hint: "+1 555 0100, alice@example.org, example.org/meet";
    contact_missing: "Please enter the number or address.";
    way_note: "What to call it";
    way_note_hint: "Office";
    only_open: "Show this address only while it is open";
    close_way: "Close";
    open_way: "Open";
    groups: "Groups";
    groups_hint: "One address that several people answer";
    no_groups: "You are in no group.";
    make_group: "Make a group";
    group_name_hint: "support";
    owner: "owner";
    make_owner: "Make owner";
    make_member: "Owner no more";
    leave_group: "Leave";
    add_member: "Add a member";
    end_group: "End the group";
    answer_as: "Answer as {name}";
    answering_as: "You answer as {name}.";
    programs: "Programs";
    programs_hint: "Tokens for scripts, bots and devices";
    my_tokens: "Tokens of yours";
    no_tokens: "No tokens.";
    make_token: "Make a token";
    make_program: "Make a program";
    end_program: "End this program";
    program_hint: "door-bell";
    may: "It may";
    scope_watch: "see people";
    scope_publish: "say how you are";
    scope_send: "write messages";
    scope_read: "read messages";
    scope_manage: "change settings";
    scope_missing: "Please say what it may do.";
    token_once: "Copy this token now. It is not shown again.";
    copy_token: "Copy token";
    used: "used {ago}";
    never_used: "never used";

    // Rules as sentences.
    who_domain: "Everyone at {domain}";
    who_group: "Everyone under your heading “{group}”";
    who_known: "Everyone you know";
    who_account: "Everyone with an account";
    who_guest: "Every guest";
    who_program: "Every program";
    who_site: "Every visitor of {site}";
    who_anyone: "Anyone at all";
    kind_address: "One person";
    kind_domain: "Everyone at a domain";
    kind_group: "Everyone under a heading";
    kind_site: "Every visitor of a web site";
    of_whom: "Who";
    which_one: "Which";
    which_hint: "carol@example.org, example.org, Work …";
    which_missing: "Please say which.";
    sees_what: "What they see";
    sees_everything: "sees everything";
    sees_availability: "sees only whether you are available";
    sees_chosen: "sees a part of how you are …";
    sees_parts: "sees a part of how you are";
    sees_asks: "has to ask you first";
    sees_nothing: "sees nothing, and is told so";
    sees_never: "is blocked without being told";
    which_parts: "Which parts";
    part_activity: "Busy and away";
    part_note: "Your note";
    part_devices: "Each of your devices";
    part_last_seen: "When you were last here";
    part_means: "Other ways to reach you";
    needs: "Condition";
    needs_none: "none";
    needs_login: ", once they have signed in";
    needs_account: ", once they have signed in with a password";
    needs_fresh: ", right after saying their password";
    from: "from {time}";
    may_write: "may write to you";
    is_held: "may write, and it waits among the messages from strangers";
    waits: "may write, but waits for you";
    is_refused: "is refused, and told so";
    is_dropped: "is ignored without being told";
    must_sign_in: "has to say their password first";
    if_longer: ", if a message is longer than {count} bytes";
    below_login: ", unless they have signed in";
    below_account: ", unless they have signed in with a password";
    below_fresh: ", unless they have just said their password";
    then_what: "What becomes of their messages";
    only_longer: "Only messages over so many bytes";
    only_longer_hint: "All of them";
    number_missing: "Please enter a number.";
    when: "When";
    always: "Always";
    on_days: ", on ";
    every_day: "every day";
    working_days: "Monday to Friday";
    weekends: "at weekends";
    single_days: "on single days";
    hours_missing: "Please choose days and hours.";
    hours_from: "From";
    hours_to: "To";
    one_week: "A week";
    thirty_days: "30 days";

    // Help.
    help: "Help and shortcuts";
    shapes: "What the signs mean";
    available_means: "Available";
    busy_means: "Busy, does not want to be disturbed";
    away_means: "Away, or idle";
    offline_means: "Offline, or not available; messages will wait";
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
    key_leave: "From the message to the list; close a dialog; back from a page";

    // Diagnostics.
    diagnostics: "Diagnostics";
    fact_line: "Line";
    fact_waiting: "Messages waiting";
    fact_principal: "You";
    fact_devices: "Your devices";
    fact_keeps: "Browser keeps drafts";
    fact_server: "Server";
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
