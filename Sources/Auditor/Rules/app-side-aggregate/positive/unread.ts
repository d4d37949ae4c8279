export async function unread(companyId: string) {
  const messages = await prisma.message.findMany({ where: { companyId, direction: 'in' } }); // expect
  return messages.filter((message) => message.createdAt > lastSeen).length;
}
export async function perConversation() {
  const rows = await prisma.conversation.findMany({ where: { open: true } }); // expect
  let unreadTotal = 0;
  for (const row of rows) {
    if (row.lastMessageAt > row.lastSeenAt) unreadTotal++;
  }
  return unreadTotal;
}
