export async function load(ids: string[]) {
  const users = await prisma.user.findMany({ where: { id: { in: ids } } });
  for (const user of await prisma.user.findMany({ take: 10 })) log(user.name);
  return users.map((user) => user.name);
}
