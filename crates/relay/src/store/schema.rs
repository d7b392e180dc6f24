//! The tables, how they came to be, and the settings every connection opens with.
//!
//! A database carries the number of its schema in `user_version`. Opening one brings it forward step by step, each step in one
//! transaction; a database of a newer relay is refused, because an older relay would write into tables it does not understand.

use std::time::Duration;

use lamplight_core::address::Epoch;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use super::OpenError;

/// Each step brings a database from the version of its index to the next one. Never change a step that was released.
const STEPS: &[&str] = &[
    VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6,
];

/// The schema this build reads and writes.
pub const VERSION: usize = STEPS.len();

/// Version 1.
///
/// `entries` holds every log of every inbox, clustered by inbox and place, so that catching up reads neighbouring pages. A message
/// that was deleted keeps its row without content: its place in the other log is still needed for delivery marks.
const VERSION_1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE principals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL UNIQUE,
    -- What the name looks like, so that no other name may look the same.
    skeleton TEXT NOT NULL UNIQUE,
    class INTEGER NOT NULL,
    -- A PHC string; none for guests.
    password TEXT,
    created INTEGER NOT NULL,
    -- When a guest is forgotten.
    expires INTEGER,
    last_seen INTEGER NOT NULL DEFAULT 0,
    -- The inbox that sign-up gives: the end of its log, up to where any device took it, and what it holds.
    head INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX expiring ON principals (expires) WHERE expires IS NOT NULL;

CREATE TABLE logins (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    -- SHA-256 of the token: who reads this table cannot sign in.
    token BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL
);
CREATE INDEX logins_of ON logins (principal);

CREATE TABLE entries (
    inbox INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    -- 0 received, 1 sent, 2 delivered, 3 read, 4 deleted.
    kind INTEGER NOT NULL,
    peer TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Of a message: its identifier, its text (NULL once deleted) and the place of the copy in the other log.
    id BLOB,
    body TEXT,
    -- Of a message the place of the copy in the peer's log; of a mark the place it speaks of.
    place INTEGER,
    PRIMARY KEY (inbox, seq)
) WITHOUT ROWID;
CREATE INDEX messages_with ON entries (inbox, peer, seq, kind) WHERE body IS NOT NULL;

CREATE TABLE conversations (
    inbox INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    peer TEXT NOT NULL,
    -- The newest message that is left.
    last INTEGER,
    read INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    -- Where the marks stand in the log, so that the next one can replace them.
    read_mark INTEGER,
    delivered_mark INTEGER,
    PRIMARY KEY (inbox, peer)
) WITHOUT ROWID;

-- Every message that was ever accepted, for ever: a repetition is known also after deletion and retention.
CREATE TABLE sent (
    sender INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    id BLOB NOT NULL,
    -- The first half of SHA-256 over receiver and body.
    content BLOB NOT NULL,
    at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    receiver_place INTEGER,
    PRIMARY KEY (sender, id)
) WITHOUT ROWID;

CREATE TABLE contacts (
    watcher INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    petname TEXT,
    PRIMARY KEY (watcher, presentity)
) WITHOUT ROWID;

CREATE TABLE access (
    presentity INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    watcher TEXT NOT NULL,
    -- 0 allow, 1 deny, 2 block.
    decision INTEGER NOT NULL,
    -- When it was decided: since then the other looks absent to the blocked.
    at INTEGER NOT NULL,
    PRIMARY KEY (presentity, watcher)
) WITHOUT ROWID;

-- In the order of asking, hence with a rowid.
CREATE TABLE requests (
    nr INTEGER PRIMARY KEY,
    presentity INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    watcher TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (presentity, watcher)
);

CREATE TABLE tuples (
    presentity INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    id TEXT NOT NULL,
    -- The tuple as CBOR with numbered fields, which later builds can extend.
    tuple BLOB NOT NULL,
    PRIMARY KEY (presentity, id)
) WITHOUT ROWID;
";

/// Version 2: further presentities and inbox addresses, rules, WATCHER INFORMATION, requests for messages, groups and programs.
///
/// What is kept of a presentity is known by its principal and its tag; the one from sign-up has the empty tag. `principals.class`
/// is from now on 0 account, 1 guest, 2 group, 3 program; `entries.kind` also 5 held, 6 admitted, 7 cleared.
const VERSION_2: &str = "
-- The further presentities; of the one from sign-up a row only once it has a label or rules.
CREATE TABLE presentities (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    label TEXT,
    -- Access rules as CBOR with numbered fields, which later builds can extend.
    rules BLOB NOT NULL,
    -- Of further ones; that of the one from sign-up stands in principals.
    last_seen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (principal, tag)
) WITHOUT ROWID;

-- The further inbox addresses; of the one from sign-up a row only once it has something to keep. All lead into one log.
CREATE TABLE inboxes (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    label TEXT,
    -- From then on nothing comes through it any more.
    until INTEGER,
    -- Delivery rules as CBOR; none: no rules.
    rules BLOB,
    -- What came through it.
    delivered INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (principal, tag)
) WITHOUT ROWID;

ALTER TABLE access RENAME TO access_1;
CREATE TABLE access (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    watcher TEXT NOT NULL,
    -- 0 allow, 1 deny, 2 block, 3 ask, 4 availability, 5 chosen.
    decision INTEGER NOT NULL,
    -- What is chosen, as CBOR.
    part BLOB,
    -- When it was decided: since then the other looks absent to the blocked.
    at INTEGER NOT NULL,
    PRIMARY KEY (principal, tag, watcher)
) WITHOUT ROWID;
INSERT INTO access (principal, tag, watcher, decision, at)
    SELECT presentity, '', watcher, decision, at FROM access_1;
DROP TABLE access_1;

ALTER TABLE requests RENAME TO requests_1;
-- In the order of asking, hence with a rowid.
CREATE TABLE requests (
    nr INTEGER PRIMARY KEY,
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    watcher TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (principal, tag, watcher)
);
INSERT INTO requests (nr, principal, tag, watcher, at)
    SELECT nr, presentity, '', watcher, at FROM requests_1;
DROP TABLE requests_1;

ALTER TABLE tuples RENAME TO tuples_1;
CREATE TABLE tuples (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The tuple as CBOR with numbered fields, which later builds can extend.
    tuple BLOB NOT NULL,
    PRIMARY KEY (principal, tag, id)
) WITHOUT ROWID;
INSERT INTO tuples (principal, tag, id, tuple)
    SELECT presentity, '', id, tuple FROM tuples_1;
DROP TABLE tuples_1;

-- Under which heading the watcher keeps them.
ALTER TABLE contacts ADD COLUMN grp TEXT;

-- How a watcher stands with one presentity (its address), or with all others ('').
CREATE TABLE visibility (
    watcher INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    -- 0 named, 1 counted, 2 hidden.
    value INTEGER NOT NULL,
    PRIMARY KEY (watcher, presentity)
) WITHOUT ROWID;

-- WATCHER INFORMATION: who watched a presentity within the recent span.
CREATE TABLE ledger (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    -- 0 a principal, 1 the visitors of a site, 2 all who did not sign in; and its address, its domain or nothing.
    who INTEGER NOT NULL,
    watcher TEXT NOT NULL,
    -- Whether it is the row of what was received (0) or of attempts (1).
    attempt INTEGER NOT NULL,
    -- 0 subscriber, 1 poller, 2 fetcher.
    kind INTEGER NOT NULL,
    -- 0 active, 1 ended, 2 attempt.
    state INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    pause INTEGER NOT NULL,
    regular INTEGER NOT NULL,
    PRIMARY KEY (principal, tag, who, watcher, attempt)
) WITHOUT ROWID;
-- What is older than the span is found without reading the rest.
CREATE INDEX ledger_last ON ledger (last);

-- Through which of the own inbox addresses, and in a group's name by whom.
ALTER TABLE entries ADD COLUMN own TEXT;
ALTER TABLE entries ADD COLUMN by TEXT;

-- Messages that wait to be admitted, and where the latest emptying stands in the log.
ALTER TABLE conversations ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN cleared_mark INTEGER;

-- Whether the receiver's copy was held at first.
ALTER TABLE sent ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- To whom a principal has written, or whom it has admitted; outlives the messages.
CREATE TABLE known (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    peer TEXT NOT NULL,
    PRIMARY KEY (principal, peer)
) WITHOUT ROWID;
INSERT INTO known (principal, peer) SELECT DISTINCT inbox, peer FROM entries WHERE kind = 1;

-- Who speaks for a group.
CREATE TABLE members (
    grp INTEGER REFERENCES principals ON DELETE CASCADE,
    member INTEGER REFERENCES principals ON DELETE CASCADE,
    owner INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (grp, member)
) WITHOUT ROWID;
CREATE INDEX members_of ON members (member);

-- The tokens of programs.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- SHA-256 of the token: who reads this table cannot use it.
    token BLOB NOT NULL UNIQUE,
    scope INTEGER NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL
);
CREATE INDEX tokens_of ON tokens (principal);

-- When the password was last said, and in a group's name the member who speaks: without them the login ends.
ALTER TABLE logins ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE logins ADD COLUMN member INTEGER REFERENCES principals ON DELETE CASCADE;
CREATE INDEX logins_by ON logins (member) WHERE member IS NOT NULL;
";

/// Version 3: what the politely blocked go on seeing.
const VERSION_3: &str = "
-- How a presentity stood before it blocked: to one watcher (its address), or to all whom its rules block ('').
CREATE TABLE stood (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    watcher TEXT NOT NULL,
    -- As CBOR with numbered fields, which later builds can extend; to all: a list, the oldest first.
    before BLOB NOT NULL,
    PRIMARY KEY (principal, tag, watcher)
) WITHOUT ROWID;
";

/// Version 4: sites that show a chat, and their visitors.
const VERSION_4: &str = "
CREATE TABLE sites (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL: removed. The relay ends its visitors and then the row.
    name TEXT,
    -- The account that registered it, also after that is gone; NULL: whoever runs the relay.
    owner INTEGER,
    made INTEGER NOT NULL,
    -- Whether visitors come in without a token; how many at most, and how many in an hour.
    guests INTEGER NOT NULL,
    guests_most INTEGER NOT NULL,
    guests_per_hour INTEGER NOT NULL,
    -- How long after their last use those whom it vouches for are forgotten, in milliseconds.
    life INTEGER NOT NULL,
    -- Goes into the hashes of its visitors' names.
    salt BLOB NOT NULL
);
-- Whoever registers a site takes its name and origins from nobody else.
CREATE UNIQUE INDEX sites_named ON sites (ifnull(owner, 0), name);

CREATE TABLE site_origins (
    origin TEXT NOT NULL,
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    PRIMARY KEY (origin, site)
) WITHOUT ROWID;
CREATE INDEX site_origins_of ON site_origins (site);

-- The presentities that one may chat with there.
CREATE TABLE site_chats (
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    PRIMARY KEY (site, presentity)
) WITHOUT ROWID;

CREATE TABLE site_keys (
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    kid TEXT NOT NULL,
    -- 0 HS256 with the secret, 1 EdDSA with the public key, 2 RS256 with the public key as PKCS #1.
    algorithm INTEGER NOT NULL,
    key BLOB NOT NULL,
    added INTEGER NOT NULL,
    -- From then on it holds no more; NULL: it is the one in use.
    until INTEGER,
    PRIMARY KEY (site, kid)
) WITHOUT ROWID;

-- Tokens that were used and have not run out: SHA-256 of their jti.
CREATE TABLE site_tokens (
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    jti BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (site, jti)
) WITHOUT ROWID;
CREATE INDEX site_tokens_until ON site_tokens (until);

CREATE TABLE site_visitors (
    principal INTEGER PRIMARY KEY REFERENCES principals ON DELETE CASCADE,
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    -- Of those whom the site vouches for: SHA-256 of its salt and its own name for them.
    sub BLOB,
    made INTEGER NOT NULL,
    -- What the site, or the visitor, says they are called.
    called TEXT,
    UNIQUE (site, sub)
);
CREATE INDEX site_guests ON site_visitors (site, made) WHERE sub IS NULL;

-- How a visitor of a site is called, as CBOR with numbered fields: in a message of theirs, when they wrote last, and where they ask.
ALTER TABLE entries ADD COLUMN called BLOB;
ALTER TABLE conversations ADD COLUMN called BLOB;
ALTER TABLE requests ADD COLUMN called BLOB;
";

/// Version 5: admins, suspended accounts, invitations, and what is done to a relay from outside.
const VERSION_5: &str = "
-- Whether the account may do what whoever runs the relay may; since when it is suspended.
ALTER TABLE principals ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN suspended INTEGER;

-- Names of accounts that were removed: others still have them among their contacts and rules, so nobody else gets them.
CREATE TABLE former (
    skeleton TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    since INTEGER NOT NULL
) WITHOUT ROWID;

-- Links that let somebody in.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the secret: who reads this table cannot use it.
    secret BLOB NOT NULL UNIQUE,
    -- 0 to a new account, 1 to the first account that is an admin, 2 to a new password.
    kind INTEGER NOT NULL,
    -- Who invites and becomes a contact, NULL: whoever runs the relay; of 2 whose password.
    of INTEGER REFERENCES principals ON DELETE CASCADE,
    note TEXT,
    made INTEGER NOT NULL,
    -- From then on it holds no more.
    until INTEGER NOT NULL,
    -- How often it can still be used, and how often it was.
    remaining INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX invitations_of ON invitations (of);
CREATE INDEX invitations_until ON invitations (until);

-- What was done beside the relay and it has to do something about.
CREATE TABLE orders (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 0 signed out, 1 suspended, 2 removed, 3 made, 4 changed.
    kind INTEGER NOT NULL,
    principal TEXT NOT NULL,
    -- Of 0 and 1: by this login alone.
    login INTEGER
);

-- What admins did.
CREATE TABLE audit (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    -- An account; NULL: at the command line.
    who TEXT,
    what TEXT NOT NULL,
    about TEXT NOT NULL
);
";

/// Version 6: what is old goes. The memory of what was sent is from now on no longer for ever.
const VERSION_6: &str = "
-- What is old is found without reading the rest: messages, what remains of those that were deleted (marks of what was delivered, read
-- and emptied stay: a later one replaces them), and what was sent.
CREATE INDEX entries_old ON entries (at) WHERE body IS NOT NULL;
CREATE INDEX entries_emptied ON entries (at) WHERE body IS NULL AND kind NOT IN (2, 3, 7);
CREATE INDEX sent_old ON sent (at);
";

/// How long a connection waits for another one.
pub const BUSY_FOR: Duration = Duration::from_secs(5);

/// Settings of a connection that writes.
pub fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    // WAL with FULL: a commit returns only after its log is on the disk (trust.md D1). NORMAL would lose acknowledged messages.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A larger log between checkpoints costs disk and spares fsyncs: 4,000 pages are 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    // What a person deletes is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    prepare_any(connection)
}

/// Settings of a connection that reads.
pub fn prepare_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "query_only", "ON")?;
    prepare_any(connection)
}

fn prepare_any(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_FOR)?;
    // 16 MiB, so that memory does not grow with what is stored.
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    // A statement whose plan may depend on the values bound to it is prepared anew for each; without statistics of the tables it
    // gains nothing by that.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // More than there are: preparing one costs as much as carrying out ten.
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
}

/// The schema that a database has.
pub fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    found.map(|found| found as usize)
}

/// Brings the database to [`VERSION`].
pub fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found = version(connection)?;
    if found > VERSION {
        return Err(OpenError::Newer { found });
    }
    for (at, step) in STEPS.iter().enumerate().skip(found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", (at + 1) as u32)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The store's epoch, chosen at random when the store is made.
pub fn epoch(connection: &Connection) -> Result<Epoch, OpenError> {
    let known = connection
        .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    if let Some(known) = known {
        return Ok(Epoch(known as u64));
    }
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| OpenError::NoRandomness)?;
    // 53 bits, so that JSON readers in browsers keep every digit; never zero.
    let epoch = (u64::from_le_bytes(bytes) >> 11).max(1);
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('epoch', ?1)",
        [epoch as i64],
    )?;
    Ok(Epoch(epoch))
}
