const a = await openai.chat.completions.create({ model: 'gpt-4o', max_tokens: 10, messages });
await record(a.usage.total_tokens);
