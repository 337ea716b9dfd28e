-- What the bot of the chats has to do, and what it offers. The PostgreSQL migration of the same
-- number says the same.

-- What the reader of a message may choose from, as JSON; none if there is nothing to choose.
ALTER TABLE messages ADD COLUMN actions TEXT;

-- How far the bot is in each chat that was ever its own, and who answers there now.
CREATE TABLE bot_work (
    chat_id     TEXT    NOT NULL PRIMARY KEY REFERENCES chats (id),
    -- When the newest message was written that the bot is to answer; how far it has answered; and
    -- how far whoever holds the lease will have.
    asked_at    INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    taken_at    INTEGER NOT NULL,
    -- Whether anything is left to be done: a question, a choice, or an answer to be ended.
    due         INTEGER NOT NULL CHECK (due IN (0, 1)),
    -- How often the question was taken up.
    tries       INTEGER NOT NULL,
    -- Which run of which node answers, and until when it is believed to.
    owner       TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    -- The answer that grows.
    message_id  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_work_due ON bot_work (asked_at, chat_id) WHERE due = 1;

-- What a choice does. Rows go once one of a message's was done.
CREATE TABLE bot_offers (
    message_id TEXT    NOT NULL REFERENCES messages (id),
    action_id  TEXT    NOT NULL,
    chat_id    TEXT    NOT NULL REFERENCES chats (id),
    proposal   TEXT    NOT NULL,
    chosen_at  INTEGER,
    PRIMARY KEY (message_id, action_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_offers_by_chat ON bot_offers (chat_id, chosen_at);

-- What the bot has cost for each customer on the last day that it answered them.
CREATE TABLE bot_usage (
    user_id TEXT    NOT NULL PRIMARY KEY REFERENCES users (id),
    day     INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    tokens  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
