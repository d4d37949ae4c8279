export async function load(ids: string[], cursor: string) {
  await prisma.user.findMany({ where: { id: { in: ids } } });
  await prisma.user.findMany({ take: 20, cursor: { id: cursor }, orderBy: { id: 'asc' } });
  await prisma.user.findUnique({ where: { id: ids[0] } });
  await supabase.from('clips').select('id').in('id', ids);
  await supabase.from('clips').select('id').eq('id', ids[0]).single();
  await supabase.from('clips').select('id', { count: 'exact', head: true }).eq('status', 'active');
  await supabase.from('clips').select('id').order('id').range(0, 19);
  await db.select({ n: count() }).from(lists);
  await db.select().from(lists).where(inArray(lists.id, ids));
  await db.select().from(queries).where(eq(queries.brandId, ids[0])).limit(100);
  await pool.query('SELECT name FROM users WHERE id = $1', [ids[0]]);
  await pool.query('SELECT count(*) FROM users');
  await knex('users').where({ id: 1 }).first();
}
