export async function embedQuestion(question: string) {
  const known = await redis.get(`embedding:${hash(question)}`);
  if (known) return known;
  return openai.embeddings.create({ model: 'm', input: question });
}
export async function indexDocument(chunk: string) {
  return openai.embeddings.create({ model: 'm', input: chunk });
}
