//! Every setting with its unit, default, meaning and the cost of changing it: the only place where defaults of the relay stand.
//! `lamplight config default` prints this table as a file; flags and environment names follow from the keys.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lamplight_core::rules::Login;
use lamplight_core::service::Rate;

use super::network::Network;
use super::words::{
    ForwardedBy, Inviters, LogFormat, LogLevel, Offer, Secret, SignUp, Size, Value,
};

/// One line of the table.
pub struct Setting {
    /// The table in the file; empty for the keys that stand before all tables.
    pub section: &'static str,
    pub name: &'static str,
    pub unit: &'static str,
    pub default: &'static str,
    pub about: &'static str,
    /// What raising or changing it costs.
    pub cost: &'static str,
    /// Whether the TOML value stands without quotes.
    pub is_bare: bool,
    /// Whether it is never shown, and may stand in a file of its own.
    pub is_secret: bool,
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
    pub(super) get: fn(&Config) -> String,
}

impl Setting {
    /// `limits.frames`, or `listen` for the main ones.
    pub fn key(&self) -> String {
        if self.section.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.section, self.name)
        }
    }

    /// `limits-frames`, to stand after two dashes.
    pub fn flag(&self) -> String {
        self.key().replace(['.', '_'], "-")
    }

    /// `LAMPLIGHT_LIMITS_FRAMES`.
    pub fn environment(&self) -> String {
        environment(&self.key())
    }
}

pub(super) fn environment(key: &str) -> String {
    format!("LAMPLIGHT_{}", key.replace('.', "_").to_uppercase())
}

macro_rules! settings {
    ($(
        $(#[$meta:meta])*
        $part:ident ($section:literal) $Type:ident {
            $($name:ident: $type:ty = $default:literal [$unit:literal] $about:literal $cost:literal)*
        }
    )*) => {
        /// The configuration of a relay.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Config {
            $($(#[$meta])* pub $part: $Type,)*
        }

        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $Type {
                $(#[doc = $about] pub $name: $type,)*
            }
        )*

        impl Default for Config {
            fn default() -> Self {
                Self {
                    $($part: $Type {
                        $($name: <$type as Value>::read($default).expect("a default reads"),)*
                    },)*
                }
            }
        }

        /// The table.
        pub static SETTINGS: &[Setting] = &[$($(
            Setting {
                section: $section,
                name: stringify!($name),
                unit: $unit,
                default: $default,
                about: $about,
                cost: $cost,
                is_bare: matches!(stringify!($type).as_bytes(), b"bool" | b"u16" | b"u32" | b"u64" | b"usize"),
                is_secret: matches!(stringify!($type).as_bytes(), b"Secret"),
            set: |config, text| {
                    config.$part.$name = <$type as Value>::read(text)?;
                    Ok(())
                },
                get: |config| config.$part.$name.print(),
            },
        )*)*];
    };
}

settings! {
    /// Where the relay is.
    relay ("") RelaySettings {
        listen: SocketAddr = "127.0.0.1:2778" ["address:port"]
            "Where the relay listens. Port 0 takes a free one, which the start line names."
            "Beyond loopback everyone who reaches the port can try to sign in: set `public_url` and put TLS in front."
        domain: String = "localhost" ["domain"]
            "What stands behind the @ of every address here."
            "Changing it later makes every address a different one."
        public_url: String = "" ["URL"]
            "Where browsers find the relay, such as \"https://chat.example.org\". Empty: the listening address, which must then be loopback."
            "Must be https, because passwords and cookies travel; http is accepted for loopback only."
        origins: Vec<String> = "" ["list of URLs"]
            "Further origins whose pages may connect and sign in, exactly as a browser writes them."
            "Each one can act for whoever visits it and is signed in."
        contact: String = "" ["mailto: or https: URL"]
            "Where people reach whoever runs the relay; told to everyone who asks, at `/v1/relay`."
            "Robots read it too."
        data: PathBuf = "./lamplight-data" ["folder"]
            "The folder with everything that lasts."
            "Must be on a local disk that keeps what it was told to sync; a network file system is not one."
        drain: Duration = "10 s" ["time"]
            "How long a stop waits for goodbyes and unwritten data."
            "A longer wait delays restarts that meet dead connections."
    }

    /// What is offered, and to whom.
    services ("") ServiceSettings {
        presence: bool = "true" ["true, false"]
            "Whether the relay has a presence service. Without it: messages only."
            "Statuses, watchers and their rules are gone from the page; who has them keeps them."
        messages: bool = "true" ["true, false"]
            "Whether the relay has an instant message service. Without it: presence only."
            "Conversations are gone from the page; inboxes keep what they hold."
        watchers_span: Duration = "7 d" ["time"]
            "For how long people are told who watched them; after that it is forgotten, on the disk too."
            "A row per watcher and presentity for as long."
        require_watch: Login = "nobody" ["nobody, guest, program, account"]
            "How somebody must at least have come in to watch anyone: not at all (nobody), as a guest, as a program by its token, with an account's password."
            "Beyond nobody, badges and questions without credentials are refused."
        require_publish: Login = "nobody" ["nobody, guest, program, account"]
            "How a session must at least have come in to publish presence."
            "Beyond guest, whoever came in by less is seen as never there."
    }

    /// Who may come in.
    accounts ("accounts") AccountSettings {
        sign_up: SignUp = "loopback" ["open, invitation, closed, loopback"]
            "Who may make an account: everyone (open), whoever has a link (invitation), nobody but the first admin (closed), or everyone while the relay listens on loopback only and elsewhere whoever has a link (loopback)."
            "Open lets in whoever finds the relay, and their programs."
        invitations: Inviters = "accounts" ["accounts, admins"]
            "Who may make links that let others in, as their contacts: everyone with an account, or admins only. `lamplight invite` makes any."
            "Whoever invites answers for who comes."
        invitation_life: Duration = "7 d" ["time"]
            "How long such a link holds when its maker says nothing else."
            "A longer time gives a link that went astray more time."
        guests: Offer = "loopback" ["open, closed, loopback"]
            "Who may enter without an account."
            "A guest costs a row for as long as it lives and can write to everyone who lets strangers write."
        guest_life: Duration = "24 h" ["time"]
            "How long a guest lasts; then it is forgotten with its inbox."
            "Longer lives keep more rows."
        login_idle: Duration = "30 d" ["time"]
            "A login that was not used for this long is over."
            "A longer time leaves forgotten devices signed in."
        login_life: Duration = "180 d" ["time"]
            "A login is over after this long in any case."
            "As above."
        ticket_life: Duration = "30 s" ["time"]
            "How long the single-use ticket holds that a page trades its login for."
            "A longer time gives a stolen ticket more time."
        password_memory: Size = "19 MiB" ["size"]
            "Memory of one password hash (argon2id). Old hashes are renewed at the next sign-in."
            "Each sign-in under way takes this much; less makes stolen hashes cheaper to guess."
        password_passes: u32 = "2" ["number"]
            "Passes of one password hash."
            "Time of every sign-in, about 20 ms each at 19 MiB."
        password_queue: u32 = "64" ["number"]
            "Sign-ins that may wait for a free core; more are told to come back."
            "Each place lets the last one wait some 20 ms longer."
        failures: Rate = "5 then 1 per 1 min" ["rate"]
            "Wrong passwords per name and network before a wait."
            "More lets others guess faster."
        new_accounts: Rate = "20 then 1 per 1 min" ["rate"]
            "New accounts and guests per network. Not counted for loopback."
            "More lets one machine fill the relay faster."
    }

    /// Chats on other sites.
    sites ("sites") SiteSettings {
        register: Offer = "loopback" ["open, closed, loopback"]
            "Who may register a site for a chat with their own addresses: everyone with an account (open), nobody (closed), or everyone with an account while the relay listens on loopback only. `lamplight site` registers any."
            "Whoever registers a site lets its visitors in as guests, whatever `accounts.guests` says."
        unregistered: Offer = "loopback" ["open, closed, loopback"]
            "Which pages may show a chat without being registered: all but those that `lamplight site` registered for others (open) or none (closed). Their visitors are guests as `accounts.guests` says."
            "Any page of the web may then have its readers write to people here."
    }

    /// Sockets.
    connections ("connections") ConnectionSettings {
        most: usize = "20000" ["number"]
            "Open connections in all. More wait in the system's queue until one ends."
            "Each is an open file; see the system's limit of those."
        per_ip: u32 = "500" ["number, 0: no limit"]
            "Open connections per address; behind a proxy open sockets and requests under way, per address that the proxy names. Not counted for loopback."
            "Each costs some 10 KB while it waits, 4 MiB at worst."
        new_per_ip: Rate = "100 then 1 per 50 ms" ["rate"]
            "New connections per address; behind a proxy new sockets, per address that the proxy names. Not counted for loopback."
            "More lets one machine keep the relay busy with handshakes."
        proxies: Vec<Network> = "" ["list of networks"]
            "The proxies with TLS in front, such as \"172.16.0.0/12\". Needed where `listen` is not loopback; then only they, and this machine, may connect. They are believed who their visitors are; so is 127.0.0.1 where `public_url` says that others reach the relay."
            "Whoever is in these networks speaks to the relay without TLS, and under whatever address they say."
        forwarded: ForwardedBy = "x-forwarded-for" ["x-forwarded-for, forwarded, none"]
            "The header in which these proxies say who their visitors are: the one that they write themselves, to which each adds on the right."
            "One that a proxy passes on as it came lets visitors choose their address, and so escape every limit."
        header_wait: Duration = "10 s" ["time"]
            "How long a request may take to arrive."
            "Longer lets slow senders hold connections."
        outbox: Size = "4 MiB" ["size"]
            "What may wait for one slow socket before it is closed. Newer presence replaces older and does not add up."
            "Memory per slow connection."
    }

    /// HTTPS without a proxy.
    tls ("tls") TlsSettings {
        certificate: String = "" ["file"]
            "The certificate with its chain, in PEM, such as \"/etc/letsencrypt/live/chat.example.org/fullchain.pem\". With it the port speaks HTTPS only. Read again when it changes, and on SIGHUP."
            "Each connection then takes three open files."
        key: String = "" ["file"]
            "The private key that belongs to the certificate, in PEM."
            "Whoever reads it can pose as the relay."
        redirect: Option<SocketAddr> = "" ["address:port"]
            "A second port that leads whoever comes without TLS to `public_url`, such as \"0.0.0.0:80\"."
            "None."
    }

    /// Inboxes.
    inbox ("inbox") InboxSettings {
        messages: u64 = "10000" ["messages"]
            "Messages that one inbox holds."
            "Disk, and the time to count what is unread."
        bytes: Size = "64 MiB" ["size"]
            "Bytes of messages that one inbox holds."
            "Disk, per principal."
    }

    /// How long things are kept.
    retention ("retention") RetentionSettings {
        messages: Duration = "730 d" ["time, 0 s: for ever"]
            "Messages older than this go from the inboxes of both sides, on the disk too. Whoever wants to have theirs for longer downloads their data before."
            "Disk, up to what `inbox` allows."
        receipts: Duration = "90 d" ["time, 0 s: for ever"]
            "For how long it is remembered which messages were sent, so that none comes twice, and which were deleted."
            "A row for each message. A device that was away for longer sends once more what it never heard to have arrived, and may go on showing what was deleted elsewhere until it reads again."
    }

    /// How much of anything the services take.
    limits ("limits") LimitSettings {
        held_frames: usize = "32" ["frames"]
            "Frames of one session that wait for stored state."
            "Memory per session while the store is slow, up to 64 KiB each."
        subscriptions: usize = "10000" ["number"]
            "Contacts of one principal, and subscriptions of one session."
            "Memory and one notification each at sign-in."
        watchers: usize = "20000" ["number"]
            "Watching sessions of one presentity; as many visitors of other sites beside them."
            "One frame to each whenever it changes."
        visitors: usize = "8000" ["number"]
            "Lines of visitors, who read pages of other sites with a live badge; all together."
            "Each is a connection; leave room for people who chat."
        visitor_subscriptions: usize = "200" ["number"]
            "Presentities that one page of another site may show live."
            "Memory, and one frame for each change."
        pending_requests: usize = "100" ["number"]
            "Requests of strangers that wait for an answer, per presentity."
            "Rows, and lines that a person has to answer."
        sessions: usize = "10" ["number"]
            "Live sessions of one principal."
            "Each gets every message and every change."
        sends_in_flight: u16 = "32" ["messages"]
            "Messages of one session that are not answered yet."
            "Memory, up to 16 KiB each."
        delivery_window: u64 = "256" ["entries"]
            "Log entries on their way to one session that it has not acknowledged."
            "Memory of the socket's outbox."
        resume_span: u64 = "3000" ["entries"]
            "Log entries that a device may have missed and still catches up with instead of starting afresh."
            "Reading and sending that many at once."
        page: u16 = "300" ["entries"]
            "Entries in one page of history."
            "Size of one frame."
        frames: Rate = "100 then 1 per 50 ms" ["rate"]
            "Frames of one session."
            "The one task that owns the services handles them all."
        sends: Rate = "20 then 1 per 200 ms" ["rate"]
            "Messages of one principal."
            "Disk, and what others have to read."
        publishes: Rate = "5 then 1 per 2 s" ["rate"]
            "Changes of presence of one session."
            "One frame to each watcher."
        fetches: Rate = "50 then 1 per 100 ms" ["rate"]
            "Fetches of one session."
            "Reads from the disk."
        requests: Rate = "20 then 1 per 3 min" ["rate"]
            "Requests to see someone who has not decided about the asker."
            "What strangers may ask of people."
        polls: Rate = "6 then 1 per 10 s" ["rate"]
            "Fetches of one presentity by one watcher, or by everyone of one network who did not sign in."
            "Reads, and rows of watcher information."
        looks: Rate = "200 then 1 per 50 ms" ["rate"]
            "Presentities that one principal, or one network without credentials, asks for over HTTP. Not counted for loopback."
            "Reads from the disk, and memory for each address for a while."
        letters_to_strangers: Rate = "10 then 1 per 6 s" ["rate"]
            "Messages of one sender to people who do not know them."
            "What strangers may make people read."
        signals: Rate = "5 then 1 per 1 s" ["rate"]
            "Signals of one session, such as that somebody types."
            "One frame to each device of the other side."
        presentities: usize = "8" ["number"]
            "Further presentities of one principal."
            "Memory, and one notification each at sign-in."
        inboxes: usize = "50" ["number"]
            "Further inbox addresses of one principal."
            "Rows, and memory while their principal is connected."
        held_messages: u32 = "50" ["messages"]
            "Messages of one sender that wait in one requests folder."
            "Room in the inbox that strangers can take."
    }

    /// How long anything takes at most.
    bounds ("bounds") BoundSettings {
        hello: Duration = "10 s" ["time"]
            "From the open socket to its hello."
            "Longer lets nameless connections stay."
        ping: Duration = "20 s" ["time"]
            "Silence after which the relay pings."
            "A shorter time sends more pings; a longer one sees lost devices later. A proxy must allow longer idle times than this."
        pong: Duration = "10 s" ["time"]
            "Silence after a ping that means the line is cut."
            "A shorter time loses slow lines; a longer one shows lost devices longer."
        grace: Duration = "10 s" ["time"]
            "How long a device is still shown after its socket went, so that a reload is not seen."
            "A shorter time shows reloads; a longer one shows people who left."
        settle: Duration = "30 s" ["time"]
            "After a start, how long an absent presentity is unknown rather than offline."
            "A shorter time calls people offline who are about to reconnect."
        notify_every: Duration = "1 s" ["time"]
            "The least time between two notifications of one presentity to one watcher."
            "A shorter time sends more frames when someone's presence flaps."
    }

    /// Figures for whoever watches the relay's health.
    metrics ("metrics") MetricsSettings {
        token: Secret = "" ["secret"]
            "What Prometheus must bring as a bearer token to read `/metrics`. Empty: on loopback everyone reads it, elsewhere nobody."
            "Figures say how many people are here and what they do, though not who."
    }

    /// What is written about what happens.
    log ("log") LogSettings {
        level: LogLevel = "info" ["error, warn, info, debug"]
            "From which weight on lines are logged. No level logs addresses, messages or secrets."
            "Lines, and the disk they go to."
        format: LogFormat = "auto" ["auto, human, json"]
            "How lines look: for people on a terminal, JSON elsewhere."
            "None."
    }
}
