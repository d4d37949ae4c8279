export async function counts(clips: Clip[]) {
  const { data, error } = await supabase.rpc('comment_counts', { ids: clips.map((clip) => clip.id) });
  if (!error) return data;
  return Promise.all(clips.map(async (clip) => {
    const { count } = await supabase.from('comments').select('id', { count: 'exact', head: true }).eq('clip_id', clip.id);
    return { id: clip.id, count };
  }));
}
export const mine = (key: string) => supabase.from('comments').select('id').eq('user_key', key).order('created_at', { ascending: false }).limit(20);
export const devices = (userId: string) => supabase.from('push_subscriptions').select('endpoint').eq('user_id', userId).limit(20);
