export async function search(question: string) {
  const answer = await openai.embeddings.create({ model: 'text-embedding-3-small', input: question }); // expect
  return answer.data[0].embedding;
}
