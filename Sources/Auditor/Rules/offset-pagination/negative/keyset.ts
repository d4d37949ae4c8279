export const a = await prisma.message.findMany({ where: { id: { lt: cursor } }, take: limit + 1 });
export const b = await prisma.message.findMany({ take: 20, skip: 1, cursor: { id } });
export const c = await supabase.from('clips').select('id').range(0, 19);
