export const rows = await pool.query('SELECT * FROM events WHERE kind = $1 ORDER BY at', ['a']); // expect
