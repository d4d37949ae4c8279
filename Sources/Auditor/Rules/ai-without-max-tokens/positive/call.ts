export const a = await openai.chat.completions.create({ model: 'gpt-4o', messages }); // expect
export const b = await generateText({ model, prompt }); // expect
