export async function withRetry(id: string) {
  for (let attempt = 0; attempt < 3; attempt++) {
    try { return await prisma.user.findUnique({ where: { id } }); } catch { await wait(100 * 2 ** attempt); }
  }
}
