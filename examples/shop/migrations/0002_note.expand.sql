-- revision: 0002
-- after: 0001
-- What version 1 inserts gets a note too: a backfill that new rows kept busy would never end.

ALTER TABLE orders ADD COLUMN note text, ALTER COLUMN note SET DEFAULT 'ordered on ' || current_date;
