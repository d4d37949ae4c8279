export async function unread(companyId: string) {
  const count = await prisma.message.count({ where: { companyId, readAt: null } });
  const rows = await prisma.user.findMany({ take: 20 });
  return rows.map((row) => ({ name: row.name, count }));
}
