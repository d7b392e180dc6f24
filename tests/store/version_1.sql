-- Version 1 of the database, with something of everything in it. Released: never change it.
PRAGMA user_version = 1;

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

INSERT INTO meta VALUES ('epoch', 4711);
INSERT INTO principals (id, address, skeleton, class, password, created, head, messages, bytes) VALUES
    (1, 'alice@localhost', 'alice', 0, '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA', 1000, 2, 1, 12),
    (2, 'bob@localhost', 'bob', 0, NULL, 2000, 2, 1, 12),
    (3, 'carol@localhost', 'carol', 1, NULL, 3000, 0, 0, 0);
UPDATE principals SET acknowledged = 1 WHERE id = 1;
INSERT INTO logins (principal, token, created, used) VALUES (1, x'00', 1000, 1000);
INSERT INTO entries VALUES
    (1, 1, 0, 'bob@localhost', 5000, x'00000000000000000000000000000001', 'Tea at four?', 1),
    (1, 2, 3, 'bob@localhost', 6000, NULL, NULL, 1),
    (2, 1, 1, 'alice@localhost', 5000, x'00000000000000000000000000000001', 'Tea at four?', 1),
    (2, 2, 2, 'alice@localhost', 5500, NULL, NULL, 1);
INSERT INTO conversations VALUES
    (1, 'bob@localhost', 1, 1, 0, 2, NULL),
    (2, 'alice@localhost', 1, 0, 1, NULL, 2);
INSERT INTO sent VALUES (2, x'00000000000000000000000000000001', x'00112233445566778899aabbccddeeff', 5000, 1, 1);
INSERT INTO contacts VALUES (2, 'alice@localhost', 'Ali');
INSERT INTO access VALUES (1, 'carol@localhost', 2, 7000);
INSERT INTO requests (presentity, watcher, at) VALUES (1, 'bob@localhost', 8000);
INSERT INTO tuples VALUES (1, 'by-hand', x'866762792d68616e64008300818201806c696e2061206d656574696e67f680192328');
