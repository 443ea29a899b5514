-- revision: 0003
-- after: 0002
-- batch: 1000
-- pause: 0.05

UPDATE orders SET note = 'ordered on ' || taken_at::date
WHERE id IN (SELECT id FROM orders WHERE note IS NULL ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED);
