-- Version 6 of the database, with something of everything in it. Once it is released it never changes.
PRAGMA user_version = 6;

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
, confirmed INTEGER NOT NULL DEFAULT 0, member INTEGER REFERENCES principals ON DELETE CASCADE);
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
    place INTEGER, own TEXT, by TEXT, called BLOB,
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
    delivered_mark INTEGER, held INTEGER NOT NULL DEFAULT 0, cleared_mark INTEGER, called BLOB,
    PRIMARY KEY (inbox, peer)
) WITHOUT ROWID;
CREATE TABLE sent (
    sender INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    id BLOB NOT NULL,
    -- The first half of SHA-256 over receiver and body.
    content BLOB NOT NULL,
    at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    receiver_place INTEGER, held INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sender, id)
) WITHOUT ROWID;
CREATE TABLE contacts (
    watcher INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    petname TEXT, grp TEXT,
    PRIMARY KEY (watcher, presentity)
) WITHOUT ROWID;
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
CREATE TABLE requests (
    nr INTEGER PRIMARY KEY,
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    watcher TEXT NOT NULL,
    at INTEGER NOT NULL, called BLOB,
    UNIQUE (principal, tag, watcher)
);
CREATE TABLE tuples (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The tuple as CBOR with numbered fields, which later builds can extend.
    tuple BLOB NOT NULL,
    PRIMARY KEY (principal, tag, id)
) WITHOUT ROWID;
CREATE TABLE visibility (
    watcher INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    -- 0 named, 1 counted, 2 hidden.
    value INTEGER NOT NULL,
    PRIMARY KEY (watcher, presentity)
) WITHOUT ROWID;
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
CREATE INDEX ledger_last ON ledger (last);
CREATE TABLE known (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    peer TEXT NOT NULL,
    PRIMARY KEY (principal, peer)
) WITHOUT ROWID;
CREATE TABLE members (
    grp INTEGER REFERENCES principals ON DELETE CASCADE,
    member INTEGER REFERENCES principals ON DELETE CASCADE,
    owner INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (grp, member)
) WITHOUT ROWID;
CREATE INDEX members_of ON members (member);
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
CREATE INDEX logins_by ON logins (member) WHERE member IS NOT NULL;

CREATE TABLE stood (
    principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE,
    tag TEXT NOT NULL,
    watcher TEXT NOT NULL,
    -- As CBOR with numbered fields, which later builds can extend; to all: a list, the oldest first.
    before BLOB NOT NULL,
    PRIMARY KEY (principal, tag, watcher)
) WITHOUT ROWID;

CREATE TABLE sites (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    owner INTEGER,
    made INTEGER NOT NULL,
    guests INTEGER NOT NULL,
    guests_most INTEGER NOT NULL,
    guests_per_hour INTEGER NOT NULL,
    life INTEGER NOT NULL,
    salt BLOB NOT NULL
);
CREATE UNIQUE INDEX sites_named ON sites (ifnull(owner, 0), name);

CREATE TABLE site_origins (
    origin TEXT NOT NULL,
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    PRIMARY KEY (origin, site)
) WITHOUT ROWID;
CREATE INDEX site_origins_of ON site_origins (site);

CREATE TABLE site_chats (
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    presentity TEXT NOT NULL,
    PRIMARY KEY (site, presentity)
) WITHOUT ROWID;

CREATE TABLE site_keys (
    site INTEGER NOT NULL REFERENCES sites ON DELETE CASCADE,
    kid TEXT NOT NULL,
    algorithm INTEGER NOT NULL,
    key BLOB NOT NULL,
    added INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (site, kid)
) WITHOUT ROWID;

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
    sub BLOB,
    made INTEGER NOT NULL,
    called TEXT,
    UNIQUE (site, sub)
);
CREATE INDEX site_guests ON site_visitors (site, made) WHERE sub IS NULL;

INSERT INTO meta (name, value) VALUES
    ('epoch', 4711);
INSERT INTO principals (id, address, skeleton, class, password, created, expires, last_seen, head, acknowledged, messages, bytes) VALUES
    (1, 'alice@localhost', 'alice', 0, '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA', 1000, NULL, 0, 2, 1, 1, 12),
    (2, 'bob@localhost', 'bob', 0, NULL, 2000, NULL, 0, 2, 0, 1, 12),
    (3, 'carol@localhost', 'carol', 1, NULL, 3000, NULL, 0, 0, 0, 0, 0);
INSERT INTO logins (id, principal, token, created, used, confirmed, member) VALUES
    (1, 1, x'00', 1000, 1000, 0, NULL);
INSERT INTO entries (inbox, seq, kind, peer, at, id, body, place, own, by) VALUES
    (1, 1, 0, 'bob@localhost', 5000, x'00000000000000000000000000000001', 'Tea at four?', 1, NULL, NULL),
    (1, 2, 3, 'bob@localhost', 6000, NULL, NULL, 1, NULL, NULL),
    (2, 1, 1, 'alice@localhost', 5000, x'00000000000000000000000000000001', 'Tea at four?', 1, NULL, NULL),
    (2, 2, 2, 'alice@localhost', 5500, NULL, NULL, 1, NULL, NULL);
INSERT INTO conversations (inbox, peer, last, read, delivered, read_mark, delivered_mark, held, cleared_mark) VALUES
    (1, 'bob@localhost', 1, 1, 0, 2, NULL, 0, NULL),
    (2, 'alice@localhost', 1, 0, 1, NULL, 2, 0, NULL);
INSERT INTO sent (sender, id, content, at, place, receiver_place, held) VALUES
    (2, x'00000000000000000000000000000001', x'00112233445566778899aabbccddeeff', 5000, 1, 1, 0);
INSERT INTO contacts (watcher, presentity, petname, grp) VALUES
    (2, 'alice@localhost', 'Ali', NULL);
INSERT INTO access (principal, tag, watcher, decision, part, at) VALUES
    (1, '', 'carol@localhost', 2, NULL, 7000);
INSERT INTO requests (nr, principal, tag, watcher, at) VALUES
    (1, 1, '', 'bob@localhost', 8000);
INSERT INTO tuples (principal, tag, id, tuple) VALUES
    (1, '', 'by-hand', x'866762792d68616e64008300818201806c696e2061206d656574696e67f680192328');
INSERT INTO known (principal, peer) VALUES
    (2, 'alice@localhost');

-- What version 2 brought.
INSERT INTO principals (id, address, skeleton, class, created, head, acknowledged, messages, bytes) VALUES
    (4, 'shop@localhost', 'shop', 2, 3000, 4, 1, 2, 10),
    (5, 'bot@localhost', 'bot', 3, 3000, 3, 0, 3, 15);
INSERT INTO presentities (principal, tag, label, rules, last_seen) VALUES
    (1, '', 'Me', x'8382858202816a436f6c6c65616775657382058185f5f4f5f5820181816374656c041903e8192328838207816c73686f702e6578616d706c65820480000103', 0),
    (1, 'work', 'At work', x'8382858202816a436f6c6c65616775657382058185f5f4f5f5820181816374656c041903e8192328838207816c73686f702e6578616d706c65820480000103', 4000);
INSERT INTO inboxes (principal, tag, label, until, rules, delivered, held, refused) VALUES
    (4, '', NULL, NULL, NULL, 1, 0, 2),
    (4, 'sales', 'Sales', 9000000, x'818582058001031901f48184181f19021c1903fc183c', 0, 1, 0),
    (5, 'orders', NULL, NULL, NULL, 0, 0, 0);
INSERT INTO access (principal, tag, watcher, decision, part, at) VALUES
    (1, 'work', 'bob@localhost', 5, x'85f5f4f5f5820181816374656c', 7000),
    (1, 'work', 'carol@localhost', 3, NULL, 7001),
    (1, 'work', 'zoe@localhost', 4, NULL, 7002);
INSERT INTO requests (principal, tag, watcher, at) VALUES (1, 'work', 'abe@localhost', 8000);
INSERT INTO tuples (principal, tag, id, tuple) SELECT 1, 'work', id, tuple FROM tuples;
INSERT INTO contacts (watcher, presentity, petname, grp) VALUES (1, 'bob@localhost', NULL, 'Colleagues');
INSERT INTO visibility (watcher, presentity, value) VALUES (2, '', 2), (2, 'alice@localhost', 1);
INSERT INTO ledger (principal, tag, who, watcher, attempt, kind, state, first, last, count, pause, regular) VALUES
    (1, '', 0, 'bob@localhost', 0, 0, 0, 100, 400, 3, 0, 0),
    (1, '', 0, 'bob@localhost', 1, 2, 2, 90, 95, 2, 0, 0),
    (1, '', 1, 'shop.example', 0, 1, 1, 100, 300, 412, 60000, 3),
    (1, '', 2, '', 0, 2, 1, 100, 200, 1, 0, 0);
INSERT INTO entries (inbox, seq, kind, peer, at, id, body, place, own, by) VALUES
    (4, 1, 0, 'bot+orders@localhost', 5000, x'00000000000000000000000000000011', 'hello', 1, NULL, NULL),
    (4, 2, 5, 'bot@localhost', 5001, x'00000000000000000000000000000012', 'sales', 2, 'sales', NULL),
    (4, 3, 6, 'bot+orders@localhost', 5002, NULL, NULL, NULL, NULL, NULL),
    (4, 4, 7, 'carol@localhost', 5003, NULL, NULL, 3, NULL, NULL),
    (5, 1, 1, 'shop@localhost', 5000, x'00000000000000000000000000000011', 'hello', 1, 'orders', 'bob@localhost'),
    (5, 2, 1, 'shop+sales@localhost', 5001, x'00000000000000000000000000000012', 'sales', 2, NULL, NULL),
    (5, 3, 2, 'shop@localhost', 5001, NULL, NULL, 1, NULL, NULL);
INSERT INTO conversations (inbox, peer, last, read, delivered, read_mark, delivered_mark, held, cleared_mark) VALUES
    (4, 'bot+orders@localhost', 1, 0, 0, NULL, NULL, 0, NULL),
    (4, 'bot@localhost', 2, 0, 0, NULL, NULL, 1, NULL),
    (4, 'carol@localhost', NULL, 0, 0, NULL, NULL, 0, 4),
    (5, 'shop@localhost', 1, 0, 1, NULL, 3, 0, NULL),
    (5, 'shop+sales@localhost', 2, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO known (principal, peer) VALUES (4, 'bot+orders@localhost'), (5, 'shop@localhost'), (5, 'shop+sales@localhost');
INSERT INTO members (grp, member, owner) VALUES (4, 1, 1), (4, 2, 0);
INSERT INTO tokens (principal, name, token, scope, created, used) VALUES (5, 'the till', x'01', 7, 3000, 4000);
INSERT INTO logins (principal, token, created, used, confirmed, member) VALUES (4, x'02', 3000, 4000, 3500, 1);

-- What version 3 brought.
INSERT INTO stood (principal, tag, watcher, before) VALUES
    (1, '', '', x'8288191d4c191ce8f68380000080f680f488191d4c191ce8f68380000080f680f4'),
    (1, '', 'carol@localhost', x'88191b5819196482058185f5f4f5f5820181816374656c8380010081886374656c018200808262696d6f616c696365406c6f63616c686f73748005f68081826f6361726f6c406c6f63616c686f73746a436f6c6c656167756573818564776f726b82048001818401183c1878383b818582048001041901f4818401183c1878383bf5');

-- What version 4 brought.
INSERT INTO principals (id, address, skeleton, class, created, expires) VALUES
    (6, 'guest-x7x7x7x7@localhost', 'guest-x7x7x7x7', 1, 3000, 9000000000000),
    (7, 'guest-y8y8y8y8@localhost', 'guest-y8y8y8y8', 1, 3000, 9000000000000);
INSERT INTO sites (id, name, owner, made, guests, guests_most, guests_per_hour, life, salt) VALUES
    (1, 'shop.example', NULL, 3000, 1, 50, 5, 7200000, x'00112233445566778899aabbccddeeff'),
    (2, 'blog.example', 1, 3001, 0, 5000, 200, 2592000000, x'ffeeddccbbaa99887766554433221100'),
    (3, NULL, NULL, 3002, 0, 5000, 200, 2592000000, x'00');
INSERT INTO site_origins (origin, site) VALUES
    ('https://shop.example', 1),
    ('https://www.shop.example', 1),
    ('https://blog.example', 2);
INSERT INTO site_chats (site, presentity) VALUES
    (1, 'shop@localhost'),
    (2, 'alice@localhost'),
    (2, 'alice+work@localhost');
INSERT INTO site_keys (site, kid, algorithm, key, added, until) VALUES
    (1, 'former', 0, x'6c616d705f666f726d6572', 3000, 9000000000000),
    (1, 'present', 0, x'6c616d705f70726573656e74', 4000, NULL),
    (2, 'public', 1, x'19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1', 3001, NULL);
INSERT INTO site_tokens (site, jti, until) VALUES (1, x'01', 9000000000000);
INSERT INTO site_visitors (principal, site, sub, made, called) VALUES
    (6, 1, x'02', 3000, 'Maria'),
    (7, 1, NULL, 3000, NULL);
INSERT INTO conversations (inbox, peer, called) VALUES
    (2, 'guest-x7x7x7x7@localhost', x'836c73686f702e6578616d706c65654d6172696101');
INSERT INTO requests (principal, tag, watcher, at, called) VALUES
    (2, '', 'guest-x7x7x7x7@localhost', 4000, x'836c73686f702e6578616d706c65654d6172696101');

-- What version 5 brought.
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

UPDATE principals SET admin = 1 WHERE id = 1;
UPDATE principals SET suspended = 8000 WHERE id = 2;
INSERT INTO former (skeleton, address, since) VALUES ('dave', 'dave@localhost', 7000);
INSERT INTO invitations (id, secret, kind, of, note, made, until, remaining, used) VALUES
    (1, x'0a', 0, 1, 'for erin', 3000, 9000000000000, 2, 1),
    (2, x'0b', 1, NULL, NULL, 3001, 9000000000000, 1, 0),
    (3, x'0c', 2, 2, NULL, 3002, 9000000000000, 1, 0),
    (4, x'0d', 0, NULL, NULL, 3003, 4000, 1, 0);
INSERT INTO orders (nr, kind, principal, login) VALUES (1, 0, 'alice@localhost', 7), (2, 2, 'dave@localhost', NULL);
INSERT INTO audit (nr, at, who, what, about) VALUES
    (1, 7000, NULL, 'removed', 'dave@localhost'),
    (2, 8000, 'alice@localhost', 'suspended', 'bob@localhost');

-- What version 6 brought.
-- What is old is found without reading the rest: messages, what remains of those that were deleted (marks of what was delivered, read
-- and emptied stay: a later one replaces them), and what was sent.
CREATE INDEX entries_old ON entries (at) WHERE body IS NOT NULL;
CREATE INDEX entries_emptied ON entries (at) WHERE body IS NULL AND kind NOT IN (2, 3, 7);
CREATE INDEX sent_old ON sent (at);
