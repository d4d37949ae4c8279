const DEFAULT_PAGE_SIZE = 50;
export const m = await prisma.message.findMany({ take: 20, select: { id: true, body: true } });
export const c = await supabase.from('clips').select('*', { count: 'exact', head: true });
export const d = await supabase.from('clips').select('id, title').limit(10);
