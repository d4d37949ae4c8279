export async function paths() {
  const folders = await prisma.folder.findMany({ where: { open: true } });
  for (const folder of folders) {
    for (let index = 0; index < folder.parts.length; index++) all.add(folder.parts[index]);
  }
}
export async function unread(companyId: string) {
  const count = await prisma.message.count({ where: { companyId, readAt: null } });
  const rows = await prisma.user.findMany({ take: 20 });
  return rows.map((row) => ({ name: row.name, count }));
}
