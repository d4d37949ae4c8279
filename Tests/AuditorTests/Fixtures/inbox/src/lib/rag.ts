export async function search(companyId: number, question: string) {
  const embedded = await openai.embeddings.create({ model: 'text-embedding-3-small', input: question });
  return prisma.$queryRaw`SELECT id, body FROM "DocumentChunk" WHERE "companyId" = ${companyId} ORDER BY embedding <=> ${embedded.data[0].embedding}::vector LIMIT 5`;
}
