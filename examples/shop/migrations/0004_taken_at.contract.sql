-- revision: 0004
-- after: 0003
-- allow: still-used: only versions/1.json names it, and a bundle with this contract has no other version's file

ALTER TABLE orders DROP COLUMN taken_at;
