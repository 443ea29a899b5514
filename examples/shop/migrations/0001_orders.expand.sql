-- revision: 0001

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL,
    state text NOT NULL DEFAULT 'new',
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    done_by text,
    done_at timestamptz
);
