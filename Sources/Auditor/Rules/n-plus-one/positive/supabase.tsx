export async function counts(clips: Clip[]) {
  const out = new Map<string, number>();
  for (let i = 0; i < clips.length; i++) {
    const { count } = await supabase.from('comments').select('id', { count: 'exact', head: true }).eq('clip_id', clips[i].id); // expect
    out.set(clips[i].id, count ?? 0);
  }
  return out;
}
