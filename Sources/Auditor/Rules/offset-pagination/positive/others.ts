export const a = await db.select().from(t).limit(limit).offset(offset); // expect
export const b = await supabase.from('clips').select('id').range(from, to); // expect
export const c = await pool.query('SELECT id FROM t ORDER BY id LIMIT $1 OFFSET $2', [l, o]); // expect
