export const live = supabase.channel('votes').on('postgres_changes', { event: '*', schema: 'public', table: 'votes' }, update).subscribe(); // expect
