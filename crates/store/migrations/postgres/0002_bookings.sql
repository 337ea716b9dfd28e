-- What can be booked, and who has booked it. The SQLite migration of the same number says the same.

-- Comes with PostgreSQL's own server packages; whoever may create things in the database may
-- create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE resources (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    capacity   BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX resources_by_age ON resources (created_at, id);

CREATE TABLE bookings (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    resource_id TEXT COLLATE "C" NOT NULL REFERENCES resources (id),
    starts_at   BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    party_size  BIGINT NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    note        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CHECK (starts_at < ends_at),
    -- Two live bookings of one resource never overlap; one may begin when the other ends. The live
    -- statuses are those of desk::booking::LIVE.
    CONSTRAINT bookings_do_not_overlap EXCLUDE USING gist (
        resource_id WITH =,
        int8range(starts_at, ends_at) WITH &&
    ) WHERE (status IN ('requested', 'confirmed', 'arrived'))
);
CREATE INDEX bookings_by_age ON bookings (created_at, id);
CREATE INDEX bookings_by_customer ON bookings (customer_id, created_at, id);
CREATE INDEX bookings_by_status ON bookings (status, created_at, id);
CREATE INDEX bookings_by_resource ON bookings (resource_id, created_at, id);
CREATE INDEX bookings_by_end ON bookings (ends_at, starts_at);
