export async function save(rows: Row[]) {
  for (let i = 0; i < rows.length; i += 500) {
    await prisma.row.createMany({ data: rows.slice(i, i + 500) });
  }
  for (const chunk of chunked(rows, 500)) {
    await db.insert(items).values(chunk);
  }
  for (const batch of batches) await pool.query('INSERT INTO t SELECT * FROM unnest($1::int[])', [batch]);
}
