export const a = await openai.chat.completions.create({ model: 'gpt-4o', max_tokens: 300, messages });
export const b = await generateText({ model, prompt, maxOutputTokens: 300 });
export const c = await prisma.messages.create({ data: {} });
