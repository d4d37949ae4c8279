export async function say(id: string, message: Message) {
  const conversation = await prisma.mentorConversation.findUnique({ where: { id } });
  await prisma.mentorConversation.update({ where: { id }, data: { messages: [...conversation.messages, message] } }); // expect
}
