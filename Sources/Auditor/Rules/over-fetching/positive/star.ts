export const brand = await supabase.from('brands').select('*').eq('id', id).single(); // expect
export const rows = await pool.query(`SELECT * FROM users WHERE id = $1`, [id]); // expect
